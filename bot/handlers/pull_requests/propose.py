"""Opens one pull request for a change, however many people ask for it and how often."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.core.git.commit import PullRequest
from bot.core.pull_requests.revert import AlreadyOpen, Refused, Unfinished
from bot.core.sanitize import printable
from bot.i18n.catalogue import refusal as texts
from bot.i18n.language import LocalizedText
from bot.ports.forge import Forge, ForgeError
from bot.ports.git import PushRejectedError, Repository, RepositoryError

_MAX_ATTEMPTS = 20
_MAX_COMMITS = 1_000  # of a branch


@dataclass(frozen=True, slots=True)
class BranchMoved:
    """No pull request was opened: the tracked branch has moved to `head`."""

    head: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change for review: `tree` on `parent` as a commit with `message`, in a pull request.

    `branch` names the branch of each attempt, from 1. `is_ours` says whether a branch's tip is this change.
    `parent` is the head of the tracked branch, or, with `accept_older`, any commit on it.
    """

    tree: str
    parent: str
    message: str
    title: str
    body: str
    branch: Callable[[int], str]
    is_ours: Callable[[str], bool]
    accept_older: bool = True


def propose(
    proposal: Proposal, repository: Repository, forge: Forge
) -> PullRequest | AlreadyOpen | BranchMoved | Refused | Unfinished:
    """Push the branch and open its pull request, or find the open one. A branch with other content is left alone.

    BranchMoved if the tracked branch is no longer as the proposal expects it.

    Merging a pull request brings back what was removed from its base, so the tracked branch is fetched and compared
    immediately before the push, and again before the pull request is opened. RepositoryError, ForgeError; but an error
    once the branch is pushed is Unfinished.
    """
    attempt = 1
    for _ in range(_MAX_ATTEMPTS):
        branch = proposal.branch(attempt)
        tip = repository.tip(branch)
        if tip is None:
            pushed = _push(proposal, branch, repository)
            if isinstance(pushed, BranchMoved | Refused):
                return pushed
            if not pushed:
                continue  # a request for the same change was faster
        else:
            pull = forge.find_pull_request(branch)
            is_current = begins_on_tracked_branch(repository, branch, proposal.message)
            if pull is not None and pull.state == "open" and is_current:
                return AlreadyOpen(pull)
            if pull is not None or not is_current or not proposal.is_ours(tip):
                attempt += 1
                continue
        try:
            return _open(proposal, branch, repository, forge)
        except ForgeError as error:
            return Unfinished(branch, error.text, error.retry_at)
        except RepositoryError as error:
            return Unfinished(branch, error.text)
    return Refused(LocalizedText(texts.ALL_TAKEN, branch=proposal.branch(1)))


def _push(proposal: Proposal, branch: str, repository: Repository) -> BranchMoved | Refused | bool:
    """Push the change as a new branch; False if it exists by now. RepositoryError."""
    head, parent = repository.fetch(), proposal.parent
    if head != parent and not (proposal.accept_older and repository.is_ancestor(parent, head)):
        return BranchMoved(head)
    if repository.tip(branch) is not None:
        return False
    try:
        repository.push_commit(branch=branch, tree=proposal.tree, parent=parent, message=printable(proposal.message))
    except PushRejectedError as error:
        repository.fetch()
        return Refused(error.text) if repository.tip(branch) is None else False
    return True


def _open(proposal: Proposal, branch: str, repository: Repository, forge: Forge) -> PullRequest | BranchMoved:
    """Open the pull request of a branch that was just pushed or found. RepositoryError, ForgeError."""
    head = repository.fetch()
    if not begins_on_tracked_branch(repository, branch, proposal.message):
        return BranchMoved(head)
    return forge.create_pull_request(
        head=branch, base=repository.branch, title=printable(proposal.title), body=printable(proposal.body)
    )


def begins_on_tracked_branch(repository: Repository, branch: str, message: str) -> bool:
    """Whether the first commit of `branch` that is not tracked is the bot's own, with the subject of `message`.

    Other people may have pushed to the branch since. RepositoryError.
    """
    tip = repository.tip(branch)
    commits = repository.first_parent(repository.head(), tip, limit=_MAX_COMMITS) if tip else []
    # What was removed from the tracked branch would come before the bot's commit.
    return not commits or commits[-1].subject == printable(message).partition("\n")[0]

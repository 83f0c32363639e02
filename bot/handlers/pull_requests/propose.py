"""Opens one pull request for a change, no matter how many people request it or how often."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.core.access.permission import Decision
from bot.core.git.commit import PullRequest
from bot.core.pull_requests.forge_syntax import without_forge_syntax, without_skip
from bot.core.pull_requests.revert import AlreadyOpen, Refused, Unfinished
from bot.core.sanitize import printable
from bot.i18n.catalogue import refusal as texts
from bot.i18n.language import LocalizedText
from bot.ports.forge import Forge, ForgeError
from bot.ports.git import PushRejectedError, Repository, RepositoryError

# Decides whether the requester may change these applications (names); None is for files outside of them.
Permit = Callable[[Sequence[str | None]], Decision]
# Whether the difference between two commits, the base and the tip, is exactly the change to propose.
IsChange = Callable[[str, str], bool]

BRANCH_FOLDER = "gitops-bot"  # git can't have a branch with this name and branches in the folder
_MAX_ATTEMPTS = 20
_MAX_COMMITS = 1_000  # of a branch


@dataclass(frozen=True, slots=True)
class BranchMoved:
    """No pull request was opened: the tracked branch has moved to `head`."""

    head: str


@dataclass(frozen=True, slots=True)
class BranchChange:
    """What a branch changes: the difference between the commits `base`, on the tracked branch, and `tip`."""

    base: str
    tip: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change to propose: a pull request with a commit of `tree` on `parent`, with `message`.

    `branch` names the branch of each attempt, from 1. `parent` is the head of the tracked branch, or, with
    `accept_older`, any commit on it.
    """

    tree: str
    parent: str
    message: str
    title: str
    body: str
    branch: Callable[[int], str]
    is_change: IsChange
    accept_older: bool = True


def propose(
    proposal: Proposal, repository: Repository, forge: Forge
) -> PullRequest | AlreadyOpen | BranchMoved | Refused | Unfinished:
    """Push the branch and open its pull request, or find the open one. A branch with other content isn't reused.

    Returns BranchMoved if the tracked branch is no longer where the proposal expects it.

    Merging a pull request brings back commits that were removed from its base, so the push fails if the tracked branch
    moved, and the branch is checked again before the pull request is opened. Raises RepositoryError, ForgeError; after
    the push, errors give Unfinished.
    """
    attempt = 1
    for _ in range(_MAX_ATTEMPTS):
        attempt = _first_possible(proposal, repository, attempt)
        branch, head = proposal.branch(attempt), repository.head()
        tip = repository.tip(branch)
        if tip is None:
            pushed = _push(proposal, branch, head, repository)
            if isinstance(pushed, BranchMoved | Refused):
                return pushed
            if pushed is None:
                continue
            tip = pushed
        else:
            pull = forge.find_pull_request(branch)
            if pull and proposed_change(pull, repository, proposal.message, proposal.is_change):
                return AlreadyOpen(pull)
            if pull or not _change_of(repository, tip, proposal.message, proposal.is_change):
                attempt += 1
                continue
        try:
            latest = repository.fetch_if_moved()
            if latest != head and not _begins_on_tracked_branch(repository, tip, proposal.message):
                return BranchMoved(latest)
            title, body = without_forge_syntax(printable(proposal.title)), without_skip(printable(proposal.body))
            return forge.create_pull_request(head=branch, base=repository.branch, title=title, body=body)
        except ForgeError as error:
            return Unfinished(branch, error.text, error.retry_at)
        except RepositoryError as error:
            return Unfinished(branch, error.text)
    return Refused(LocalizedText(texts.ALL_TAKEN, branch=proposal.branch(1)))


def _first_possible(proposal: Proposal, repository: Repository, attempt: int) -> int:
    """The first attempt, from this one, whose branch isn't a folder of other branches."""
    while attempt <= _MAX_ATTEMPTS and repository.has_branches_under(proposal.branch(attempt)):
        attempt += 1
    return attempt


def _push(proposal: Proposal, branch: str, head: str, repository: Repository) -> str | BranchMoved | Refused | None:
    """Push the change as a new branch, and return its sha; None to try again. Raises RepositoryError."""
    parent, message = proposal.parent, _as_pushed(proposal.message)
    if repository.has_branch(BRANCH_FOLDER):
        return Refused(LocalizedText(texts.FOLDER_TAKEN, folder=BRANCH_FOLDER, branch=branch))
    if head != parent and not (proposal.accept_older and repository.is_ancestor(parent, head)):
        return BranchMoved(head)
    try:
        return repository.push_commit(branch=branch, tree=proposal.tree, parent=parent, message=message, head=head)
    except PushRejectedError as error:
        # Another request for the same change was faster, or the tracked branch moved; otherwise the remote refuses it.
        is_moved = repository.fetch() != head
        return None if is_moved or repository.has_branch(branch) else Refused(error.text)


def proposed_change(
    pull: PullRequest, repository: Repository, message: str, is_change: IsChange
) -> BranchChange | None:
    """The change of an open pull request to the tracked branch, if it is only this one. Raises RepositoryError.

    Anyone may push to its branch or change its target, so these count, not its name.
    """
    tip = _open_tip(pull, repository)
    return None if tip is None else _change_of(repository, tip, message, is_change)


def is_edited_proposal(pull: PullRequest, repository: Repository, message: str) -> bool:
    """Whether an open pull request begins with the bot's commit, whatever was added to it. Raises RepositoryError."""
    tip = _open_tip(pull, repository)
    return tip is not None and _begins_on_tracked_branch(repository, tip, message)


def _open_tip(pull: PullRequest, repository: Repository) -> str | None:
    """The tip of an open pull request into the tracked branch."""
    return repository.tip(pull.head) if pull.state == "open" and pull.base == repository.branch else None


def _change_of(repository: Repository, tip: str, message: str, is_change: IsChange) -> BranchChange | None:
    """The change of the branch at `tip`, if it is only the bot's change with this commit message.

    It may be based on an older commit of the tracked branch, or that branch may have been merged into it.
    """
    if not _begins_on_tracked_branch(repository, tip, message):
        return None
    base = repository.merge_base(repository.head(), tip)
    return BranchChange(base, tip) if base is not None and is_change(base, tip) else None


def _begins_on_tracked_branch(repository: Repository, tip: str, message: str) -> bool:
    """Whether the first untracked commit at `tip` has the subject of the bot's `message`. Raises RepositoryError."""
    commits = repository.first_parent(repository.head(), tip, limit=_MAX_COMMITS)
    # Commits that were removed from the tracked branch would come before the bot's.
    return not commits or commits[-1].message.partition("\n")[0] == _as_pushed(message).partition("\n")[0]


def _as_pushed(message: str) -> str:
    title, separator, paragraphs = printable(message).partition("\n")
    return without_forge_syntax(title) + separator + without_skip(paragraphs)

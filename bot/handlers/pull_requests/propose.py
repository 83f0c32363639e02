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


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change for review: `tree` on `parent` as a commit with `message`, in a pull request.

    `branch` names the branch of each attempt, from 1. `is_ours` says whether a branch's tip is this change.
    """

    tree: str
    parent: str
    message: str
    title: str
    body: str
    branch: Callable[[int], str]
    is_ours: Callable[[str], bool]


def propose(
    proposal: Proposal, repository: Repository, forge: Forge
) -> PullRequest | AlreadyOpen | Refused | Unfinished:
    """Push the branch and open its pull request, or find the open one. A branch with other content is left alone.

    RepositoryError, ForgeError; but an error once the branch is pushed is Unfinished.
    """
    attempt = 1
    for _ in range(_MAX_ATTEMPTS):
        branch = proposal.branch(attempt)
        tip = repository.tip(branch)
        if tip is None:
            parent = proposal.parent
            try:
                repository.push_commit(
                    branch=branch, tree=proposal.tree, parent=parent, message=printable(proposal.message)
                )
            except PushRejectedError as error:
                repository.fetch()
                if repository.tip(branch) is None:
                    return Refused(error.text)
                continue  # a request for the same change was faster
        else:
            pull = forge.find_pull_request(branch)
            if pull is not None and pull.state == "open":
                return AlreadyOpen(pull)
            (parent, *_) = repository.commit(tip).parents or ("",)
            if pull is not None or not proposal.is_ours(tip) or not repository.is_ancestor(parent, repository.head()):
                attempt += 1
                continue
        try:
            # Merging it would bring back what was removed from a branch that was rewritten meanwhile.
            if not repository.is_ancestor(parent, repository.fetch()):
                return Refused(LocalizedText(texts.REWRITTEN, branch=repository.branch))
            return forge.create_pull_request(
                head=branch, base=repository.branch, title=printable(proposal.title), body=printable(proposal.body)
            )
        except ForgeError as error:
            return Unfinished(branch, error.text, error.retry_at)
        except RepositoryError as error:
            return Unfinished(branch, error.text)
    return Refused(LocalizedText(texts.ALL_TAKEN, branch=proposal.branch(1)))

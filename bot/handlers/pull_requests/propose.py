"""Brings a tree to the forge as one pull request, however often and by however many it is asked for."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.core.git.commit import PullRequest
from bot.core.pull_requests.revert import AlreadyOpen, Refused, Unfinished
from bot.i18n.catalogue import refusal as texts
from bot.i18n.language import LocalizedText
from bot.ports.forge import Forge, ForgeError
from bot.ports.git import PushRejectedError, Repository

_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change to be looked at: `tree` on `parent`, as a commit with `message`, in a pull request.

    `branch` names the branch of each attempt, from 1; `is_ours` says whether a branch's tip holds this very change.
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
    """Push the branch and open the pull request, or find the one that is open; a branch that is taken is left alone."""
    attempt = 1
    for _ in range(_ATTEMPTS):
        branch = proposal.branch(attempt)
        tip = repository.tip(branch)
        if tip is None:
            try:
                repository.push_commit(
                    branch=branch, tree=proposal.tree, parent=proposal.parent, message=proposal.message
                )
            except PushRejectedError as error:
                repository.fetch()
                if repository.tip(branch) is None:
                    return Refused(str(error))
                continue  # somebody asked for the same at the same time and was faster
        else:
            pull = forge.find_pull_request(branch)
            if pull is not None and pull.state == "open":
                return AlreadyOpen(pull)
            if pull is not None or not proposal.is_ours(tip):
                attempt += 1
                continue
        try:
            return forge.create_pull_request(
                head=branch, base=repository.branch, title=proposal.title, body=proposal.body
            )
        except ForgeError as error:
            return Unfinished(branch, str(error), error.retry_at)
    return Refused(LocalizedText(texts.ALL_TAKEN, branch=proposal.branch(1)))

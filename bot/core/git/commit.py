"""Commits and pull requests, as git and the forge tell them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit. `sha` and `parents` are full 40-hex names, first parent first; `message` is whole."""

    sha: str
    parents: tuple[str, ...]
    message: str
    author: str
    email: str
    committed_at: datetime

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]

    @property
    def short_sha(self) -> str:
        """The sha as people read it: eight digits."""
        return self.sha[:8]


@dataclass(frozen=True, slots=True)
class PullRequest:
    """One pull request (GitLab: merge request) on the forge.

    `head` is the source branch's name, `head_sha` its tip; `merge_sha`, once merged, the commit that brought it to
    `base`.
    """

    number: int
    title: str
    url: str
    author: str
    state: str  # "open", "merged" or "closed"
    base: str
    head: str
    head_sha: str
    merge_sha: str | None = None
    merged_at: datetime | None = None
    merged_by: str | None = None


def change_title(commit: Commit, pull: PullRequest | None) -> str:
    """What a commit is about: a merge's pull request says it in people's words, git only that it is a merge."""
    return pull.title if pull and len(commit.parents) > 1 else commit.subject


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody's approving review of one exact head."""

    by: str
    sha: str
    at: datetime | None = None


def approvers(pull: PullRequest, approvals: Iterable[Approval]) -> tuple[str, ...]:
    """Who approved what was merged: the final head, and not its own author. An approval of an earlier head is none."""
    final = (approval.by for approval in approvals if approval.sha == pull.head_sha and approval.by != pull.author)
    return tuple(dict.fromkeys(final))

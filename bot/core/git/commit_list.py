"""The first commits of a list, to show in a message."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from bot.core.git.commit import Commit

MAX_LISTED: Final = 5


@dataclass(frozen=True, slots=True)
class ListedCommit:
    """A commit by its full SHA. The author is from the commit itself, so it proves nothing."""

    sha: str
    subject: str
    author: str


@dataclass(frozen=True, slots=True)
class CommitList:
    """The first `commits` of a list; `more` counts the rest."""

    commits: tuple[ListedCommit, ...] = ()
    more: int = 0

    @classmethod
    def of(cls, commits: Sequence[Commit]) -> Self:
        """The list of these commits."""
        listed = (ListedCommit(commit.sha, commit.subject, commit.author) for commit in commits[:MAX_LISTED])
        return cls(tuple(listed), max(0, len(commits) - MAX_LISTED))

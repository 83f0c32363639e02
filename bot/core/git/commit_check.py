"""Checks of a commit, as CI systems and analysers report them to the forge."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.i18n.language import Text

MAX_CHECKS: Final = 100  # read per commit
_MAX_KEPT: Final = 20  # stored per commit


class CheckState(StrEnum):
    """What people need to look at comes first. NEUTRAL: skipped, cancelled, or allowed to fail."""

    FAILURE = "failure"
    PENDING = "pending"
    SUCCESS = "success"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class CommitCheck:
    """One check: its name, with the system that runs it if the forge tells, and its page, if it has one."""

    name: str
    state: CheckState
    url: str | None = None


@dataclass(frozen=True, slots=True)
class CommitChecks:
    """The checks of one commit: the first of `total`, those that failed first. `error` is why they are not current."""

    checks: tuple[CommitCheck, ...] = ()
    total: int = 0
    error: Text | None = None

    @classmethod
    def of(cls, checks: Iterable[CommitCheck]) -> "CommitChecks":
        """The checks in order of state and name."""
        states = list(CheckState)
        ordered = sorted(checks, key=lambda check: (states.index(check.state), check.name))
        return cls(tuple(ordered[:_MAX_KEPT]), len(ordered))

    @property
    def is_settled(self) -> bool:
        """Whether there are checks, and all have finished."""
        return bool(self.checks) and all(check.state is not CheckState.PENDING for check in self.checks)

    @property
    def failed(self) -> tuple[CommitCheck, ...]:
        """Those that failed."""
        return tuple(check for check in self.checks if check.state is CheckState.FAILURE)

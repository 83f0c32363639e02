"""Checks of a commit, as CI systems and analysers report them to the forge."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.i18n.language import Text

MAX_CHECKS: Final = 100  # read per commit
_MAX_KEPT: Final = 20  # stored per commit


class CheckState(StrEnum):
    """The most urgent state comes first. NEUTRAL: skipped, cancelled, or allowed to fail."""

    FAILURE = "failure"
    PENDING = "pending"
    SUCCESS = "success"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class CommitCheck:
    """One check: its name, with the CI system if the forge reports it, and its page, if any."""

    name: str
    state: CheckState
    url: str | None = None


@dataclass(frozen=True, slots=True)
class CommitChecks:
    """The first of the `total` checks of one commit, failed ones first. `error` is why they are not current."""

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
        """The failed checks."""
        return tuple(check for check in self.checks if check.state is CheckState.FAILURE)

"""Checks of a commit, as CI systems and analysers report them to the forge."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.i18n.catalogue import commit_checks as texts
from bot.i18n.language import LocalizedText, Text

MAX_CHECKS: Final = 300  # read per commit
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
    """The first of the `total` checks of one commit, failed ones first.

    `error` is why they are not current, or not all of them.
    """

    checks: tuple[CommitCheck, ...] = ()
    total: int = 0
    error: Text | None = None

    @classmethod
    def of(cls, checks: Iterable[CommitCheck]) -> "CommitChecks":
        """The checks in order of state and name. If there are more than MAX_CHECKS, some may be missing."""
        states = list(CheckState)
        ordered = sorted(checks, key=lambda check: (states.index(check.state), check.name))
        error = LocalizedText(texts.TOO_MANY, most=str(MAX_CHECKS)) if len(ordered) > MAX_CHECKS else None
        return cls(tuple(ordered[:_MAX_KEPT]), len(ordered), error)

    @property
    def is_settled(self) -> bool:
        """Whether there are checks, and all are known and have finished."""
        states = {check.state for check in self.checks}
        return bool(states) and CheckState.PENDING not in states and self.error is None

    @property
    def failed(self) -> tuple[CommitCheck, ...]:
        """The failed checks."""
        return tuple(check for check in self.checks if check.state is CheckState.FAILURE)

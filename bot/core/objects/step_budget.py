"""Bounds the time that comparisons take and the memory that their results take, for any objects.

Work in proportion to an object's size is free. More work, such as many ignore rules for an object with many
differences, uses steps that the comparisons of a tenant's objects share.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from bot.i18n.catalogue import check as texts
from bot.i18n.language import LocalizedError, LocalizedText

# A step takes about a microsecond. Nearly all comparisons take a few hundred.
FREE_STEPS: Final = 10_000  # of one comparison
FREE_STEPS_PER_BYTE: Final = 0.25  # in addition, for each byte of the live object
MAX_STEPS: Final = 2_000_000  # of one comparison beyond the free ones
MAX_SHARED_STEPS: Final = 20_000_000  # of a tenant's comparisons in one check beyond the free ones
MAX_KEPT: Final = 128_000_000  # characters that the differences of a check take
MAX_KEPT_VALUES: Final = MAX_KEPT // 2  # above this, values are hidden, so that paths still fit
_PER_DIFFERENCE: Final = 300  # characters, besides its path and its values
_BORROWED: Final = 1_000  # steps at once


class TooManyStepsError(LocalizedError):
    """A comparison takes too much time, or the differences of a check too much memory."""


@dataclass(slots=True)
class SharedStepBudget:
    """The remaining steps and characters of comparisons of one check, which may run in several threads."""

    steps: int = MAX_SHARED_STEPS
    kept: int = 0  # characters


class StepBudget:
    """The remaining steps of one comparison. `size` returns the live object's bytes, and is called only if needed.

    With `shared_kept`, characters count there, and only steps in `shared`.
    """

    __slots__ = ("_borrowed", "_left", "_optional", "_shared", "_shared_kept", "_size", "is_alone", "kept")

    def __init__(
        self,
        size: Callable[[], int] = int,
        shared: SharedStepBudget | None = None,
        shared_kept: SharedStepBudget | None = None,
    ) -> None:
        self._size: Callable[[], int] | None = size
        self._shared = shared or SharedStepBudget()
        self._shared_kept = shared_kept or self._shared
        self._left = FREE_STEPS
        self._borrowed = 0
        self._optional = 0
        self.kept = 0  # characters
        self.is_alone = True  # whether other comparisons have left enough, so that the same one has the same result

    def take(self, count: int = 1) -> None:
        """Use some steps. Raises TooManyStepsError."""
        self._left -= count
        if self._left < 0:
            self._borrow()

    def may_take(self, count: int) -> bool:
        """Whether there are steps for what can be left out; if so, use them.

        It leaves half of the free steps, and of those that all comparisons share, for the rest.
        """
        if self._left - count >= FREE_STEPS // 2:
            self._left -= count
            return True
        if self._optional + count > MAX_STEPS:
            return False
        if self._shared.steps - count < MAX_SHARED_STEPS // 2:
            self.is_alone = False
            return False
        self._optional += count
        self._shared.steps -= count
        return True

    def renew(self) -> None:
        """Allow as many steps again, to apply ignore rules to an incomplete comparison."""
        self._left = max(self._left, FREE_STEPS)
        self._borrowed = 0

    def keep_difference(self, path: str) -> None:
        """Count the characters of a difference at a path, without its values. Raises TooManyStepsError."""
        self._keep(_PER_DIFFERENCE + len(path))
        if self._shared_kept.kept > MAX_KEPT:
            self.is_alone = False
            raise _too_many()

    def may_keep(self, value: Any) -> bool:
        """Whether there is room for a value; if so, count it."""
        size = characters(value)
        if self._shared_kept.kept + size > MAX_KEPT_VALUES:
            self.is_alone = False
            return False
        self._keep(size)
        return True

    def _keep(self, characters: int) -> None:
        self.kept += characters
        self._shared_kept.kept += characters

    def _borrow(self) -> None:
        if self._size is not None:
            self._left += int(self._size() * FREE_STEPS_PER_BYTE)
            self._size = None
        if self._left < 0:
            borrowed = _BORROWED - self._left
            self._left = _BORROWED
            self._borrowed += borrowed
            self._shared.steps -= borrowed
            self.is_alone = self.is_alone and self._shared.steps >= 0
            if self._borrowed > MAX_STEPS or self._shared.steps < 0:
                raise _too_many()


def json_size(value: Any) -> int:
    """The size of a value as JSON, in bytes; 0 if it can't be encoded."""
    try:
        return len(orjson.dumps(value))
    except orjson.JSONEncodeError:  # such as more than 254 levels
        return 0


def characters(value: Any) -> int:
    """The approximate size of a value, in characters."""
    size = 0
    values = [value]
    while values:
        value = values.pop()
        if isinstance(value, str):
            size += len(value)
        elif isinstance(value, dict):
            size += sum(map(len, value))
            values += value.values()
        elif isinstance(value, list):
            values += value
        size += 10
    return size


def _too_many() -> TooManyStepsError:
    return TooManyStepsError(LocalizedText(texts.TOO_MANY_STEPS))

"""Delays changed objects until they have settled and can be compared."""

import math
from collections.abc import Collection, Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

Item = TypeVar("Item", bound=Hashable)

# An object that keeps changing is compared each time this many settle times have passed.
_LONGEST: Final = 3
_FIRST_RETRY: Final = 5.0  # seconds; doubled each time
_LONGEST_RETRY: Final = 30.0


@dataclass(slots=True)
class _Change:
    """When an item first changed, when it is due, and whether it will have settled by then."""

    since: float
    due: float
    is_settled: bool


class Debouncer(Generic[Item]):
    """Items that changed. An item is due once it has not changed for `settle` seconds. Times are in seconds."""

    def __init__(self, settle: float) -> None:
        self._settle = settle
        self._changes: dict[Item, _Change] = {}
        self._attempts: dict[Item, int] = {}

    def __len__(self) -> int:
        """How many items are waiting."""
        return len(self._changes)

    def add(self, item: Item, now: float) -> None:
        """An item changed."""
        change = self._changes.get(item)
        since = change.since if change else now
        settled_at, latest = now + self._settle, max(now, since + _LONGEST * self._settle)
        self._changes[item] = _Change(since, min(settled_at, latest), is_settled=settled_at <= latest)

    def next_due(self) -> float:
        """When the next item is due; infinite if none is waiting."""
        return min((change.due for change in self._changes.values()), default=math.inf)

    def take_due(self, now: float) -> dict[Item, bool]:
        """Remove and return the items that are due, with whether each has settled: if not, it may soon change again."""
        due = {item: change.is_settled for item, change in self._changes.items() if change.due <= now}
        for item in due:
            del self._changes[item]
        return due

    def finish(self, taken: Collection[Item], again: Collection[Item], now: float) -> None:
        """Items that were taken have been compared; those in `again` become due again later."""
        for item in taken:
            if item not in again:
                self._attempts.pop(item, None)
                continue
            attempts = self._attempts[item] = self._attempts.get(item, 0) + 1
            due = now + min(_LONGEST_RETRY, _FIRST_RETRY * 2 ** min(attempts - 1, 10))
            self._changes.setdefault(item, _Change(now, due, is_settled=True))

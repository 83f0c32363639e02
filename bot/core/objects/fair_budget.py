"""Shares the memory for what the bot keeps between namespaces."""

from collections import defaultdict
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from typing import Generic, TypeVar

Key = TypeVar("Key")


@dataclass(slots=True)
class FairBudget(Generic[Key]):
    """What is kept, and how much of `most` it uses. Above that, the namespace that uses most loses its largest."""

    most: int
    used: int = 0
    _kept: dict[Key, tuple[str, int, int]] = field(default_factory=dict)  # namespace, size, and number
    _numbers: "count[int]" = field(default_factory=count)
    _used_in: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    # Heaps, whose entries are outdated if they differ from what is above.
    _largest: defaultdict[str, list[tuple[int, int, Key]]] = field(default_factory=lambda: defaultdict(list))
    _heaviest: list[tuple[int, str]] = field(default_factory=list)

    def keep(self, key: Key, namespace: str, size: int) -> list[Key]:
        """Keep something, in place of what has the same key. Returns what is dropped for it, maybe itself."""
        self.discard(key)
        number = next(self._numbers)
        self._kept[key] = namespace, size, number
        heappush(self._largest[namespace], (-size, -number, key))  # of the same size, the last first
        self._use(namespace, size)
        dropped = []
        while self.used > self.most:
            dropped.append(largest := self._next())
            self.discard(largest)
        return dropped

    def discard(self, key: Key) -> None:
        """Keep it no longer."""
        if kept := self._kept.pop(key, None):
            namespace, size, _ = kept
            self._use(namespace, -size)

    def _use(self, namespace: str, size: int) -> None:
        self.used += size
        self._used_in[namespace] += size
        heappush(self._heaviest, (-self._used_in[namespace], namespace))

    def _next(self) -> Key:
        """What is dropped next."""
        while -self._heaviest[0][0] != self._used_in[self._heaviest[0][1]]:
            heappop(self._heaviest)
        largest = self._largest[self._heaviest[0][1]]
        while True:
            size, number, key = largest[0]
            if self._kept.get(key) == (self._heaviest[0][1], -size, -number):
                return key
            heappop(largest)

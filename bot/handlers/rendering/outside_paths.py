"""Remembers which other paths the paths of sources depend on."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from operator import itemgetter
from typing import Final

from cachetools import LRUCache

MAX_BYTES: Final = 64 * 2**20  # of all sources
_PATH_SIZE: Final = 200  # bytes that a path takes besides its characters
_SOURCE_SIZE: Final = 3_000  # bytes that a source takes besides its paths

_SourceKey = tuple[str, str]  # repository, digest of the source
_PathKey = tuple[str, str | None]  # path, id of the tree or blob
_OutsideOf = LRUCache[_PathKey, Sequence[str]]


class OutsidePaths:
    """By source, since sources may read the same path differently. Those of the latest `most_paths` are kept."""

    def __init__(self, most_paths: int) -> None:
        self._most_paths = most_paths
        self._by_source: LRUCache[_SourceKey, tuple[_OutsideOf, int]] = LRUCache(MAX_BYTES, getsizeof=itemgetter(1))

    def of(self, source: _SourceKey) -> Mapping[_PathKey, Sequence[str]]:
        """The other paths that each path of a source depends on."""
        known = self._by_source.get(source)
        return known[0] if known else {}

    def add(self, source: _SourceKey, outside: Mapping[_PathKey, Sequence[str]]) -> None:
        """Add what some of the paths depend on."""
        known, _ = self._by_source.pop(source, (_OutsideOf(self._most_paths), 0))
        known.update(outside)
        with suppress(ValueError):  # larger than all sources may be
            self._by_source[source] = (
                known,
                size_of(path for (own, _), others in known.items() for path in (own, *others)),
            )


def size_of(paths: Iterable[str]) -> int:
    """An estimate of the bytes that what is remembered of a source takes."""
    return _SOURCE_SIZE + sum(_PATH_SIZE + len(path) for path in paths)

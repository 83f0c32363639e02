"""Remembers why the files of sources couldn't be gathered, which can take seconds and is tried at each check."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from operator import itemgetter
from typing import Final, TypeVar

from cachetools import LRUCache

from bot.core.objects.documents import ManifestError
from bot.core.rendering.limits import MAX_FILES
from bot.core.rendering.source import Source
from bot.handlers.rendering.bases import BasesOfCommit
from bot.handlers.rendering.outside_paths import size_of
from bot.handlers.rendering.tree import RecordedTree, ids_of
from bot.ports.git import Repository
from bot.ports.rendering import RenderError, RenderPostponedError

MAX_BYTES: Final = 64 * 2**20  # of the paths of all sources
_MAX_FAILURES: Final = 4  # of one source, as of outcomes
_FORGOTTEN_AFTER: Final = 600.0  # seconds, since charts may have changed

_Error = TypeVar("_Error", bound=ManifestError | RenderError | RenderPostponedError)
_Failure = tuple[dict[str, str | None], ManifestError | RenderError, float]  # ids by path, why, when


class GatherFailures:
    """Failures, each for as long as nothing changes that was read before it. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # With the size of each. The key has the digest of a source.
        self._failures: LRUCache[tuple[str, str], tuple[list[_Failure], int]]
        self._failures = LRUCache(MAX_BYTES, getsizeof=itemgetter(1))

    @contextmanager
    def remembered(
        self, repository: Repository, revision: str, source: Source, tree: RecordedTree, bases: BasesOfCommit | None
    ) -> Iterator[None]:
        """Gather in the block, from `tree` and `bases`. Raises the error of an earlier time if it would occur again."""
        key = repository.name, source.digest
        with self._lock:
            known, _ = self._failures.get(key, ([], 0))
            failures = [failure for failure in known if time.monotonic() - failure[2] < _FORGOTTEN_AFTER]
        for ids, error, _ in failures:
            if ids_of(repository, revision, list(ids)) == ids:
                raise without_traceback(error)
        try:
            yield
        except (ManifestError, RenderError) as error:
            paths = [*dict.fromkeys((source.path, *tree.paths))]
            # What bases and a fetched chart contain isn't among the paths.
            if len(paths) <= MAX_FILES and not source.chart and not (bases and bases.has_mounted):
                failure = ids_of(repository, revision, paths), without_traceback(error), time.monotonic()
                failures = [failure, *failures][:_MAX_FAILURES]
                with self._lock, suppress(ValueError):  # larger than all sources may be
                    self._failures[key] = failures, size_of(path for ids, *_ in failures for path in ids)
            raise


def without_traceback(error: _Error) -> _Error:
    """A new error: a traceback would keep the files in memory."""
    if isinstance(error, ManifestError):
        return type(error)(error.file, error.line, error.problem)
    return type(error)(error.text)

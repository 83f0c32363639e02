"""Remembers why the files of sources couldn't be gathered, which can take seconds and is tried at each check."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from cachetools import LRUCache

from bot.core.objects.manifest import ManifestError
from bot.core.rendering.limits import MAX_FILES
from bot.core.rendering.source import Source
from bot.handlers.rendering.bases import BasesOfCommit
from bot.handlers.rendering.tree import RecordedTree, ids_of
from bot.ports.git import Repository
from bot.ports.rendering import RenderError, RenderPostponedError

_MAX_SOURCES: Final = 20_000
_MAX_FAILURES: Final = 4  # of one source, as of outcomes
_FORGOTTEN_AFTER: Final = 600.0  # seconds, since charts may have changed

_Error = TypeVar("_Error", bound=ManifestError | RenderError | RenderPostponedError)
_Failure = tuple[dict[str, str | None], ManifestError | RenderError, float]  # ids by path, why, when


class GatherFailures:
    """Failures, each for as long as nothing changes that was read before it. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: LRUCache[tuple[str, Source], list[_Failure]] = LRUCache(_MAX_SOURCES)

    @contextmanager
    def remembered(
        self, repository: Repository, revision: str, source: Source, tree: RecordedTree, bases: BasesOfCommit | None
    ) -> Iterator[None]:
        """Gather in the block, from `tree` and `bases`. Raises the error of an earlier time if it would occur again."""
        key = repository.name, source
        with self._lock:
            failures = [
                known for known in self._failures.get(key, ()) if time.monotonic() - known[2] < _FORGOTTEN_AFTER
            ]
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
                with self._lock:
                    self._failures[key] = [failure, *failures][:_MAX_FAILURES]
            raise


def without_traceback(error: _Error) -> _Error:
    """A new error: a traceback would keep the files in memory."""
    if isinstance(error, ManifestError):
        return type(error)(error.file, error.line, error.problem)
    return type(error)(error.text)

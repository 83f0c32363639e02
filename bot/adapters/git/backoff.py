"""When something is fetched again after a failure. All `Mirror`s at one path share it, since some live briefly."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cachetools import LRUCache

from bot.adapters.git import bounds
from bot.adapters.git.errors import MirrorTooLargeError, SlowFetchError
from bot.i18n.language import Text
from bot.ports.git import LimitExceededError, RepositoryError

_MAX_BACKOFFS: Final = 10_000


@dataclass(slots=True)
class Backoff:
    """Times are on the monotonic clock. `failure` is why the last fetch failed, None if it would not fail again."""

    next_rebuild: float = 0.0
    next_fetch: float = 0.0
    failure: Text | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether the last fetch failed recently."""
        return self.failure is not None and time.monotonic() < self.next_fetch

    def failed(self, error: RepositoryError) -> None:
        """Remember that a fetch failed."""
        self.failure = error.text
        self.next_fetch = time.monotonic() + bounds.TOO_LARGE_SECONDS

    @contextmanager
    def remembered(self) -> Iterator[None]:
        """Do the fetch inside, unless the last one took too much disk, time or memory recently; remember if this does.

        Raises RepositoryError.
        """
        if self.failure and self.is_waiting:
            raise RepositoryError(self.failure)
        try:
            yield
        except (MirrorTooLargeError, SlowFetchError, LimitExceededError) as error:
            self.failed(error)
            raise


_backoffs: LRUCache[tuple[Path, str, str], Backoff] = LRUCache(_MAX_BACKOFFS)
_lock: Final = threading.Lock()


def backoff_of(mirror: Path, url: str, part: str = "") -> Backoff:
    """That of all branches and tags in a mirror, or of a part of them, such as a commit by its sha."""
    with _lock:
        return _backoffs.setdefault((mirror, url, part), Backoff())

"""When a repository is fetched again after a failure. All `Mirror`s at one path share it, since some live briefly."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cachetools import LRUCache

from bot.adapters.git import bounds
from bot.adapters.git.errors import MirrorTooLargeError
from bot.i18n.language import Text
from bot.ports.git import RepositoryError

_MAX_BACKOFFS: Final = 10_000


@dataclass(slots=True)
class Backoff:
    """Times are on the monotonic clock. `too_large` is why the last fetch was stopped, None if it was not."""

    next_rebuild: float = 0.0
    next_fetch: float = 0.0
    too_large: Text | None = None

    def check(self) -> None:
        """Raise RepositoryError if the last fetch was stopped recently."""
        if self.too_large and time.monotonic() < self.next_fetch:
            raise RepositoryError(self.too_large)

    @contextmanager
    def remembered(self) -> Iterator[None]:
        """Do the fetch inside, unless the last one was stopped recently; remember if this one is."""
        self.check()
        try:
            yield
        except MirrorTooLargeError as error:
            self.too_large = error.text
            self.next_fetch = time.monotonic() + bounds.TOO_LARGE_SECONDS
            raise


_backoffs: LRUCache[tuple[Path, str, str], Backoff] = LRUCache(_MAX_BACKOFFS)
_lock: Final = threading.Lock()


def backoff_of(mirror: Path, url: str, commit: str = "") -> Backoff:
    """That of a repository in a mirror, or of one commit that is fetched by itself."""
    with _lock:
        return _backoffs.setdefault((mirror, url, commit), Backoff())

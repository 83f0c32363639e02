"""Bounds the memory for files of the sources that are rendered at the same time, in the whole process.

Each source may have 256 MiB of files, and far more sources are rendered at once than fit in memory. Those with few
files never wait. Of the others, the one that began first never waits, so each gets its turn, however large it is. All
others share MAX_SHARED_BYTES with each other.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

MAX_SHARED_BYTES: Final = 64 * 2**20
SMALL_BYTES: Final = 2**20  # of sources that never wait

_changed: Final = threading.Condition()
_held: Final[dict[object, int]] = {}  # bytes by source that is being rendered; those that began first come first
_CURRENT: Final[ContextVar[object]] = ContextVar("_CURRENT", default=None)


@contextmanager
def files_held() -> Iterator[None]:
    """Count the files that are read inside, in this thread, until the block ends. Don't nest."""
    source = object()
    with _changed:
        _held[source] = 0
    reset = _CURRENT.set(source)
    try:
        yield
    finally:
        _CURRENT.reset(reset)
        with _changed:
            del _held[source]
            _changed.notify_all()


def reserve(size: int) -> None:
    """Wait until so many more bytes of files may be in memory. Outside of `files_held`, there is no limit."""
    source = _CURRENT.get()
    with _changed:
        if source not in _held:
            return
        total = _held[source] + size

        def has_room() -> bool:
            first = next(iter(_held))
            others = sum(held for other, held in _held.items() if other not in (source, first) and held > SMALL_BYTES)
            return total <= SMALL_BYTES or source is first or others + total <= MAX_SHARED_BYTES

        _changed.wait_for(has_room)
        _held[source] = total

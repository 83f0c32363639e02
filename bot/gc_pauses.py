"""Pauses the garbage collector while it would find nothing.

It looks for reference cycles whenever enough objects have been created, and visits all of them. A page of a cluster's
list, or an application's manifests, are a hundred thousand new objects without cycles.
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.RLock()


@contextmanager
def gc_paused() -> Iterator[None]:
    """Pause the collector for all threads. Only one thread can do so at a time, which bounds the uncollected memory."""
    with _lock:
        was_enabled = gc.isenabled()
        gc.disable()
        try:
            yield
        finally:
            if was_enabled:
                gc.enable()

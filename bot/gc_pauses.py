"""Pauses the garbage collector where it would find nothing.

It looks for reference cycles whenever enough objects have been created, and visits all of them. A page of a cluster's
list, or the manifests of an application, are a hundred thousand new objects without a cycle among them.
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.RLock()


@contextmanager
def gc_paused() -> Iterator[None]:
    """Pause the collector for all threads. Only one thread at a time can do so, which bounds the uncollected memory."""
    with _lock:
        was_enabled = gc.isenabled()
        gc.disable()
        try:
            yield
        finally:
            if was_enabled:
                gc.enable()

"""The garbage collector held back where it would find nothing.

It looks for cycles whenever enough objects have been made, and looks at each of them. A page of a cluster's list, and
the manifests of an application, are a hundred thousand at once with no cycle among them.
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_turn = threading.RLock()


@contextmanager
def uncollected() -> Iterator[None]:
    """No collection meanwhile, by whichever thread; one thread at a time, so that what is read at once is bounded."""
    with _turn:
        enabled = gc.isenabled()
        gc.disable()
        try:
            yield
        finally:
            if enabled:
                gc.enable()

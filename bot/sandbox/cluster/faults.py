"""Faults for tests: rejected, delayed or truncated responses."""

import threading
from dataclasses import dataclass

from bot.core.globs import matches_glob


@dataclass(slots=True)
class Fault:
    """A fault of the next `times` requests (None: all) whose path matches the glob pattern `path`.

    `status` is the code to answer with, `delay` the seconds to wait first; `cut` closes the connection in the middle of
    the body. `identity` limits it to one client, and `watch` to watches (True) or other requests (False); the first
    `after` requests pass, such as the first page of a list.
    """

    path: str
    status: int = 0
    delay: float = 0.0
    cut: bool = False
    times: int | None = None
    after: int = 0
    identity: str | None = None
    watch: bool | None = None


class Faults:
    """The active faults. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Activate a fault."""
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._faults.clear()

    def take(self, path: str, identity: str, *, is_watch: bool = False) -> Fault | None:
        """The fault of this request, if any; counts it."""
        with self._lock:
            for fault in self._faults:
                if fault.times == 0 or fault.identity not in (None, identity) or fault.watch not in (None, is_watch):
                    continue
                if not matches_glob(fault.path, path):
                    continue
                if fault.after:
                    fault.after -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None

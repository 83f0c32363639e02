"""Trouble on demand: requests that a test wants refused, delayed or cut off."""

import threading
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(slots=True)
class Fault:
    """What happens to requests whose path matches `path` (a shell pattern), as often as `times` says (None: always).

    `status` answers with that code; `delay` waits that many seconds first; `cut` closes the connection in the middle of
    the body. `identity` limits it to one client; the first `after` requests pass, such as the first page of a list.
    """

    path: str
    status: int = 0
    delay: float = 0.0
    cut: bool = False
    times: int | None = None
    after: int = 0
    identity: str | None = None


class Faults:
    """The faults in force. May be changed from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Put a fault in force."""
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """All is well again."""
        with self._lock:
            self._faults.clear()

    def strike(self, path: str, identity: str) -> Fault | None:
        """The fault that hits this request, counted."""
        with self._lock:
            for fault in self._faults:
                if fault.times == 0 or fault.identity not in (None, identity) or not fnmatchcase(path, fault.path):
                    continue
                if fault.after:
                    fault.after -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None

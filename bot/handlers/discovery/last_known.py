"""Values that discovery needs from slow servers: read in the background, and kept while they can't be read again."""

import logging
import threading
from collections.abc import Callable, Iterable
from typing import Final, Generic, TypeVar

from bot.context_pool import run_for_at_most, run_in_thread
from bot.ports.errors import PortError
from bot.ports.isolation import unexpected_as_port_error

_log = logging.getLogger(__name__)

WAIT_SECONDS: Final = 10.0  # of a poll for one value; then it goes on without the value

Value = TypeVar("Value")


class LastKnown(Generic[Value]):
    """The last value of each name, which `read` returns or raises PortError. `what` it is, for the log. Thread-safe."""

    def __init__(self, what: str, read: Callable[[str], Value]) -> None:
        self._what = what
        self._read = read
        self._lock = threading.Lock()
        self._reading: set[str] = set()
        self._values: dict[str, Value] = {}

    def __getitem__(self, name: str) -> Value | None:
        return self._values.get(name)

    def __setitem__(self, name: str, value: Value) -> None:
        with self._lock:
            self._values[name] = value

    def all(self) -> dict[str, Value]:
        """The values that are known, by name."""
        with self._lock:
            return dict(self._values)

    def first_reads(self) -> set[str]:
        """The names whose value is being read and isn't known yet."""
        with self._lock:
            return self._reading - self._values.keys()

    def refresh(self, names: Iterable[str]) -> None:
        """Read the values again, and wait up to WAIT_SECONDS for each, but not for one that is being read already."""
        with self._lock:
            new = sorted(set(names) - self._reading)
            self._reading.update(new)
        for _ in run_for_at_most(WAIT_SECONDS, new, lambda name: run_in_thread(self._what, self._refresh, name)):
            pass

    def _refresh(self, name: str) -> None:
        try:
            with unexpected_as_port_error(f"{self._what} of {name}"):
                self[name] = self._read(name)
        except PortError as error:
            _log.warning("cannot read the %s of %s: %s", self._what, name, error)
        finally:
            with self._lock:
                self._reading.discard(name)

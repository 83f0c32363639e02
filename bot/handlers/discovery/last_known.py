"""Values that discovery needs from slow servers: read in the background, and kept while they can't be read again."""

import logging
import threading
from collections.abc import Callable, Iterable
from typing import Final, Generic, TypeVar

from bot.context_pool import run_for_at_most, run_in_thread
from bot.i18n.language import Text
from bot.ports.errors import PortError
from bot.ports.isolation import unexpected_as_port_error

_log = logging.getLogger(__name__)

WAIT_SECONDS: Final = 10.0  # of a poll for one value; then it goes on without the value

Value = TypeVar("Value")


class LastKnown(Generic[Value]):
    """The last value of each name, which `read` returns or raises PortError. `what` it is, for the log. Thread-safe.

    Callers wait for `wait_seconds` instead of WAIT_SECONDS if given.
    """

    def __init__(self, what: str, read: Callable[[str], Value], wait_seconds: float | None = None) -> None:
        self._what = what
        self._read = read
        self._wait_seconds = wait_seconds
        self._lock = threading.Lock()
        self._reading: set[str] = set()
        self._values: dict[str, Value] = {}
        self._errors: dict[str, Text] = {}

    def __getitem__(self, name: str) -> Value | None:
        return self._values.get(name)

    def __setitem__(self, name: str, value: Value) -> None:
        with self._lock:
            self._values[name] = value
            self._errors.pop(name, None)

    def error(self, name: str) -> Text | None:
        """Why the last read of the value failed, if it did."""
        return self._errors.get(name)

    def all(self) -> dict[str, Value]:
        """The values that are known, by name."""
        with self._lock:
            return dict(self._values)

    def refresh(self, names: Iterable[str]) -> None:
        """Read the values again, and wait a limited time for each, but not for one that is being read already."""
        with self._lock:
            new = sorted(set(names) - self._reading)
            self._reading.update(new)
        seconds = WAIT_SECONDS if self._wait_seconds is None else self._wait_seconds
        for _ in run_for_at_most(seconds, new, lambda name: run_in_thread(self._what, self._refresh, name)):
            pass

    def read(self, name: str) -> None:
        """Read the value again, without a limit of time."""
        try:
            with unexpected_as_port_error(f"{self._what} of {name}"):
                self[name] = self._read(name)
        except PortError as error:
            _log.warning("cannot read the %s of %s: %s", self._what, name, error)
            with self._lock:
                self._errors[name] = error.text

    def _refresh(self, name: str) -> None:
        try:
            self.read(name)
        finally:
            with self._lock:
                self._reading.discard(name)

"""Renews this replica's leases, and says which ones it has taken."""

import logging
import threading
from collections.abc import Callable, Collection
from typing import Final

from bot.ports.errors import PortError
from bot.ports.isolation import unexpected_as_port_error
from bot.ports.leases import Leases

_log = logging.getLogger(__name__)

RENEW_SECONDS: Final = 2.0


class LeaseKeeper:
    """Shares out the leases with these names from `start` to `stop`. Calls `taken` with the name of each one taken.

    In a thread of its own that measures monotonic time: leases must not expire while jobs wait for a thread, or because
    somebody sets the clock.
    """

    def __init__(self, leases: Leases, names: Collection[str], taken: Callable[[str], None]) -> None:
        self._leases = leases
        self._names = frozenset(names)
        self._taken = taken
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leases", daemon=True)

    def start(self) -> None:
        """Start renewing; the first renewal begins right away."""
        self._thread.start()

    def stop(self) -> None:
        """Renew no more. The leases are released when the store is closed; before that, they may expire."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        failed = False
        while True:
            try:
                with unexpected_as_port_error("renewal of the leases"):
                    for name in sorted(self._leases.renew(self._names)):
                        self._taken(name)
                failed = False
            except PortError as error:
                if not failed:
                    _log.warning("cannot renew the leases: %s", error)
                failed = True
            if self._stopping.wait(RENEW_SECONDS):
                return

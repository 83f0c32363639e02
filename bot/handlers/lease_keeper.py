"""Renews this replica's leases, and says which ones it has taken."""

import logging
import math
import threading
import time
from collections.abc import Callable, Collection
from typing import Final

from bot.core.leases import LEADER
from bot.ports.errors import PortError
from bot.ports.isolation import unexpected_as_port_error
from bot.ports.leases import Leases

_log = logging.getLogger(__name__)

RENEW_SECONDS: Final = 2.0
ASIDE_SECONDS: Final = 20.0  # longer than others take to take the lease
_BETWEEN_SECONDS: Final = 600.0  # so that the lease doesn't go round and round while no replica can lead


class LeaseKeeper:
    """Shares out the leases with these names from `start` to `stop`. Calls `taken` with the name of each one taken.

    A leader that `cannot_lead` releases that lease for a while, so that another replica leads, if there is one.

    In a thread of its own that measures monotonic time: leases must not expire while jobs wait for a thread, or because
    somebody sets the clock.
    """

    def __init__(
        self, leases: Leases, names: Collection[str], taken: Callable[[str], None], cannot_lead: Callable[[], bool]
    ) -> None:
        self._leases = leases
        self._names = frozenset(names)
        self._taken = taken
        self._cannot_lead = cannot_lead
        self._aside_since = -math.inf  # by the monotonic clock
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
                    names = self._names - {LEADER} if self._stands_aside() else self._names
                    for name in sorted(self._leases.renew(names)):
                        self._taken(name)
                failed = False
            except PortError as error:
                if not failed:
                    _log.warning("cannot renew the leases: %s", error)
                failed = True
            if self._stopping.wait(RENEW_SECONDS):
                return

    def _stands_aside(self) -> bool:
        """Whether to leave the leader's lease to others. Raises StoreError."""
        since_aside = time.monotonic() - self._aside_since
        if since_aside < ASIDE_SECONDS:
            return True
        if since_aside < _BETWEEN_SECONDS or not self._leases.get(LEADER):
            return False
        if not self._cannot_lead() or not self._leases.has_others():
            return False
        _log.warning("cannot reach Slack, so another replica may lead")
        self._aside_since = time.monotonic()
        return True

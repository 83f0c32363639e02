"""The gauges: the stored state and this replica's state at the time the metrics are read."""

import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime, timedelta
from importlib.metadata import version
from threading import Lock
from typing import Final

from bot.core.applications.discovery import ApplicationInventory
from bot.core.drift.freshness import current_checks, last_success
from bot.core.drift.model import Status
from bot.core.drift.severity import Severity
from bot.core.incidents.selection import active_incidents
from bot.core.leases import LEADER
from bot.core.rollouts.rollout import RolloutState
from bot.ports.store import Store, StoreError
from bot.ports.telemetry import (
    BUILD_INFO,
    DRIFTED,
    EVENTS_WAITING,
    INCIDENTS,
    IS_LEADER,
    LAST_SUCCESS,
    LEASES,
    QUEUE_LENGTH,
    ROLLOUTS,
    UNKNOWN,
    Sample,
)

_log = logging.getLogger(__name__)

# How long values are reused, so that all gauges of an OTLP export are read at once.
_SECONDS: Final = 2.0


class Gauges:
    """Reads every gauge. Only the leader reports the stored state, so that sums over replicas are right.

    `inventory` returns the current one, `leases` are the names of all leases, and `interval` is that of the checks.
    Thread-safe.
    """

    def __init__(
        self,
        store: Store,
        inventory: Callable[[], ApplicationInventory],
        queue_length: Callable[[], int],
        *,
        leases: Collection[str],
        clock: Callable[[], datetime],
        interval: timedelta,
    ) -> None:
        self._clock = clock
        self._interval = interval
        self._store = store
        self._inventory = inventory
        self._queue_length = queue_length
        self._leases = leases
        self._reading = Lock()
        self._samples: list[Sample] = []
        self._read_at = -math.inf

    def read(self) -> Iterable[Sample]:
        """All gauges, or only this replica's if the database does not respond.

        While another thread is reading them, returns the last values.
        """
        if self._reading.acquire(blocking=False):
            try:
                if time.monotonic() - self._read_at >= _SECONDS:
                    self._samples = self._read()
                    self._read_at = time.monotonic()
            finally:
                self._reading.release()
        return self._samples

    def _read(self) -> list[Sample]:
        is_leader = self._store.leases.get(LEADER) is not None
        samples = [
            Sample(BUILD_INFO, 1, {"version": version("gitops-bot")}),
            Sample(LEASES, len(self._store.leases.held(self._leases))),
            Sample(QUEUE_LENGTH, self._queue_length()),
        ]
        if is_leader:
            try:
                samples += self._of_stored_state()
            except StoreError as error:
                _log.warning("cannot read the gauges: %s", error)
                is_leader = False  # or no alert would tell that the other gauges are missing
        return [*samples, Sample(IS_LEADER, int(is_leader))]

    def _of_stored_state(self) -> Iterator[Sample]:
        inventory = self._inventory()
        current = current_checks(self._store.checks.latest(), self._clock(), self._interval)
        checks = [check for name, check in current.items() if name in inventory.applications]
        for check in checks:
            attributes = {"application": check.application, "cluster": check.cluster}
            is_unknown = check.status is Status.UNKNOWN
            yield Sample(UNKNOWN, int(is_unknown), attributes)
            if check.drift or not is_unknown:
                yield Sample(DRIFTED, int(bool(check.drift)), attributes)
        # From before the start, since the applications of an unread cluster are not known.
        checks += [check for check in current.values() if check.cluster in inventory.unread_clusters]
        for cluster, at in last_success(inventory.clusters, checks).items():
            yield Sample(LAST_SUCCESS, at.timestamp() if at else 0, {"cluster": cluster})
        incidents = active_incidents(self._store.incidents.unsettled())  # also of applications that are not read now
        severities = Counter(incident.rating.severity for incident in incidents)
        for severity in Severity:
            yield Sample(INCIDENTS, severities[severity], {"severity": severity.name.lower()})
        states = Counter(rollout.state for rollout in self._store.rollouts.unsettled() if not rollout.is_over)
        for state in (RolloutState.ROLLING, RolloutState.LATE, RolloutState.LIVE, RolloutState.DEGRADED):
            yield Sample(ROLLOUTS, states[state], {"state": state})
        yield Sample(EVENTS_WAITING, self._store.events.waiting_count())

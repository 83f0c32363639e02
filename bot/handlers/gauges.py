"""The gauges: what the stored state and this replica are like when somebody reads the metrics."""

import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import version
from threading import Lock
from typing import Final

from bot.core.applications.application import Application
from bot.core.drift.model import Check, Status
from bot.core.drift.severity import Severity
from bot.core.incidents.incident import active_incidents
from bot.core.rollouts.rollout import RolloutState
from bot.ports.store import Store, StoreError
from bot.ports.telemetry import (
    BUILD_INFO,
    DRIFTED,
    EVENTS_WAITING,
    INCIDENTS,
    LAST_SUCCESS,
    LEADER,
    QUEUE_LENGTH,
    ROLLOUTS,
    UNKNOWN,
    Sample,
)

_log = logging.getLogger(__name__)

# Whoever reads the metrics more often than this, and each gauge of an export by OTLP, gets the same values.
_SECONDS: Final = 2.0


class Gauges:
    """Reads every gauge. Only the leader has those of the stored state, so that sums over replicas are right.

    `applications` are the ones that are watched at the moment. Any thread may call.
    """

    def __init__(self, store: Store, applications: Mapping[str, Application], queue_length: Callable[[], int]) -> None:
        self._store = store
        self._applications = applications
        self._queue_length = queue_length
        self._reading = Lock()
        self._samples: list[Sample] = []
        self._read_at = -math.inf

    def read(self) -> Iterable[Sample]:
        """All of them; without those of the stored state if the database does not respond.

        While another thread waits for the database, those that were read last.
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
        is_leader = self._store.leadership.acquire()
        samples = [
            Sample(BUILD_INFO, 1, {"version": version("gitops-bot")}),
            Sample(LEADER, int(is_leader)),
            Sample(QUEUE_LENGTH, self._queue_length()),
        ]
        if is_leader:
            try:
                samples += self._of_stored_state()
            except StoreError as error:
                _log.warning("cannot read the gauges: %s", error)
        return samples

    def _of_stored_state(self) -> Iterator[Sample]:
        checks = [check for name, check in self._store.checks.latest().items() if name in self._applications]
        for check in checks:
            attributes = {"application": check.application, "cluster": check.cluster}
            is_unknown = check.status is Status.UNKNOWN
            yield Sample(UNKNOWN, int(is_unknown), attributes)
            if check.drift or not is_unknown:
                yield Sample(DRIFTED, int(bool(check.drift)), attributes)
        for cluster, seconds in last_success(self._applications.values(), checks).items():
            yield Sample(LAST_SUCCESS, seconds, {"cluster": cluster})
        incidents = active_incidents(self._store.incidents.unsettled(), self._applications)
        severities = Counter(incident.rating.severity for incident in incidents)
        for severity in Severity:
            yield Sample(INCIDENTS, severities[severity], {"severity": severity.name.lower()})
        states = Counter(rollout.state for rollout in self._store.rollouts.unsettled() if not rollout.is_over)
        for state in (RolloutState.ROLLING, RolloutState.LATE, RolloutState.LIVE, RolloutState.DEGRADED):
            yield Sample(ROLLOUTS, states[state], {"state": state})
        yield Sample(EVENTS_WAITING, self._store.events.waiting_count())


def last_success(applications: Iterable[Application], checks: Iterable[Check]) -> dict[str, float]:
    """For each cluster, when a check last compared one of its applications, as a Unix time; 0 if none has."""
    seconds = {application.cluster: 0.0 for application in applications}
    for check in checks:
        at = check.complete_at if check.status is Status.UNKNOWN else check.at
        if at:
            seconds[check.cluster] = max(seconds.get(check.cluster, 0.0), at.timestamp())
    return seconds

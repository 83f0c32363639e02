"""Probes: whether the process makes progress (liveness), and whether it can do its work (readiness).

A restart helps only a process that is stuck, so liveness depends only on the process.
"""

import math
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from bot.core.drift.freshness import current_checks, last_success
from bot.core.drift.model import Status
from bot.ports.store import Store, StoreError

# In seconds; far longer than anything healthy takes, since a restart interrupts running work.
_STUCK_SCHEDULE: Final = 60.0
_STUCK_REQUESTS: Final = 15 * 60.0
_FRESH_SECONDS: Final = 1.0  # a report is reused, so that probes from the internet don't delay the kubelet's
_PATIENCE: Final = 2.0  # seconds; the timeout in manifests/base/deployment.yaml is longer


@dataclass(frozen=True, slots=True)
class ProbeCheck:
    """One check of a probe. If not `required`, it is only informational."""

    name: str
    ok: bool
    message: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """The result of a probe, with the time since when each check has had its state."""

    checks: tuple[tuple[ProbeCheck, datetime], ...]

    @property
    def ok(self) -> bool:
        """Whether all required checks pass."""
        return all(check.ok or not check.required for check, _ in self.checks)

    def as_json(self) -> Mapping[str, Any]:
        """The report for people and programs."""
        return {
            "status": _status(ok=self.ok),
            "checks": [
                {
                    "name": check.name,
                    "status": _status(ok=check.ok),
                    "message": check.message,
                    "since": since.isoformat(timespec="seconds"),
                }
                for check, since in self.checks
            ],
        }


class Probe:
    """Runs its checks, and remembers when each last changed. Thread-safe.

    While the checks of an earlier probe wait, such as for the database, a probe fails instead of waiting too, since
    waiting probes would use up the threads that the liveness probe needs.
    """

    def __init__(self, checks: Callable[[], Iterable[ProbeCheck]], clock: Callable[[], datetime]) -> None:
        self._checks = checks
        self._clock = clock
        self._running = threading.Lock()
        self._last = ProbeReport(())
        self._last_at = -math.inf
        self._since: dict[str, tuple[bool, str, datetime]] = {}

    def report(self) -> ProbeReport:
        """Run the checks, unless they ran within the last second."""
        if time.monotonic() - self._last_at < _FRESH_SECONDS:
            return self._last
        if not self._running.acquire(timeout=_PATIENCE):
            return ProbeReport(((ProbeCheck("probe", ok=False, message="an earlier one still runs"), self._clock()),))
        try:
            checks = tuple(self._checks())
            now = self._clock()
            self._last = ProbeReport(tuple((check, self._unchanged_since(check, now)) for check in checks))
            self._last_at = time.monotonic()
            return self._last
        finally:
            self._running.release()

    def _unchanged_since(self, check: ProbeCheck, now: datetime) -> datetime:
        ok, message, since = self._since.get(check.name, (check.ok, check.message, now))
        since = since if (ok, message) == (check.ok, check.message) else now
        self._since[check.name] = check.ok, check.message, since
        return since


def liveness(*, since_heartbeat: float, without_progress: float, is_serving: bool) -> Iterator[ProbeCheck]:
    """Whether the process makes progress, from the seconds without a heartbeat and without progress on requests.

    `is_serving` is whether its HTTP server still runs.
    """
    stuck = since_heartbeat >= _STUCK_SCHEDULE
    yield ProbeCheck("schedule", not stuck, "stuck" if stuck else "starts jobs")
    stuck = without_progress >= _STUCK_REQUESTS
    yield ProbeCheck("requests", not stuck, "stuck" if stuck else "answered")
    yield ProbeCheck("http", is_serving, "serves" if is_serving else "has ended")


def readiness(
    store: Store,
    *,
    slack: str,
    connected: bool,
    clusters: Iterable[str],
    leases: Collection[str],
    now: datetime,
    interval: timedelta,
) -> Iterator[ProbeCheck]:
    """Whether the bot can do its work; for information, also its leases and when each cluster was last checked.

    `slack` is the mode of the connection to Slack, `leases` are the names of all leases, and `interval` is the interval
    of drift checks.
    """
    yield ProbeCheck("slack", connected, slack if connected else f"not connected ({slack})")
    try:
        checks = current_checks(store.checks.latest(), now, interval).values()
        unheld = store.leases.unheld(leases)
    except StoreError as error:
        yield ProbeCheck("store", ok=False, message=str(error))
        return
    yield ProbeCheck("store", ok=True, message="can be read")
    held = store.leases.held(leases)
    yield ProbeCheck("replica", ok=True, message=f"holds {', '.join(held)}" if held else "standby")
    for name in unheld:
        yield ProbeCheck(f"lease {name}", ok=False, message="no replica holds it", required=False)
    checked = {check.cluster for check in checks if check.status is not Status.UNKNOWN}
    for cluster, at in last_success(clusters, checks).items():
        ok = cluster in checked
        last = f"last checked at {at.isoformat(timespec='seconds')}" if at else "not checked yet"
        yield ProbeCheck(f"cluster {cluster}", ok, "checked" if ok else last, required=False)


def _status(*, ok: bool) -> str:
    return "ok" if ok else "failing"

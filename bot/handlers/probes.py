"""What probes are told: whether the process makes progress (liveness), and whether it can do its work (readiness).

A restart helps only a process that is stuck, so liveness depends on nothing outside of it.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

_PATIENCE: Final = 2.0  # seconds; Kubernetes' own timeout is longer in manifests/base/deployment.yaml


@dataclass(frozen=True, slots=True)
class ProbeCheck:
    """One thing that a probe looks at. One that is not `required` is only for people to see."""

    name: str
    ok: bool
    message: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """The result of a probe, with the time since when each check has been as it is."""

    checks: tuple[tuple[ProbeCheck, datetime], ...]

    @property
    def ok(self) -> bool:
        """Whether everything that is required is well."""
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
    """Runs its checks each time, and remembers when each last changed. Any thread may call.

    While the checks of an earlier probe wait, such as for the database, a probe fails instead of waiting too: otherwise
    they would use up the threads that the liveness probe needs.
    """

    def __init__(self, checks: Callable[[], Iterable[ProbeCheck]], clock: Callable[[], datetime]) -> None:
        self._checks = checks
        self._clock = clock
        self._running = threading.Lock()
        self._since: dict[str, tuple[bool, str, datetime]] = {}

    def report(self) -> ProbeReport:
        """Run the checks now."""
        if not self._running.acquire(timeout=_PATIENCE):
            return ProbeReport(((ProbeCheck("probe", ok=False, message="an earlier one still runs"), self._clock()),))
        try:
            checks = tuple(self._checks())
            now = self._clock()
            return ProbeReport(tuple((check, self._unchanged_since(check, now)) for check in checks))
        finally:
            self._running.release()

    def _unchanged_since(self, check: ProbeCheck, now: datetime) -> datetime:
        ok, message, since = self._since.get(check.name, (check.ok, check.message, now))
        since = since if (ok, message) == (check.ok, check.message) else now
        self._since[check.name] = check.ok, check.message, since
        return since


def _status(*, ok: bool) -> str:
    return "ok" if ok else "failing"

"""Quiet hours: when nothing may ring that can wait until morning."""

from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from bot.core.drift.severity import Severity
from bot.core.incidents.incident import Incident

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` until just before `end` by the clocks of `zone`, over midnight where `end` is the earlier, and the
    `days` (as in WEEKDAYS) as a whole. What is at least as bad as `loud` rings all the same; None: nothing does.

    A clock that is put back shows some minutes twice, and both are quiet if one is.
    """

    zone: ZoneInfo
    start: time | None = None
    end: time | None = None
    days: frozenset[str] = frozenset()
    exempt_severity: Severity | None = Severity.CRITICAL

    def is_active(self, now: datetime) -> bool:
        """Whether it is quiet at an instant."""
        there = now.astimezone(self.zone)
        if WEEKDAYS[there.weekday()] in self.days:
            return True
        if self.start is None or self.end is None:
            return False
        clock = there.time()
        if self.start < self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end

    def mutes(self, incident: Incident, now: datetime) -> bool:
        """Whether nothing of an incident may ring now."""
        return self.is_active(now) and (self.exempt_severity is None or incident.rating.severity < self.exempt_severity)

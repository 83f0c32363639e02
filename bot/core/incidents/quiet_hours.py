"""Quiet hours: when notifications that are not urgent wait until morning."""

from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from bot.core.drift.severity import Severity
from bot.core.incidents.incident import Incident

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Every day from `start` up to, but not including, `end` in `zone`, and all day on `days` (as in WEEKDAYS).

    They span midnight if `end` is before `start`. Incidents of at least `exempt_severity` notify anyway; None exempts
    none. A local time that occurs twice when clocks go back is quiet both times.
    """

    zone: ZoneInfo
    start: time | None = None
    end: time | None = None
    days: frozenset[str] = frozenset()
    exempt_severity: Severity | None = Severity.CRITICAL

    def is_active(self, now: datetime) -> bool:
        """Whether an instant is within quiet hours."""
        local = now.astimezone(self.zone)
        if WEEKDAYS[local.weekday()] in self.days:
            return True
        if self.start is None or self.end is None:
            return False
        if self.start < self.end:
            return self.start <= local.time() < self.end
        return local.time() >= self.start or local.time() < self.end

    def mutes(self, incident: Incident, now: datetime) -> bool:
        """Whether every notification about an incident is suppressed now."""
        return self.is_active(now) and (self.exempt_severity is None or incident.rating.severity < self.exempt_severity)

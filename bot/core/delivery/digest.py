"""When the weekly digest is due."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bot.core.incidents.quiet_hours import WEEKDAYS, QuietHours

LENGTH: Final = timedelta(days=7)
# A digest this late, because the bot or Slack was down or during quiet hours, is not sent.
MAX_DELAY: Final = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class DigestSchedule:
    """Once a week on `day` (as in WEEKDAYS) at `at`, local time in `zone`; during quiet hours, when they end."""

    day: str
    at: time
    zone: ZoneInfo
    quiet_hours: QuietHours | None = None

    def due(self, now: datetime) -> datetime | None:
        """The time that the current digest was due, whether or not it has been sent; None if there is none."""
        if self.quiet_hours is not None and self.quiet_hours.is_active(now):
            return None
        today = now.astimezone(self.zone)
        day = today.date() - timedelta(days=(today.weekday() - WEEKDAYS.index(self.day)) % 7)
        planned = self._on(day)
        if planned > now:
            planned = self._on(day - timedelta(days=7))
        return planned if now - planned < MAX_DELAY else None

    def _on(self, day: date) -> datetime:
        return datetime.combine(day, self.at, self.zone).astimezone(UTC)

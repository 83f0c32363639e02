"""Parses how long to snooze, as typed or picked in Slack, and computes when the snooze ends."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

MIN_SNOOZE = timedelta(minutes=5)
MAX_SNOOZE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class SnoozeFor:
    """A duration from now, between MIN_SNOOZE and MAX_SNOOZE."""

    duration: timedelta


@dataclass(frozen=True, slots=True)
class SnoozeUntil:
    """Until the next occurrence of a local time."""

    clock_time: time


SnoozePeriod = SnoozeFor | SnoozeUntil

DEFAULT_SNOOZE = SnoozeFor(timedelta(hours=1))
# The options of the menu, as `parse_snooze` reads them.
SNOOZE_CHOICES = ("30m", "1h", "4h", "until 09:00", "1d")

_DURATION = re.compile(
    r"(?:(\d{1,2})\s*+d)?\s*+(?:(\d{1,4})\s*+h)?\s*+(?:(\d{1,5})\s*+m(?:in)?)?", re.ASCII | re.IGNORECASE
)
_UNTIL = re.compile(r"(?:until|hasta(?: las)?)\s+([01]?\d|2[0-3]):([0-5]\d)", re.ASCII | re.IGNORECASE)


def parse_snooze(text: str) -> SnoozePeriod | None:
    """Parse `30m`, `4h`, `2d`, `1h30m` or `until 09:00`.

    None for anything else, and for durations outside MIN_SNOOZE to MAX_SNOOZE.
    """
    text = text.strip()
    if until := _UNTIL.fullmatch(text):
        return SnoozeUntil(time(int(until[1]), int(until[2])))
    match = _DURATION.fullmatch(text)
    days, hours, minutes = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    duration = timedelta(days=days, hours=hours, minutes=minutes)
    return SnoozeFor(duration) if MIN_SNOOZE <= duration <= MAX_SNOOZE else None


def snooze_end(period: SnoozePeriod, now: datetime, zone: tzinfo) -> datetime:
    """When a snooze ends, in UTC. Local times are in `zone`; if a time occurs twice, the first counts."""
    if isinstance(period, SnoozeFor):
        return (now + period.duration).astimezone(UTC)
    today = now.astimezone(zone).date()
    days = (today + timedelta(days=offset) for offset in range(3))
    candidates = (datetime.combine(day, period.clock_time, tzinfo=zone).astimezone(UTC) for day in days)
    return next(candidate for candidate in candidates if candidate > now)

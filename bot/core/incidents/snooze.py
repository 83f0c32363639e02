"""How long to be quiet, as people type or pick it: text in, a span or nothing out."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

MIN_SNOOZE = timedelta(minutes=5)
MAX_SNOOZE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class SnoozeFor:
    """So long from now on, from LEAST to MOST."""

    duration: timedelta


@dataclass(frozen=True, slots=True)
class SnoozeUntil:
    """Until the clocks next show that time."""

    clock_time: time


SnoozePeriod = SnoozeFor | SnoozeUntil

DEFAULT_SNOOZE = SnoozeFor(timedelta(hours=1))
# What is offered to pick, each as it could be typed.
SNOOZE_CHOICES = ("30m", "1h", "4h", "until 09:00", "1d")

_FOR = re.compile(r"(?:(\d{1,2})\s*d)?\s*(?:(\d{1,4})\s*h)?\s*(?:(\d{1,5})\s*m(?:in)?)?", re.ASCII | re.IGNORECASE)
_UNTIL = re.compile(r"(?:until|hasta(?: las)?)\s+([01]?\d|2[0-3]):([0-5]\d)", re.ASCII | re.IGNORECASE)


def parse_snooze(text: str) -> SnoozePeriod | None:
    """`30m`, `4h`, `2d`, `1h30m`, `until 09:00`; None for anything else, and for less than LEAST or more than MOST."""
    text = text.strip()
    if until := _UNTIL.fullmatch(text):
        return SnoozeUntil(time(int(until[1]), int(until[2])))
    match = _FOR.fullmatch(text)
    days, hours, minutes = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    span = timedelta(days=days, hours=hours, minutes=minutes)
    return SnoozeFor(span) if MIN_SNOOZE <= span <= MAX_SNOOZE else None


def snooze_end(period: SnoozePeriod, now: datetime, zone: tzinfo) -> datetime:
    """When it ends, in UTC. `zone` is where the clocks are read; of a time they show twice the first counts."""
    if isinstance(period, SnoozeFor):
        return (now + period.duration).astimezone(UTC)
    here = now.astimezone(zone)
    days = (here.date() + timedelta(days=number) for number in range(3))
    instants = (datetime.combine(day, period.clock_time, tzinfo=zone).astimezone(UTC) for day in days)
    return next(instant for instant in instants if instant > now)

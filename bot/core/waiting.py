"""Waiting until a time of day, when the clock may be set back."""

from datetime import datetime, timedelta


def is_waiting(until: datetime, now: datetime, longest: timedelta) -> bool:
    """Whether `until` is still to come. A time later than `longest` from now was set before the clock was set back."""
    return now < until <= now + longest

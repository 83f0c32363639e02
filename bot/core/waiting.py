"""Waiting until a time, although the clock may be set back."""

from datetime import datetime, timedelta


def is_waiting(until: datetime, now: datetime, longest: timedelta) -> bool:
    """Whether `until` is yet to come. If it is more than `longest` away, the clock was set back: stop waiting."""
    return now < until <= now + longest

"""Time that only a test moves."""

from datetime import UTC, datetime, timedelta


class Clock:
    """A clock for everything that takes one: it returns `now`, in UTC, until a test advances it."""

    def __init__(self, now: datetime | None = None) -> None:
        self.now = now or datetime.now(UTC).replace(microsecond=0)

    def __call__(self) -> datetime:
        return self.now

    def timestamp(self) -> float:
        """The time in seconds since the epoch."""
        return self.now.timestamp()

    def advance(self, duration: timedelta | None = None, **units: float) -> None:
        """Move the clock by a timedelta, or by timedelta's own units: `advance(minutes=5)`."""
        self.now += duration or timedelta(**units)

    def tick(self) -> datetime:
        """Advance by a second, to order events."""
        self.advance(seconds=1)
        return self.now

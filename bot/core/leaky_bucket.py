"""A leaky bucket of seconds: it fills with the time that something takes, and leaks at a constant rate."""


class LeakyBucket:
    """Holds at most `capacity` seconds, of which `leak` flow out in each second. Not thread-safe.

    `now` is the time of a clock that is never set back, in seconds.
    """

    def __init__(self, capacity: float, leak: float, now: float) -> None:
        self._capacity = capacity
        self._leak = leak
        self._level = 0.0
        self._open = 0
        self._at = now

    def level(self, now: float) -> float:
        """The seconds in it."""
        rate = 1.0 if self._open else -self._leak
        self._level = min(self._capacity, max(0.0, self._level + (now - self._at) * rate))
        self._at = now
        return self._level

    def left(self, now: float) -> float:
        """The seconds until it is full."""
        return self._capacity - self.level(now)

    def add(self, seconds: float, now: float) -> None:
        """Add the seconds that something has taken."""
        self._level = min(self._capacity, self.level(now) + seconds)

    def begin(self, now: float) -> None:
        """Begin something whose time counts. While several last, the time counts once, and nothing leaks."""
        self.level(now)
        self._open += 1

    def end(self, now: float) -> None:
        """End what was begun."""
        self.level(now)
        self._open -= 1

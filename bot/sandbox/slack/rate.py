"""Rate limits of the Web API methods: https://docs.slack.dev/apis/web-api/rate-limits."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.sandbox.slack.errors import RateLimitedError

# Calls a minute, per method and workspace: tier 2 is 20, tier 3 is 50, tier 4 is 100.
TIERS = {
    "chat.delete": 50,
    "chat.postEphemeral": 100,
    "chat.update": 50,
    "conversations.history": 50,
    "conversations.info": 50,
    "conversations.list": 20,
    "conversations.members": 100,
    "conversations.replies": 50,
    "usergroups.users.list": 20,
    "users.info": 100,
    "users.lookupByEmail": 50,
    "views.open": 100,
    "views.publish": 100,
    "views.push": 100,
    "views.update": 100,
}


@dataclass(slots=True)
class Rates:
    """`post_per_second` and `post_burst` apply per channel, `per_minute` per method and workspace."""

    post_per_second: float = 1.0
    post_burst: int = 5
    per_minute: dict[str, int] = field(default_factory=lambda: dict(TIERS))

    @classmethod
    def unlimited(cls) -> "Rates":
        """Rates too high to reach in tests."""
        return cls(post_per_second=1e6, post_burst=1_000_000, per_minute={})


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Limiter:
    """Token buckets, one per channel for posts and one per method."""

    def __init__(self, rates: Rates, clock: Callable[[], float]) -> None:
        self.rates = rates
        self._clock = clock
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def take(self, method: str, channel: str) -> None:
        """Count one call. Raises RateLimitedError if it exceeds the rate."""
        if method == "chat.postMessage":
            self._take((method, channel), self.rates.post_per_second, self.rates.post_burst)
        elif method in self.rates.per_minute:
            per_minute = self.rates.per_minute[method]
            self._take((method, ""), per_minute / 60, per_minute)

    def _take(self, key: tuple[str, str], per_second: float, burst: int) -> None:
        now = self._clock()
        bucket = self._buckets.setdefault(key, _Bucket(burst, now))
        bucket.tokens = min(burst, bucket.tokens + (now - bucket.at) * per_second)
        bucket.at = now
        if bucket.tokens < 1:
            raise RateLimitedError(max(1, math.ceil((1 - bucket.tokens) / per_second)))
        bucket.tokens -= 1

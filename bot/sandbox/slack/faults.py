"""What can go wrong with Slack, switched on while it runs."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Faults:
    """Counters fall by one each time they strike; `refuse` stays until it is taken out.

    `rate_limited`: so many Web API calls answer 429; `rate_limited_after` does the call all the same, then answers 429.
    `cut`: so many calls are done, then the connection closes without an answer. `lost_acks`: so many acks never arrive.
    `lost_payloads`: so many payloads vanish on a connection that still looks healthy. `delay`: seconds before each
    answer. `refuse`: Slack's error name by method. `down_until`: the clock's time until which everything answers 503.
    `methods`: when not empty, `rate_limited`, `rate_limited_after` and `cut` strike these methods alone.
    """

    rate_limited: int = 0
    rate_limited_after: int = 0
    retry_after: int = 1
    cut: int = 0
    lost_acks: int = 0
    lost_payloads: int = 0
    delay: float = 0.0
    refuse: dict[str, str] = field(default_factory=dict)
    down_until: float = 0.0
    methods: frozenset[str] = frozenset()

    def strikes(self, fault: str, method: str = "") -> bool:
        """Whether this counter has any left, and counts it."""
        left: int = getattr(self, fault)
        if left <= 0 or (method and self.methods and method not in self.methods):
            return False
        setattr(self, fault, left - 1)
        return True

    def down_for(self, seconds: float, clock: Callable[[], float]) -> None:
        """Answer 503 to every Web API call for so long."""
        self.down_until = clock() + seconds

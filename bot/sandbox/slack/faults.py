"""What can go wrong with Slack, switched on while it runs."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol


class Fate(NamedTuple):
    """What becomes of a Web API call: whether it is done all the same, and what the caller sees.

    `seen` is an HTTP status, or 0: the connection is cut, at once or after `silence` seconds without an answer.
    """

    done: bool
    seen: int
    silent: bool = False


# By the name of the counter in `Faults`.
CALL_FAULTS: Mapping[str, Fate] = {
    "rate_limited": Fate(done=False, seen=429),
    "rate_limited_after": Fate(done=True, seen=429),
    "failed": Fate(done=False, seen=500),
    "failed_after": Fate(done=True, seen=500),
    "cut_before": Fate(done=False, seen=0),
    "cut": Fate(done=True, seen=0),
    "unanswered": Fate(done=False, seen=0, silent=True),
    "unanswered_after": Fate(done=True, seen=0, silent=True),
}
DOWN = Fate(done=False, seen=503)


class Weather(Protocol):
    """Where faults come from that nobody asked for one by one: see `storm`."""

    def call(self, method: str) -> str:
        """The fault that strikes this call, one of CALL_FAULTS, or ""."""
        ...

    def delivery(self, fault: str) -> bool:
        """Whether `lost_acks` or `lost_payloads` strikes this payload."""
        ...


@dataclass(slots=True)
class Faults:
    """Counters fall by one each time they strike; `refuse` stays until it is taken out.

    So many Web API calls: `rate_limited` answer 429, `failed` answer 500, `cut_before` see their connection closed,
    `unanswered` hear nothing for `silence` seconds (then it is closed) and are not done; `rate_limited_after`,
    `failed_after`, `cut` and `unanswered_after` are done all the same. `methods`, when not empty, are the only ones
    these strike.
    `lost_acks`: so many acks never arrive. `lost_payloads`: so many payloads vanish on a connection that still looks
    healthy. `delay`: seconds before each answer. `refuse`: Slack's error name by method. `down_until`: the clock's time
    until which everything answers 503.
    `struck` counts every fault that struck, by name (`unavailable`: answered 503), and every trouble of
    `SandboxSlack.inject`.
    """

    rate_limited: int = 0
    rate_limited_after: int = 0
    failed: int = 0
    failed_after: int = 0
    cut_before: int = 0
    cut: int = 0
    unanswered: int = 0
    unanswered_after: int = 0
    retry_after: int = 1
    silence: float = 60.0
    lost_acks: int = 0
    lost_payloads: int = 0
    delay: float = 0.0
    refuse: dict[str, str] = field(default_factory=dict)
    down_until: float = 0.0
    methods: frozenset[str] = frozenset()
    struck: Counter[str] = field(default_factory=Counter, init=False)
    weather: Weather | None = field(default=None, init=False)

    def fate(self, method: str, now: float) -> Fate | None:
        """What becomes of this call; None when nothing strikes it."""
        if now < self.down_until:
            self.struck["unavailable"] += 1
            return DOWN
        mine = method in self.methods or not self.methods
        name = next((name for name in CALL_FAULTS if mine and self._take(name)), "")
        name = name or (self.weather.call(method) if self.weather else "")
        if not name:
            return None
        self.struck[name] += 1
        return CALL_FAULTS[name]

    def strikes(self, fault: str) -> bool:
        """Whether `lost_acks` or `lost_payloads` strikes now."""
        strikes = self._take(fault) or (self.weather is not None and self.weather.delivery(fault))
        if strikes:
            self.struck[fault] += 1
        return strikes

    def down_for(self, seconds: float, clock: Callable[[], float]) -> None:
        """Answer 503 to every Web API call for so long."""
        self.down_until = clock() + seconds

    def _take(self, fault: str) -> bool:
        left: int = getattr(self, fault)
        if left <= 0:
            return False
        setattr(self, fault, left - 1)
        return True

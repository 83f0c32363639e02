"""Faults of Slack that can be switched on while it runs."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol


class FaultOutcome(NamedTuple):
    """The outcome of a faulty Web API call: whether it takes effect anyway, and what the caller sees.

    `seen` is an HTTP status, or 0 for a cut connection, at once or after `silence` seconds without a response.
    """

    done: bool
    seen: int
    silent: bool = False


# Keyed by the counter in `Faults`.
CALL_FAULTS: Mapping[str, FaultOutcome] = {
    "rate_limited": FaultOutcome(done=False, seen=429),
    "rate_limited_after": FaultOutcome(done=True, seen=429),
    "failed": FaultOutcome(done=False, seen=500),
    "failed_after": FaultOutcome(done=True, seen=500),
    "cut_before": FaultOutcome(done=False, seen=0),
    "cut": FaultOutcome(done=True, seen=0),
    "unanswered": FaultOutcome(done=False, seen=0, silent=True),
    "unanswered_after": FaultOutcome(done=True, seen=0, silent=True),
}
DOWN = FaultOutcome(done=False, seen=503)


class FaultSource(Protocol):
    """A source of random faults: see `storm`."""

    def call(self, method: str) -> str:
        """The fault of this call, one of CALL_FAULTS, or ""."""
        ...

    def delivery(self, fault: str) -> bool:
        """Whether `lost_acks` or `lost_payloads` applies to this payload."""
        ...


@dataclass(slots=True)
class Faults:
    """Each counter is the number of calls that a fault still applies to; entries of `refuse` stay until removed.

    Web API calls without effect: `rate_limited` get a 429, `failed` a 500, `cut_before` a closed connection, and
    `unanswered` no response for `silence` seconds before it closes. `rate_limited_after`, `failed_after`, `cut` and
    `unanswered_after` do the same, but the call takes effect. `methods`, if not empty, limits all of these.
    `lost_acks` never arrive. `lost_payloads` vanish on a connection that looks healthy. `delay` is in seconds, before
    each response. `refuse` maps methods to Slack's error names. Messages with `unsupported_blocks` (types) are invalid.
    Until the clock reaches `down_until`, every call gets a 503.
    `applied` counts the faults that took effect, by name (`unavailable` for a 503), and those of `SandboxSlack.inject`.
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
    unsupported_blocks: frozenset[str] = frozenset()
    applied: Counter[str] = field(default_factory=Counter, init=False)
    source: FaultSource | None = field(default=None, init=False)

    def outcome(self, method: str, now: float) -> FaultOutcome | None:
        """The outcome of this call; None without a fault."""
        if now < self.down_until:
            self.applied["unavailable"] += 1
            return DOWN
        mine = method in self.methods or not self.methods
        name = next((name for name in CALL_FAULTS if mine and self._take(name)), "")
        name = name or (self.source.call(method) if self.source else "")
        if not name:
            return None
        self.applied[name] += 1
        return CALL_FAULTS[name]

    def applies(self, fault: str) -> bool:
        """Whether `lost_acks` or `lost_payloads` applies now."""
        applies = self._take(fault) or (self.source is not None and self.source.delivery(fault))
        if applies:
            self.applied[fault] += 1
        return applies

    def down_for(self, seconds: float, clock: Callable[[], float]) -> None:
        """Answer every Web API call with a 503 for this long."""
        self.down_until = clock() + seconds

    def _take(self, fault: str) -> bool:
        left: int = getattr(self, fault)
        if left <= 0:
            return False
        setattr(self, fault, left - 1)
        return True

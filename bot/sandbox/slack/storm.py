"""Random but repeatable faults: of single calls, of channels and of connections."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from types import TracebackType
from typing import Any, Protocol, Self

from bot.sandbox.slack.faults import Faults
from bot.sandbox.slack.state import Workspace

# The probability of each fault for one Web API call; a call has at most one.
CALLS: Mapping[str, float] = {
    "rate_limited": 0.04,
    "rate_limited_after": 0.02,
    "failed": 0.03,
    "failed_after": 0.02,
    "cut_before": 0.02,
    "cut": 0.03,
    "unanswered": 0.01,
    "unanswered_after": 0.01,
}
# The probability of each fault for one payload to the app.
DELIVERIES: Mapping[str, float] = {"lost_acks": 0.03, "lost_payloads": 0.03}


class StormTarget(Protocol):
    """The part of `SandboxSlack` that a storm uses."""

    workspace: Workspace
    faults: Faults

    def inject(self, faults: Mapping[str, Any]) -> None:
        """Inject faults by name."""
        ...


@dataclass(frozen=True, slots=True)
class StormEvent:
    """One thing that can happen at a step: `begin` and `end` are names for `inject`, called with one of `targets`.

    With an `end`, it lasts one to three steps.
    """

    begin: str
    targets: Callable[[Workspace], Sequence[Any]]
    end: str = ""
    weight: float = 1.0


def _anything(_workspace: Workspace) -> Sequence[Any]:
    return (True,)


def _rooms(workspace: Workspace) -> Sequence[Any]:
    return sorted(workspace.channels)


def _messages(workspace: Workspace) -> Sequence[Any]:
    return [
        {"channel": channel.id, "ts": message.ts}
        for channel in workspace.channels.values()
        for message in channel.messages
        if message.bot and not message.deleted and not message.ephemeral_for
    ]


STORM_EVENTS = (
    StormEvent("delete_message", _messages, weight=3.0),
    StormEvent("archive", _rooms, "unarchive"),
    StormEvent("remove_bot", _rooms, "invite_bot"),
    StormEvent("drop_connections", _anything),
    StormEvent("close_connections", _anything),
    StormEvent("disconnect", _anything),
    StormEvent("down", _anything, "up", weight=0.5),
)
_LONGEST = 3  # steps


class Storm:
    """Injects random faults into a sandbox inside a `with` block, and undoes lasting ones at its end.

    With the same seed, the n-th call of each method has the same fault and the n-th step the same effect, in any order
    of threads. `slack.faults.applied` counts the faults.
    """

    def __init__(
        self,
        slack: StormTarget,
        seed: int,
        calls: Mapping[str, float] = CALLS,
        deliveries: Mapping[str, float] = DELIVERIES,
        events: Sequence[StormEvent] = STORM_EVENTS,
    ) -> None:
        self._slack = slack
        self._seed = seed
        self._calls = tuple(zip(calls, accumulate(calls.values()), strict=True))
        self._deliveries = deliveries
        self._events = events
        self._randoms: dict[str, random.Random] = {}
        self._lasting: dict[tuple[str, Any], int] = {}  # (end, target): steps left

    def __enter__(self) -> Self:
        self._slack.faults.source = self
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self.stop()

    def call(self, method: str) -> str:
        """The fault for this method's next call, or ""."""
        drawn = self._draw(method)
        return next((name for name, up_to in self._calls if drawn < up_to), "")

    def delivery(self, fault: str) -> bool:
        """Whether this fault applies to the next payload."""
        return self._draw(fault) < self._deliveries.get(fault, 0.0)

    def step(self) -> list[tuple[str, Any]]:
        """End faults that have lasted long enough, and start a new one. Returns the injected faults, in order."""
        with self._slack.workspace.changed:
            injected = list(self._ended())
            drawn = self._random("step")
            (event,) = drawn.choices(self._events, [option.weight for option in self._events])
            where, how_long = drawn.random(), drawn.random()  # always drawn, to keep later draws the same
            targets = event.targets(self._slack.workspace)
            if targets:
                target = targets[int(where * len(targets))]
                injected.append((event.begin, target))
                if event.end:
                    self._lasting[event.end, target] = 1 + int(how_long * _LONGEST)
            for name, target in injected:
                self._slack.inject({name: target})
            return injected

    def stop(self) -> None:
        """Stop the faults and undo lasting ones: Slack is up, and every channel is open with the bot in it."""
        self._slack.faults.source = None
        for end, target in self._lasting:
            self._slack.inject({end: target})
        self._lasting.clear()

    def _ended(self) -> Iterator[tuple[str, Any]]:
        for lasting, left in list(self._lasting.items()):
            self._lasting[lasting] = left - 1
            if left == 1:
                del self._lasting[lasting]
                yield lasting

    def _draw(self, what: str) -> float:
        with self._slack.workspace.changed:
            return self._random(what).random()

    def _random(self, what: str) -> random.Random:
        """The generator for one kind of draw: draws of other kinds, in other threads, do not affect it."""
        if what not in self._randoms:
            self._randoms[what] = random.Random(f"{self._seed} {what}")  # noqa: S311  repeatable, not secret
        return self._randoms[what]

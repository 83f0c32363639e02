"""Trouble at random that a seed repeats: what strikes each call, and what happens to channels and connections."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from types import TracebackType
from typing import Any, Protocol, Self

from bot.sandbox.slack.faults import Faults
from bot.sandbox.slack.state import Workspace

# How likely each fault is to strike one Web API call; they exclude each other.
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
# How likely each is to strike one payload on its way to the app.
DELIVERIES: Mapping[str, float] = {"lost_acks": 0.03, "lost_payloads": 0.03}


class Hands(Protocol):
    """What a storm works with; `SandboxSlack` is it."""

    workspace: Workspace
    faults: Faults

    def inject(self, faults: Mapping[str, Any]) -> None:
        """Trouble by name."""
        ...


@dataclass(frozen=True, slots=True)
class IncidentEventType:
    """One thing that may happen at a step: `begin` and `end` are names of `inject`, given one of `targets`.

    What has an `end` lasts one to three steps.
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


HAPPENINGS = (
    IncidentEventType("delete_message", _messages, weight=3.0),
    IncidentEventType("archive", _rooms, "unarchive"),
    IncidentEventType("remove_bot", _rooms, "invite_bot"),
    IncidentEventType("drop_connections", _anything),
    IncidentEventType("close_connections", _anything),
    IncidentEventType("disconnect", _anything),
    IncidentEventType("down", _anything, "up", weight=0.5),
)
_LONGEST = 3  # steps


class Storm:
    """Weather over a sandbox from `with` until its end, when everything that lasts is taken back.

    The same seed gives the n-th call of each method the same fault, and the n-th step the same happening, whatever the
    order in which threads call. What struck is counted in `slack.faults.struck`.
    """

    def __init__(
        self,
        slack: Hands,
        seed: int,
        calls: Mapping[str, float] = CALLS,
        deliveries: Mapping[str, float] = DELIVERIES,
        happenings: Sequence[IncidentEventType] = HAPPENINGS,
    ) -> None:
        self._slack = slack
        self._seed = seed
        self._calls = tuple(zip(calls, accumulate(calls.values()), strict=True))
        self._deliveries = deliveries
        self._happenings = happenings
        self._randoms: dict[str, random.Random] = {}
        self._lasting: dict[tuple[str, Any], int] = {}  # (end, target): steps left

    def __enter__(self) -> Self:
        self._slack.faults.weather = self
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self.calm()

    def call(self, method: str) -> str:
        """The fault of this method's next call, or ""."""
        drawn = self._draw(method)
        return next((name for name, up_to in self._calls if drawn < up_to), "")

    def delivery(self, fault: str) -> bool:
        """Whether the next payload is lost in this way."""
        return self._draw(fault) < self._deliveries.get(fault, 0.0)

    def step(self) -> list[tuple[str, Any]]:
        """One happening, after the end of those that lasted long enough: what was injected, by name, in order."""
        with self._slack.workspace.changed:
            injected = list(self._ended())
            drawn = self._random("step")
            (happening,) = drawn.choices(self._happenings, [one.weight for one in self._happenings])
            where, how_long = drawn.random(), drawn.random()  # drawn in any case, so that what follows stays the same
            targets = happening.targets(self._slack.workspace)
            if targets:
                target = targets[int(where * len(targets))]
                injected.append((happening.begin, target))
                if happening.end:
                    self._lasting[happening.end, target] = 1 + int(how_long * _LONGEST)
            for name, target in injected:
                self._slack.inject({name: target})
            return injected

    def calm(self) -> None:
        """No more faults, and an end to what lasts: Slack is up, every channel is open, and the bot is in it."""
        self._slack.faults.weather = None
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
        """The source of one kind of draws: what another thread draws for something else does not move it."""
        if what not in self._randoms:
            self._randoms[what] = random.Random(f"{self._seed} {what}")  # noqa: S311  repeatable, not secret
        return self._randoms[what]

"""Reverts that the forge's rate limit held up: kept in the store, and done once it has room again."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.pull_requests.queued import QueuedRevert, QueueState, postponed, queued, same
from bot.core.pull_requests.revert import Outcome, Refused, RevertRequest, Unfinished
from bot.ports import Ports
from bot.ports.errors import PortError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of a queued revert: a sentence, and the pull request's page where there is one."""

    result: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Later:
    """The forge asked to wait once more."""

    due: datetime
    reason: str


def waits(outcome: Outcome) -> Later | None:
    """Until when the forge asked to wait; None for every other outcome."""
    if isinstance(outcome, Refused | Unfinished) and outcome.retry_at:
        return Later(outcome.retry_at, outcome.reason)
    return None


def enqueue(
    ports: Ports, request: RevertRequest, later: Later, *, by: str, asked_in: str, channel: str
) -> QueuedRevert:
    """Keep it for later; what waits for the same already is that one. StoreError."""
    new = queued(
        request, by=by, asked_in=asked_in, channel=channel, now=ports.clock(), due=later.due, reason=later.reason
    )
    known = same(ports.store.queued_reverts.unsettled(), new)
    if known is None:
        ports.store.queued_reverts.save(new)
    return known or new


def work_off(ports: Ports, ask: Callable[[QueuedRevert], Ended | Later]) -> None:
    """Do what is due, each once. StoreError.

    Only the replica that leads calls this. One that ends between the pull request and the note of it leaves an open
    pull request, which is found when it is asked for again.
    """
    for known in _due(ports.store.queued_reverts.unsettled(), ports.clock()):
        try:
            came = ask(known)
        except PortError as error:
            _log.warning("queued revert %s postponed: %s", known.id, error)
            came = Later(known.due, str(error))
        if isinstance(came, Later):
            ports.store.queued_reverts.save(postponed(known, came.due, came.reason, ports.clock()))
        else:
            ports.store.queued_reverts.save(replace(known, state=QueueState.DONE, result=came.result, url=came.url))


def _due(known: Sequence[QueuedRevert], now: datetime) -> list[QueuedRevert]:
    return [each for each in known if each.state is QueueState.WAITING and each.due <= now]

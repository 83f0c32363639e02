"""A revert that waits until the forge takes requests again, and is then done by itself."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bot.core.pull_requests.revert import RevertRequest

# The forge may ask to wait again and again; then it is said that nothing came of it.
MOST_PATIENCE: Final = timedelta(days=1)


class QueueState(StrEnum):
    """WAITING until `due`; DONE with an answer, whichever it is; GIVEN_UP because the forge never had room."""

    WAITING = "waiting"
    DONE = "done"
    GIVEN_UP = "given up"


@dataclass(frozen=True, slots=True)
class QueuedRevert:
    """`by` is the Slack user who asked, in `asked_in`; `channel` is told of it. When due, rights are looked up anew.

    `reason` is why it waits; `result` what came of it, a sentence, and `url` the pull request, if there is one.
    """

    id: str
    request: RevertRequest
    by: str
    asked_in: str
    channel: str
    asked_at: datetime
    due: datetime
    reason: str
    state: QueueState = QueueState.WAITING
    result: str = ""
    url: str | None = None


def queued(
    request: RevertRequest, *, by: str, asked_in: str, channel: str, now: datetime, due: datetime, reason: str
) -> QueuedRevert:
    """A new one. Whoever asks for the same at the same second asks for this one."""
    meant = [request.text.strip(), request.application, request.only, request.through_merges, request.large]
    digest = hashlib.sha256(json.dumps(meant).encode()).hexdigest()[:16]
    id_ = f"queued-{digest}@{now.isoformat(timespec='seconds')}"
    return QueuedRevert(id_, request, by, asked_in, channel, now, due, reason)


def same(known: Iterable[QueuedRevert], new: QueuedRevert) -> QueuedRevert | None:
    """The one that waits for the same already."""
    digest = new.id.partition("@")[0]
    return next(
        (each for each in known if each.state is QueueState.WAITING and each.id.partition("@")[0] == digest), None
    )


def postponed(known: QueuedRevert, due: datetime, reason: str, now: datetime) -> QueuedRevert:
    """Asked again, and told to wait again; given up after MOST_PATIENCE."""
    if now - known.asked_at >= MOST_PATIENCE:
        return replace(known, state=QueueState.GIVEN_UP, reason=reason, result=reason)
    return replace(known, due=due, reason=reason)

"""Reverts that wait until the forge accepts requests again."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bot.core.pull_requests.revert import RevertRequest
from bot.i18n.language import Text

# The forge can ask to wait repeatedly; after this long the bot gives up and reports it.
MAX_WAIT: Final = timedelta(days=1)


class QueueState(StrEnum):
    """WAITING until `due`; DONE, with any outcome; GIVEN_UP, because the forge never accepted it."""

    WAITING = "waiting"
    DONE = "done"
    GIVEN_UP = "given up"


@dataclass(frozen=True, slots=True)
class QueuedRevert:
    """A revert that the Slack user `by` requested in the channel `asked_in`; its card is posted in `channel`.

    Permissions are checked again when it is due. `reason` is why it waits and `result` the answer, a sentence each;
    `url` is the pull request, if any.
    """

    id: str
    request: RevertRequest
    by: str
    asked_in: str
    channel: str
    asked_at: datetime
    due: datetime
    reason: Text
    state: QueueState = QueueState.WAITING
    result: Text = ""
    url: str | None = None


def enqueued(
    request: RevertRequest, *, by: str, asked_in: str, channel: str, now: datetime, due: datetime, reason: Text
) -> QueuedRevert:
    """A new queued revert. The same request twice in the same second gets the same ID."""
    meaning = [str(request.change), request.application, request.only, request.through_merges, request.large]
    digest = hashlib.sha256(json.dumps(meaning).encode()).hexdigest()[:16]
    id_ = f"queued-{digest}@{now.isoformat(timespec='seconds')}"
    return QueuedRevert(id_, request, by, asked_in, channel, now, due, reason)


def waiting_for_same(reverts: Iterable[QueuedRevert], new: QueuedRevert) -> QueuedRevert | None:
    """The queued revert that already waits for the same request as `new`, if any."""
    digest = new.id.partition("@")[0]
    return next(
        (queued for queued in reverts if queued.state is QueueState.WAITING and queued.id.partition("@")[0] == digest),
        None,
    )


def postponed(queued: QueuedRevert, due: datetime, reason: Text, now: datetime) -> QueuedRevert:
    """The queued revert after another attempt that has to wait; given up after MAX_WAIT."""
    if now - queued.asked_at >= MAX_WAIT:
        return replace(queued, state=QueueState.GIVEN_UP, reason=reason, result=reason)
    return replace(queued, due=due, reason=reason)

"""Requests that open a pull request, recorded before anything is pushed so that another process can finish them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.core.access.audit import Origin
from bot.core.pull_requests.revert import RevertRequest
from bot.core.waiting import is_waiting

MAX_ATTEMPTS: Final = 3  # processes that may try to finish a request before it is given up
MAX_AGE: Final = timedelta(days=1)  # after that, no one expects the pull request


@dataclass(frozen=True, slots=True)
class AdoptRequest:
    """Adopt the drift of one application. `drift` is its digest, "" until it has been checked."""

    application: str
    drift: str = ""


@dataclass(frozen=True, slots=True)
class Intent:
    """A request of the Slack user `by`, called `name`, at `asked_at` in `channel`.

    The process with the ID `process`, the `attempts`th, has worked on it since `at`. `applications` are the names of
    those that the pull request affects, once known.
    """

    id: str
    request: RevertRequest | AdoptRequest
    by: str
    name: str
    channel: str
    origin: Origin
    asked_at: datetime
    at: datetime
    process: str
    attempts: int = 1
    applications: tuple[str, ...] = ()

    @property
    def what(self) -> str:
        """The request as a command."""
        match self.request:
            case RevertRequest(change=change):
                return f"revert {change}"
            case AdoptRequest(application):
                return f"adopt {application}"


def is_interrupted(intent: Intent, *, process: str, failed: Collection[str], lease: timedelta, now: datetime) -> bool:
    """Whether no process works on it: it `failed` in this `process`, or another one took it over a `lease` ago."""
    if intent.process == process:
        return intent.id in failed
    return not is_waiting(intent.at + lease, now, lease)


def is_given_up(intent: Intent, now: datetime) -> bool:
    """Whether to stop trying."""
    return intent.attempts >= MAX_ATTEMPTS or now - intent.asked_at >= MAX_AGE

"""The store: what outlives a restart."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.core.access.audit import AuditEntry
from bot.core.approvals.approval import ApprovalRecord
from bot.core.drift.model import Check
from bot.core.incidents.incident import Incident
from bot.core.pull_requests.intent import Intent
from bot.core.pull_requests.queued import QueuedRevert
from bot.core.pull_requests.tracked_pull_request import TrackedPullRequest
from bot.core.rollouts.rollout import Rollout
from bot.ports.errors import PortError


class StoreError(PortError):
    """The database did not answer or refused."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What Slack was last given for a card: where, which message, and the digest of what it read.

    `ts` is "" from just before it is posted until Slack has answered: whether it was posted is not known then. `at` is
    when that began.
    """

    channel: str
    ts: str
    digest: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Home:
    """Somebody's Home: when they last looked at it, and the digest of what Slack was last given for it, from `at` on.

    `digest` is "" from just before it is published until Slack has answered: what it shows is not known then.
    """

    user: str
    seen: datetime
    digest: str
    at: datetime


class Rollouts(Protocol):
    """Rollouts, and the tracked branches' heads up to which they were created."""

    def head(self, repository: str) -> str | None:
        """The tracked branch's sha up to which rollouts were created; None before the first poll."""
        ...

    def advance(self, repository: str, known: str | None, sha: str, started: Sequence[Rollout]) -> bool:
        """Move that sha from `known` and keep the rollouts of the commits it passed, in one transaction.

        False, and nothing is kept, when another replica has moved it.
        """
        ...

    def save(self, rollout: Rollout) -> None:
        """Keep a rollout, by id."""
        ...

    def unsettled(self) -> list[Rollout]:
        """Rollouts that still have something to report, oldest first."""
        ...

    def ended(self, since: datetime, most: int) -> list[Rollout]:
        """Those live or superseded since then, settled ones too, the newest `most`, newest first."""
        ...

    def of_revisions(self, revisions: Sequence[str]) -> list[Rollout]:
        """Rollouts of those commits, settled ones too."""
        ...


class Checks(Protocol):
    """The latest drift check of each application."""

    def save(self, latest: Sequence[Check]) -> None:
        """Keep each application's latest check (what was set aside is not kept)."""
        ...

    def latest(self) -> dict[str, Check]:
        """The latest check of each application, by its name."""
        ...


class Incidents(Protocol):
    """Incidents: an application never has two that are not resolved."""

    def open_for(self, application: str) -> Incident | None:
        """The application's incident that is not resolved, if any."""
        ...

    def exchange(self, before: Incident | None, after: Incident | None) -> bool:
        """Keep `after` in place of `before`, in one transaction. `before` is None for a new incident, `after` is None
        for a suspicion that is dropped.

        False, and nothing is kept, when another thread or replica has changed it: read it again and decide again.
        """
        ...

    def unsettled(self) -> list[Incident]:
        """Incidents that still have something to report: not resolved, or resolved and not settled."""
        ...

    def ended(self, since: datetime, most: int) -> list[Incident]:
        """Those resolved since then, settled ones too, the newest `most`, newest first."""
        ...


class PullRequests(Protocol):
    """The pull requests the bot opened."""

    def save(self, pull: TrackedPullRequest) -> None:
        """Keep a pull request, by id."""
        ...

    def unsettled(self) -> list[TrackedPullRequest]:
        """Pull requests that still have something to report."""
        ...

    def get(self, id_: str) -> TrackedPullRequest | None:
        """The pull request with that id, settled or not."""
        ...

    def ended(self, since: datetime, most: int) -> list[TrackedPullRequest]:
        """Those merged or closed since then, settled ones too, the newest `most`, newest first."""
        ...


class QueuedReverts(Protocol):
    """Reverts that wait for the forge."""

    def save(self, revert: QueuedRevert) -> None:
        """Keep a queued revert, by id."""
        ...

    def unsettled(self) -> list[QueuedRevert]:
        """Queued reverts that still have something to do or to report, oldest first."""
        ...


class Intents(Protocol):
    """Requests that open a pull request, until they have an audit entry."""

    @property
    def lease(self) -> timedelta:
        """How long another process may be at one; zero where no other process uses the database."""
        ...

    def save(self, intent: Intent) -> None:
        """Keep an intent, by id."""
        ...

    def unfinished(self) -> list[Intent]:
        """Every intent, oldest first."""
        ...


class Approvals(Protocol):
    """Approval records of the commits that reached tracked branches."""

    def head(self, repository: str) -> str | None:
        """The tracked branch's sha up to which commits were recorded; None before the first poll."""
        ...

    def advance(self, repository: str, known: str | None, sha: str, records: Sequence[ApprovalRecord]) -> bool:
        """Move that sha from `known` and keep the records of the commits it passed, in one transaction.

        False, and nothing is kept, when another replica has moved it.
        """
        ...

    def save(self, records: Sequence[ApprovalRecord], *, settled: Collection[str] = ()) -> None:
        """Keep records, by id; those whose ids are in `settled` need no more reviews."""
        ...

    def unsettled(self) -> list[ApprovalRecord]:
        """All records of each batch that still has something to review or report."""
        ...

    def of_commits(self, repository: str, shas: Sequence[str]) -> list[ApprovalRecord]:
        """Approval records of those commits, settled ones too."""
        ...

    def since(self, since: datetime | None = None) -> Iterator[ApprovalRecord]:
        """Every record, oldest first, of commits first seen from that second on; read in pages."""
        ...


class Cards(Protocol):
    """What Slack was last given for each card."""

    def get(self, key: str) -> Posted | None:
        """What Slack was last given for a card; None when it was never posted."""
        ...

    def get_all(self, keys: Sequence[str]) -> dict[str, Posted]:
        """The same for many cards, by key; without those that were never posted."""
        ...

    def save(self, key: str, posted: Posted) -> None:
        """Keep what Slack was given."""
        ...

    def delete(self, key: str) -> None:
        """The message is gone from Slack."""
        ...


class Homes(Protocol):
    """What Slack was last given for each Home tab."""

    def get(self, user: str) -> Home | None:
        """What Slack was last given for a user's Home; None when they never opened it."""
        ...

    def seen_since(self, since: datetime, most: int) -> list[Home]:
        """The Homes opened since then, the latest `most`, latest first."""
        ...

    def save(self, home: Home) -> None:
        """Keep that a user opened their Home, or that it is about to be published."""
        ...

    def confirm(self, user: str, at: datetime, digest: str) -> bool:
        """Slack has taken what was about to be published at that instant. False when a later one has begun."""
        ...


class AuditLog(Protocol):
    """Who asked for what, and what came of it."""

    def append(self, entry: AuditEntry, *, finishes: str | None = None) -> None:
        """Keep one entry, and forget the intent with the ID that it `finishes`, in one transaction."""
        ...

    def entries(self, since: datetime | None = None) -> Iterator[AuditEntry]:
        """Every entry from that second on, oldest first; read in pages, so that it may be of any length."""
        ...


class Claims(Protocol):
    """Payloads that are handled once, whichever replica receives them."""

    def claim(self, key: str, at: datetime) -> bool:
        """Whether nobody, on any replica, has claimed this key before. Keys are kept for a day."""
        ...


class Leadership(Protocol):
    """Which of several replicas on one PostgreSQL runs the schedule and writes cards."""

    def acquire(self) -> bool:
        """Whether this replica leads; always, with a database of its own. Never raises: who cannot ask does not lead.

        Just one leads, until it stops or its connection ends.
        """
        ...


class Store(Protocol):
    """What outlives a restart, one part per aggregate. Every write is whole or not at all. StoreError."""

    @property
    def approvals(self) -> Approvals:  # noqa: D102
        ...

    @property
    def audit_log(self) -> AuditLog:  # noqa: D102
        ...

    @property
    def cards(self) -> Cards:  # noqa: D102
        ...

    @property
    def checks(self) -> Checks:  # noqa: D102
        ...

    @property
    def claims(self) -> Claims:  # noqa: D102
        ...

    @property
    def homes(self) -> Homes:  # noqa: D102
        ...

    @property
    def incidents(self) -> Incidents:  # noqa: D102
        ...

    @property
    def intents(self) -> Intents:  # noqa: D102
        ...

    @property
    def leadership(self) -> Leadership:  # noqa: D102
        ...

    @property
    def pull_requests(self) -> PullRequests:  # noqa: D102
        ...

    @property
    def queued_reverts(self) -> QueuedReverts:  # noqa: D102
        ...

    @property
    def rollouts(self) -> Rollouts:  # noqa: D102
        ...

    def settle(self, id_: str) -> None:
        """Whatever has this id (an incident, a pull request …) has ended and Slack says so: it needs no more work."""
        ...

    def close(self) -> None:
        """Give every connection back, and the leadership."""
        ...

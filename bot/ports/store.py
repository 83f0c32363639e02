"""The store: the state that survives a restart."""

from collections.abc import Collection, Container, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.core.access.audit import AuditEntry
from bot.core.approvals.alert import ApprovalAlert
from bot.core.approvals.approval import ApprovalRecord
from bot.core.cluster_audit.write import ClusterWrite, ObjectKey
from bot.core.delivery.deployment import Deployment
from bot.core.delivery.incident_record import IncidentRecord
from bot.core.drift.model import Check
from bot.core.events import Event, QueuedEvent
from bot.core.incidents.incident import Incident
from bot.core.pull_requests.intent import Intent
from bot.core.pull_requests.queued import QueuedRevert
from bot.core.pull_requests.tracked_pull_request import TrackedPullRequest
from bot.core.rollouts.rollout import Rollout
from bot.ports.errors import PortError
from bot.ports.leases import Leases


class StoreError(PortError):
    """The database did not respond or rejected a statement."""


@dataclass(frozen=True, slots=True)
class Posted:
    """The message of a card in Slack."""

    channel: str
    ts: str  # "" while it is being posted, since `at`, when it is unknown whether Slack has it
    digest: str  # of its content
    at: datetime

    def is_in_thread_of(self, card: "Posted") -> bool:
        """Whether this is a file in a card's thread: it then has the channel and the ts of the card."""
        return (self.channel, self.ts) == (card.channel, card.ts)


@dataclass(frozen=True, slots=True)
class Home:
    """A user's Home tab: when they last opened it, and the digest of its content, published at `at`."""

    user: str
    seen: datetime
    digest: str  # "" while it is being published, when it is unknown what Slack shows
    at: datetime


class Rollouts(Protocol):
    """Rollouts, and the tracked branches' heads up to which they were created."""

    def head(self, repository: str) -> str | None:
        """The tracked branch's sha up to which rollouts were created; None before the first poll.

        After a change of the repository's branch or URL, that is the first poll since then.
        """
        ...

    def advance(self, repository: str, expected: str | None, sha: str, started: Sequence[Rollout]) -> bool:
        """Move this sha from `expected`, and store the rollouts that this starts, in one transaction.

        Returns False, and stores nothing, if another replica has moved it or, without a move, stored one of these.
        """
        ...

    def save(self, rollout: Rollout) -> None:
        """Store a rollout, by id."""
        ...

    def unsettled(self) -> list[Rollout]:
        """Rollouts that still have something to report, oldest first."""
        ...

    def ended(self, since: datetime, limit: int) -> list[Rollout]:
        """Rollouts live or superseded since then, including settled ones, at most `limit`, newest first."""
        ...

    def of_revisions(self, revisions: Sequence[str]) -> list[Rollout]:
        """Rollouts of these commits, including settled ones."""
        ...

    def deployments(self, since: datetime) -> list[Deployment]:
        """The deployments of every rollout merged since then, in any order."""
        ...


class Checks(Protocol):
    """The latest drift check of each application."""

    def save(self, latest: Sequence[Check]) -> None:
        """Store each application's latest check, without differences that were set aside."""
        ...

    def latest(self, applications: Collection[str] | None = None) -> dict[str, Check]:
        """The latest check of each application, or of each of these, by its name."""
        ...

    def prune(self, before: datetime, *, watched: Container[str]) -> None:
        """Delete the checks made before then, except those of `watched` applications."""
        ...


class Incidents(Protocol):
    """Incidents: an application never has two unresolved ones."""

    def open_for(self, application: str) -> Incident | None:
        """The application's unresolved incident, if any."""
        ...

    def exchange(self, before: Incident | None, after: Incident | None) -> bool:
        """Replace `before` (None to add an incident) with `after` (None to drop a suspicion), in one transaction.

        Returns False, and stores nothing, if another thread or replica has changed it: read it and decide again.
        """
        ...

    def version(self) -> str:
        """A text that changes whenever an incident that still has something to report does. Reads no incident."""
        ...

    def unsettled(self) -> list[Incident]:
        """Incidents that still have something to report: unresolved, or resolved but not settled."""
        ...

    def ended(self, since: datetime, limit: int) -> list[Incident]:
        """Incidents resolved since then, including settled ones, at most `limit`, newest first."""
        ...

    def records(self, since: datetime) -> list[IncidentRecord]:
        """The records of opened incidents that are unresolved or were resolved since then, in any order."""
        ...


class PullRequests(Protocol):
    """The pull requests that the bot opened."""

    def save(self, pull: TrackedPullRequest) -> None:
        """Store a pull request, by id."""
        ...

    def unsettled(self) -> list[TrackedPullRequest]:
        """Pull requests that still have something to report."""
        ...

    def get(self, id_: str) -> TrackedPullRequest | None:
        """The pull request with this id, settled or not."""
        ...

    def ended(self, since: datetime, limit: int) -> list[TrackedPullRequest]:
        """Pull requests merged or closed since then, including settled ones, at most `limit`, newest first."""
        ...


class QueuedReverts(Protocol):
    """Reverts that wait for the forge."""

    def save(self, revert: QueuedRevert) -> None:
        """Store a queued revert, by id."""
        ...

    def unsettled(self) -> list[QueuedRevert]:
        """Queued reverts that still have something to do or to report, oldest first."""
        ...


class Intents(Protocol):
    """Requests that open a pull request, until they have an audit entry."""

    @property
    def lease(self) -> timedelta:
        """How long another process may work on one; zero if no other process uses the database."""
        ...

    def now(self, local: datetime) -> datetime:
        """The time by which all processes measure the lease: the database's if they share it, or else `local`."""
        ...

    def save(self, intent: Intent) -> None:
        """Store an intent, by id."""
        ...

    def unfinished(self) -> list[Intent]:
        """Every intent, oldest first."""
        ...


class Approvals(Protocol):
    """Approval records of the commits on tracked branches."""

    def head(self, repository: str) -> str | None:
        """The tracked branch's sha up to which commits were recorded; None as for Rollouts."""
        ...

    def advance(self, repository: str, expected: str | None, sha: str, records: Sequence[ApprovalRecord]) -> bool:
        """Move this sha from `expected`, and store the records of the commits it passed, in one transaction.

        Returns False, and stores nothing, if another replica has moved it.
        """
        ...

    def save(self, records: Sequence[ApprovalRecord], *, settled: Collection[str] = ()) -> None:
        """Store records, by id; those whose ids are in `settled` need no more reviews."""
        ...

    def unsettled(self) -> list[ApprovalRecord]:
        """All records of each batch that still has something to review or report."""
        ...

    def of_commits(self, repository: str, shas: Sequence[str]) -> list[ApprovalRecord]:
        """Approval records of these commits, including settled ones, oldest first."""
        ...

    def since(self, since: datetime | None = None) -> Iterator[ApprovalRecord]:
        """Every record of commits first seen since then (to the second), oldest first; read in pages."""
        ...


class Cards(Protocol):
    """The message of each card in Slack."""

    def get(self, key: str) -> Posted | None:
        """The message of a card; None if it was never posted."""
        ...

    def get_all(self, keys: Sequence[str]) -> dict[str, Posted]:
        """The messages of many cards, by key, without cards that were never posted."""
        ...

    def with_prefix(self, prefix: str) -> dict[str, Posted]:
        """The messages whose key begins with this, by key. Reads every key."""
        ...

    def save(self, key: str, posted: Posted) -> None:
        """Store the message of a card."""
        ...

    def outdate(self, key: str, ts: str) -> None:
        """Have a card updated, unless it has another message by now."""
        ...

    def delete(self, key: str) -> None:
        """Forget the message of a card, which no longer exists in Slack."""
        ...


class HomeTabs(Protocol):
    """The users who opened their Home tab, and what it shows."""

    def get(self, user: str) -> Home | None:
        """A user's Home tab; None if they never opened it."""
        ...

    def seen_since(self, since: datetime, limit: int) -> list[Home]:
        """The Home tabs opened since then, at most `limit`, latest first."""
        ...

    def save(self, home: Home) -> None:
        """Store that a user opened their Home tab, or that it is about to be published."""
        ...

    def confirm(self, user: str, at: datetime, digest: str) -> bool:
        """Store that Slack accepted what was published at that time. Returns False if a later publication has begun."""
        ...


class AuditLog(Protocol):
    """Every request, who made it, and the result."""

    def append(self, entry: AuditEntry, *, finishes: str | None = None) -> None:
        """Append one entry, and delete the intent with the ID that it `finishes`, in one transaction."""
        ...

    def entries(self, since: datetime | None = None) -> Iterator[AuditEntry]:
        """Every entry since then (to the second), oldest first; read in pages."""
        ...


class ClusterWrites(Protocol):
    """Requests that changed objects of clusters, from the clusters' audit logs."""

    def save(self, cluster: str, writes: Sequence[ClusterWrite]) -> None:
        """Store requests, by id. Exactly known fields are not replaced by uncertain ones."""
        ...

    def of_objects(self, cluster: str, keys: Collection[ObjectKey]) -> list[ClusterWrite]:
        """The requests for these objects, in any order, with `unread_writes` for an object that has too many."""
        ...

    def prune(self, cluster: str, before: datetime, limit: int) -> None:
        """Delete the requests received before then, and all but the newest `limit`."""
        ...

    def prune_all(self, before: datetime) -> None:
        """Delete the requests received before then, including those of clusters that are no longer configured."""
        ...


class Claims(Protocol):
    """Claims on payloads, so that only one replica handles each."""

    def claim(self, key: str, at: datetime) -> bool:
        """Claim a key; False if any replica has claimed it within the last day."""
        ...


class Events(Protocol):
    """Events for another program, until it has accepted them."""

    def enabled_at(self, now: datetime) -> datetime:
        """When this was first called: only events since then are sent."""
        ...

    def add(self, new: Sequence[Event]) -> None:
        """Queue events in this order, except those that were queued before."""
        ...

    def waiting(self) -> list[QueuedEvent]:
        """The events still to be sent, in the order they were queued."""
        ...

    def waiting_count(self) -> int:
        """The number of events still to be sent."""
        ...

    def save(self, queued: QueuedEvent) -> None:
        """Store when to try again."""
        ...

    def finish(self, id_: str) -> None:
        """Mark an event as sent or given up."""
        ...

    def prune(self, before: datetime) -> None:
        """Delete the finished events that happened before then."""
        ...


class Store(Protocol):
    """The stored state, one part per aggregate. Every write is atomic.

    All methods raise StoreError. Within `leases.work`, those that write also raise LeaseLostError.
    """

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
    def cluster_writes(self) -> ClusterWrites:  # noqa: D102
        ...

    @property
    def events(self) -> Events:  # noqa: D102
        ...

    @property
    def homes(self) -> HomeTabs:  # noqa: D102
        ...

    @property
    def incidents(self) -> Incidents:  # noqa: D102
        ...

    @property
    def intents(self) -> Intents:  # noqa: D102
        ...

    @property
    def leases(self) -> Leases:  # noqa: D102
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

    def transaction(self) -> AbstractContextManager[None]:
        """Make everything that this thread writes within the block visible at once, or nothing after an error."""
        ...

    def settle(self, reported: ApprovalAlert | Incident | QueuedRevert | Rollout | TrackedPullRequest) -> None:
        """Mark what has ended and was reported as settled, unless it has changed since it was read."""
        ...

    def close(self) -> None:
        """Release the leases and close all connections."""
        ...

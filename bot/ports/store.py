"""The store: what outlives a restart."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.access.audit import AuditEntry
from bot.core.approvals.approval import Judgement
from bot.core.drift.model import Check
from bot.core.incidents.incident import Incident
from bot.core.pull_requests.queued import QueuedRevert
from bot.core.pull_requests.revert_pull import RevertPullRequest
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


class Store(Protocol):
    """What outlives a restart. Every write is whole or not at all. StoreError."""

    def head(self, repository: str) -> str | None:
        """The tracked branch's sha up to which rollouts were made; None before the first look."""
        ...

    def advance_head(self, repository: str, known: str | None, sha: str, rollouts: Sequence[Rollout]) -> bool:
        """Move that sha from `known` and keep the rollouts of the commits it passed, in one transaction.

        False, and nothing is kept, when another replica has moved it meanwhile.
        """
        ...

    def lead(self) -> bool:
        """Whether this replica is the one that runs the schedule and writes cards; always, with a database of its own.

        Of several replicas on one PostgreSQL just one leads, until it stops or its connection ends.
        """
        ...

    def save_checks(self, checks: Sequence[Check]) -> None:
        """Keep each application's latest check (what was set aside is not kept)."""
        ...

    def checks(self) -> dict[str, Check]:
        """The latest check of each application."""
        ...

    def incident(self, application: str) -> Incident | None:
        """The application's incident that is not resolved, if any."""
        ...

    def exchange_incident(self, before: Incident | None, after: Incident | None) -> bool:
        """Keep `after` in place of `before`, in one transaction; None is none: a new one, or a suspicion forgotten.

        False, and nothing is kept, when somebody else has changed it meanwhile: read it again and decide again. An
        application never has two that are not resolved.
        """
        ...

    def incidents(self) -> list[Incident]:
        """Incidents that still have something to tell: not resolved, or resolved and not settled."""
        ...

    def ended_incidents(self, since: datetime, most: int) -> list[Incident]:
        """Those resolved since then, settled ones too, the newest `most`, newest first.

        What was settled by a version that kept no time of it is not among them; the same holds of the next two.
        """
        ...

    def save_rollout(self, rollout: Rollout) -> None:
        """Keep a rollout, by id."""
        ...

    def rollouts(self) -> list[Rollout]:
        """Rollouts that still have something to tell, oldest first."""
        ...

    def ended_rollouts(self, since: datetime, most: int) -> list[Rollout]:
        """Those live or superseded since then, settled ones too, the newest `most`, newest first."""
        ...

    def rollouts_of(self, revisions: Sequence[str]) -> list[Rollout]:
        """Rollouts of those commits, settled ones too."""
        ...

    def save_pull_request(self, pull: RevertPullRequest) -> None:
        """Keep a revert pull request, by id."""
        ...

    def pull_requests(self) -> list[RevertPullRequest]:
        """Revert pull requests that still have something to tell."""
        ...

    def judged_head(self, repository: str) -> str | None:
        """The tracked branch's sha up to which commits were noted to be judged; None before the first look."""
        ...

    def advance_judged(self, repository: str, known: str | None, sha: str, judgements: Sequence[Judgement]) -> bool:
        """Move that sha from `known` and keep the judgements of the commits it passed, in one transaction.

        False, and nothing is kept, when another replica has moved it meanwhile.
        """
        ...

    def save_judgements(self, judgements: Sequence[Judgement], *, settled: Collection[str] = ()) -> None:
        """Keep judgements, by id; those named in `settled` need no more looks."""
        ...

    def judgements(self) -> list[Judgement]:
        """All of each batch of which something is still to be looked at or told."""
        ...

    def judgements_of(self, repository: str, shas: Sequence[str]) -> list[Judgement]:
        """Judgements of those commits, settled ones too."""
        ...

    def judgements_since(self, since: datetime | None = None) -> Iterator[Judgement]:
        """Every judgement, oldest first, of commits first seen from that second on; read in parts."""
        ...

    def save_queued(self, revert: QueuedRevert) -> None:
        """Keep a revert that waits for the forge, by id."""
        ...

    def queued(self) -> list[QueuedRevert]:
        """Queued reverts that still have something to do or to tell, oldest first."""
        ...

    def ended_pull_requests(self, since: datetime, most: int) -> list[RevertPullRequest]:
        """Those merged or closed since then, settled ones too, the newest `most`, newest first."""
        ...

    def settle(self, id_: str) -> None:
        """What has this id (an incident, a pull request …) has ended and Slack says so: it needs no more looks."""
        ...

    def card(self, key: str) -> Posted | None:
        """What Slack was last given for a card."""
        ...

    def save_card(self, key: str, posted: Posted) -> None:
        """Remember what Slack was given."""
        ...

    def drop_card(self, key: str) -> None:
        """The message is gone from Slack."""
        ...

    def home(self, user: str) -> Home | None:
        """What Slack was last given for somebody's Home; None when they never looked at it."""
        ...

    def homes(self, seen_since: datetime, most: int) -> list[Home]:
        """Of those who have looked at theirs since then, the latest `most`, latest first."""
        ...

    def save_home(self, home: Home) -> None:
        """Remember that somebody looked, or that theirs is about to be published."""
        ...

    def confirm_home(self, user: str, at: datetime, digest: str) -> bool:
        """Slack has taken what was about to be published at that instant. False when another was begun meanwhile."""
        ...

    def close(self) -> None:
        """Give every connection back, and the lead."""
        ...

    def audit(self, entry: AuditEntry) -> None:
        """Write down that somebody asked for something, and what came of it."""
        ...

    def audit_entries(self, since: datetime | None = None) -> Iterator[AuditEntry]:
        """What was written down, oldest first, from that second on; read in parts, so that it may be of any length."""
        ...

    def claim(self, key: str, at: datetime) -> bool:
        """Whether nobody, on any replica, has claimed this key before. Keys are forgotten after a day."""
        ...

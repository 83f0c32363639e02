"""Tracks one merge on its way to the clusters: from merged to live, late or superseded."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bot.core.applications.deployer_status import DeployerFailure
from bot.core.changes.rendered_change import NO_CHANGE, RenderedChange
from bot.core.changes.suspect import Suspect
from bot.core.git.author import Author
from bot.core.git.people import ChangePeople
from bot.core.objects.health import Unready
from bot.core.objects.images import Unpinned
from bot.i18n.language import Text

MAX_LISTED: Final = 10  # pending objects, and unpinned images, per application


class RolloutState(StrEnum):
    """ROLLING until every application is live or a newer merge has SUPERSEDED it.

    LATE past the deadline, or once a workload has failed for good. A late rollout is still observed.
    """

    ROLLING = "rolling"
    LATE = "late"
    LIVE = "live"
    SUPERSEDED = "superseded"


ENDED_STATES = frozenset({RolloutState.LIVE, RolloutState.SUPERSEDED})


@dataclass(frozen=True, slots=True)
class PendingState:
    """What was still pending when an application was observed: at most MAX_LISTED of each kind; `total` counts all.

    `missing` fields and objects are not applied yet (`Deployment web: replicas`); `remaining` objects were removed
    from git but are still in the cluster; `unready` workloads were applied but are not ready. `failure` is the error
    that the deployer reports.
    """

    missing: tuple[str, ...] = ()
    remaining: tuple[str, ...] = ()
    unready: tuple[Unready, ...] = ()
    failure: DeployerFailure | None = None
    total: int = 0

    @property
    def has_failed(self) -> bool:
        """Whether a workload has failed for good: it won't become ready unless someone intervenes."""
        return any(workload.failed for workload in self.unready)


NOTHING_PENDING: Final = PendingState()


@dataclass(frozen=True, slots=True)
class ApplicationChange:
    """What the merge changes in one application.

    `unpinned` lists at most MAX_LISTED of the `images` unpinned images that it adds. `why` is set, and nothing else, if
    the change is unknown.
    """

    rendered: RenderedChange = NO_CHANGE
    unpinned: tuple[Unpinned, ...] = ()
    images: int = 0
    why: Text | None = None


@dataclass(frozen=True, slots=True)
class ApplicationRollout:
    """One application's part of a rollout.

    `pending` is what the last successful observation found pending; `error` is why the latest one failed, if it did.
    `change` is None until it has been rendered.
    """

    application: str
    cluster: str
    channel: str
    live_at: datetime | None = None
    pending: PendingState = NOTHING_PENDING
    error: Text | None = None
    change: ApplicationChange | None = None


@dataclass(frozen=True, slots=True)
class Rollout:
    """One merge to a tracked branch, from `parent` to `revision`, that changed at least one application.

    - `merged_at` is the forge's time, or if there is none, when the bot first saw the merge.
    - `approved_by` are forge logins. `authors`, `more_authors`, `requester` and `pull_author` are as in ChangePeople.
    - `merges` is how many merges this rollout stands for; it is the last of them.
    - `rewritten` means that the branch was force-pushed to this revision.
    - `suspects` are the commits that last changed the workloads that aren't ready; None until the bot has searched for
      them.
    """

    id: str
    repository: str
    branch: str
    revision: str
    parent: str | None
    subject: str
    author: str
    merged_at: datetime
    parts: tuple[ApplicationRollout, ...]
    url: str | None = None
    pull_number: int | None = None
    pull_url: str | None = None
    merged_by: str | None = None
    approved_by: tuple[str, ...] = ()
    authors: tuple[Author, ...] = ()
    more_authors: int = 0
    merges: int = 1
    rewritten: bool = False
    state: RolloutState = RolloutState.ROLLING
    superseded_by: str | None = None
    ended_at: datetime | None = None
    suspects: tuple[Suspect, ...] | None = None
    pull_author: str = ""
    requester: str = ""

    @property
    def people(self) -> ChangePeople:
        """The people behind the merge."""
        return ChangePeople(
            authors=self.authors,
            more_authors=self.more_authors,
            tool=self.author,
            requester=self.requester,
            pull_author=self.pull_author,
            approvers=self.approved_by,
            merger=self.merged_by or "",
        )


@dataclass(frozen=True, slots=True)
class Observation:
    """One observation of one application: it is live if nothing is `pending` and there is no `error`."""

    pending: PendingState = NOTHING_PENDING
    error: Text | None = None


def apply_observations(
    rollout: Rollout, observations: Mapping[str, Observation], *, now: datetime, deadline: timedelta
) -> Rollout:
    """The rollout after the latest observations, given by application; applications without one don't change.

    An application that was live once stays live: later differences are drift, which has its own card.
    """
    parts = tuple(_observe(part, observations.get(part.application), now) for part in rollout.parts)
    if all(part.live_at for part in parts):
        return replace(rollout, parts=parts, state=RolloutState.LIVE, ended_at=now)
    has_failed = any(part.pending.has_failed for part in parts if part.live_at is None)
    is_late = has_failed or now - rollout.merged_at >= deadline
    return replace(rollout, parts=parts, state=RolloutState.LATE if is_late else RolloutState.ROLLING)


def mark_superseded(rollout: Rollout, newer: Rollout, *, now: datetime) -> Rollout:
    """Supersede a rollout if a newer merge is live in every application that the older one still waits for."""
    waiting = {part.application for part in rollout.parts if part.live_at is None}
    live = {part.application for part in newer.parts if part.live_at is not None}
    if not waiting or not waiting <= live or rollout.state in ENDED_STATES:
        return rollout
    return replace(rollout, state=RolloutState.SUPERSEDED, superseded_by=newer.revision, ended_at=now)


def rolling_applications(rollouts: Iterable[Rollout]) -> frozenset[str]:
    """The applications with a rollout in progress that is not late."""
    return frozenset(
        part.application
        for rollout in rollouts
        if rollout.state is RolloutState.ROLLING
        for part in rollout.parts
        if part.live_at is None
    )


def _observe(part: ApplicationRollout, observation: Observation | None, now: datetime) -> ApplicationRollout:
    if part.live_at is not None or observation is None:
        return part
    if observation.error is not None:
        return replace(part, error=observation.error)
    if observation.pending != NOTHING_PENDING:
        return replace(part, pending=observation.pending, error=None)
    return replace(part, live_at=now, pending=NOTHING_PENDING, error=None)

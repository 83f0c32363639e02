"""One merge on its way to the clusters: from merged, to live, or to what is missing after the deadline."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bot.core.applications.deployer import DeployerFailure
from bot.core.changes.rendered_change import NO_CHANGE, RenderedChange
from bot.core.changes.suspect import Suspect
from bot.core.git.author import Author
from bot.core.objects.health import Unready
from bot.core.objects.images import Unpinned

MAX_LISTED: Final = 10  # of what a part still lacks, and of its images


class RolloutState(StrEnum):
    """ROLLING until every part is live; SUPERSEDED by a newer merge.

    LATE past the deadline, or once a workload has given up by itself; it is still watched.
    """

    ROLLING = "rolling"
    LATE = "late"
    LIVE = "live"
    SUPERSEDED = "superseded"


ENDED_STATES = frozenset({RolloutState.LIVE, RolloutState.SUPERSEDED})


@dataclass(frozen=True, slots=True)
class PendingState:
    """What one look at a part found wanting, the first of each; nothing at all means that it is live.

    `missing` has not arrived (`Deployment web: spec.replicas`), `remaining` is gone from git and still in the cluster,
    `unready` has arrived and does not run; `failure` is what the deployer says of it.
    """

    missing: tuple[str, ...] = ()
    remaining: tuple[str, ...] = ()
    unready: tuple[Unready, ...] = ()
    failure: DeployerFailure | None = None
    total: int = 0

    @property
    def has_failed(self) -> bool:
        """Whether nothing will come of it without somebody doing something."""
        return any(each.failed for each in self.unready)


NOTHING_PENDING: Final = PendingState()


@dataclass(frozen=True, slots=True)
class ApplicationChange:
    """What the merge changes in one application: bounded; `unpinned` are images that it brings, `images` how many.

    `why` says why it is not known, and then there is nothing else.
    """

    rendered: RenderedChange = NO_CHANGE
    unpinned: tuple[Unpinned, ...] = ()
    images: int = 0
    why: str | None = None


@dataclass(frozen=True, slots=True)
class ApplicationRollout:
    """One application's share of a rollout.

    `lacking` is what the last look that could tell found wanting, `error` why the last look could not tell. `change` is
    None until it has been worked out.
    """

    application: str
    cluster: str
    channel: str
    live_at: datetime | None = None
    lacking: PendingState = NOTHING_PENDING
    error: str | None = None
    change: ApplicationChange | None = None


@dataclass(frozen=True, slots=True)
class Rollout:
    """One merge to a tracked branch that changed at least one application: from `parent` to `revision`.

    `merged_at` is the forge's word where there is one, else when the bot first saw it. `approved_by` are forge logins.
    `authors` wrote its commits, the first of them; `more_authors` says how many others did. `merges`: so many are
    told as one, of which this is the last. `rewritten`: the branch was forced to where it is now. `suspects` are the
    commits that last changed what does not come up, None until they were looked for.
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


@dataclass(frozen=True, slots=True)
class Observation:
    """One look at one part: nothing `lacking` and no `error` means that it is live."""

    pending: PendingState = NOTHING_PENDING
    error: str | None = None


def apply_observations(
    rollout: Rollout, observations: Mapping[str, Observation], *, now: datetime, deadline: timedelta
) -> Rollout:
    """The rollout after one more look. `observed` is by application; one that was not looked at stays as it was.

    A part that was live once stays live: what happens to it later is drift, and has a card of its own.
    """
    parts = tuple(_observe(part, observations.get(part.application), now) for part in rollout.parts)
    if all(part.live_at for part in parts):
        return replace(rollout, parts=parts, state=RolloutState.LIVE, ended_at=now)
    given_up = any(part.lacking.has_failed for part in parts if part.live_at is None)
    late = given_up or now - rollout.merged_at >= deadline
    return replace(rollout, parts=parts, state=RolloutState.LATE if late else RolloutState.ROLLING)


def mark_superseded(rollout: Rollout, newer: Rollout, *, now: datetime) -> Rollout:
    """An older rollout once a newer merge is live in everything the older one still waits for."""
    waiting = {part.application for part in rollout.parts if part.live_at is None}
    arrived = {part.application for part in newer.parts if part.live_at is not None}
    if not waiting or not waiting <= arrived or rollout.state in ENDED_STATES:
        return rollout
    return replace(rollout, state=RolloutState.SUPERSEDED, superseded_by=newer.revision, ended_at=now)


def rolling_applications(rollouts: Iterable[Rollout]) -> frozenset[str]:
    """Applications that a merge is still on its way to, within its deadline."""
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
        return replace(part, lacking=observation.pending, error=None)
    return replace(part, live_at=now, lacking=NOTHING_PENDING, error=None)

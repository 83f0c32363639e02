"""Tracks one merge on its way to the clusters, and for a while after it went live."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bot.core.changes.rendered_change import NO_CHANGE, RenderedChange
from bot.core.changes.suspect import Suspect
from bot.core.git.author import Author
from bot.core.git.commit_check import CommitCheck, CommitChecks
from bot.core.git.people import ChangePeople
from bot.core.objects.images import Unpinned
from bot.core.rollouts.pending import NOTHING_PENDING, PendingState
from bot.core.rollouts.running_images import ImageMismatch
from bot.i18n.language import Text


class RolloutState(StrEnum):
    """ROLLING until every application is live, or a newer merge has SUPERSEDED or REVERTED it.

    LATE after the deadline, or once it clearly needs help; a late rollout is still observed. A live or superseded one
    is DEGRADED if one of its objects becomes unhealthy while it is watched, and what it was once that is over.
    """

    ROLLING = "rolling"
    LATE = "late"
    LIVE = "live"
    DEGRADED = "degraded"
    SUPERSEDED = "superseded"
    REVERTED = "reverted"


ENDED_STATES = frozenset({RolloutState.LIVE, RolloutState.SUPERSEDED, RolloutState.REVERTED})
# A workload with a known problem, such as a crash loop, may still recover by itself within this time.
STUCK_AFTER: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Limits:
    """`deadline` is how long a merge may take, `watch` how long its health is followed after it went live."""

    deadline: timedelta
    watch: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class ApplicationChange:
    """What the merge changes in one application.

    `unpinned` lists at most MAX_LISTED of the unpinned images that it adds, which `images` counts. `is_removal` means
    that it removes all objects. If the change is unknown, only `why` is set.
    """

    rendered: RenderedChange = NO_CHANGE
    unpinned: tuple[Unpinned, ...] = ()
    images: int = 0
    why: Text | None = None
    is_removal: bool = False


@dataclass(frozen=True, slots=True)
class ApplicationRollout:
    """One application's part of a rollout.

    `pending` is what the last successful observation found pending, or after `live_at`, unhealthy; `error` is why the
    latest one failed, if it did. `change` is None until it has been rendered.

    `stuck_since` is when an observation first found the known problem that still exists. The application is watched
    until `watched_until`; None before and after that. `degraded_at` is when it first became unhealthy in that time, and
    `recovered_at` when it last recovered. `images` are those that do not run as declared.

    `newer` is the revision of the newest later merge that is live in the application. `superseded_by` is that revision
    once everything that the rollout was waiting for is live as that merge declares it.

    `parent` is the revision that the application tracked before, if that isn't the rollout's parent.

    The application has not existed on the cluster since `missing_since`; None if it does. `gone_at` is when the bot
    stopped observing it for that reason.

    `overridden` are the changed objects that a later source of the same resource declared, too, by API group, kind,
    namespace, and name; None until the later sources have been read. They aren't waited for.
    """

    application: str
    cluster: str
    channel: str
    live_at: datetime | None = None
    pending: PendingState = NOTHING_PENDING
    error: Text | None = None
    change: ApplicationChange | None = None
    stuck_since: datetime | None = None
    watched_until: datetime | None = None
    degraded_at: datetime | None = None
    recovered_at: datetime | None = None
    images: tuple[ImageMismatch, ...] = ()
    newer: str | None = None
    superseded_by: str | None = None
    parent: str | None = None
    gone_at: datetime | None = None
    missing_since: datetime | None = None
    overridden: tuple[tuple[str, str, str, str], ...] | None = None

    @property
    def is_pending(self) -> bool:
        """Whether it is not live yet."""
        return self.live_at is None and self.superseded_by is None

    @property
    def is_unknown(self) -> bool:
        """Whether the bot can't tell if it is live."""
        return self.is_pending and self.error is not None

    @property
    def is_degraded(self) -> bool:
        """Whether it was live, and is unhealthy now."""
        return self.degraded_at is not None and self.recovered_at is None and self.superseded_by is None

    @property
    def is_unresolved(self) -> bool:
        """Whether it is not live yet, or is unhealthy now."""
        return self.is_pending or self.is_degraded

    @property
    def is_observed(self) -> bool:
        """Whether the bot observes it: until it is live, and while it is watched, unless it no longer exists."""
        return self.gone_at is None and (self.is_pending or self.watched_until is not None)


@dataclass(frozen=True, slots=True)
class Rollout:
    """One merge to a tracked branch, from `parent` to `revision`, that changed at least one application.

    - `id` is that of the arrival: a commit can be removed from a branch and reach it again.
    - `merged_at` is the forge's time of a pull request into the tracked branch. If that's unknown or long before the
      commit reached what is tracked, or the branch was rewritten, it's when the bot first saw the commit there.
    - `approved_by` are forge logins, None if the forge could not say. `authors`, `more_authors`, `requester` and
      `pull_author` are as in ChangePeople.
    - `first_commit_at` is when the earliest of its commits was written; None if unknown.
    - `merges` is how many merges this rollout covers; `revision` is the last of them.
    - `rewritten` means that the branch was force-pushed to this revision.
    - `retargeted` means that the target revision of its applications changed to this revision: nothing was merged.
    - `ended_at` is when it was first live everywhere, or else when it was superseded or reverted.
    - `checks` are those of the merged revision, None until they have been read; `failed_checks` are those of the pull
      request that had failed when it was merged.
    - `degradations` is how often it became unhealthy after it was live.
    - `reverts` are the commits that its own commits revert, full SHAs.
    - `reverted_by` is the revision or the pull request (`#7`) that reverted it, and `reverted_url` its page.
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
    approved_by: tuple[str, ...] | None = ()
    authors: tuple[Author, ...] = ()
    more_authors: int = 0
    merges: int = 1
    rewritten: bool = False
    state: RolloutState = RolloutState.ROLLING
    superseded_by: str | None = None
    ended_at: datetime | None = None
    suspects: tuple[Suspect, ...] | None = None
    checks: CommitChecks | None = None
    failed_checks: tuple[CommitCheck, ...] = ()
    degradations: int = 0
    reverts: tuple[str, ...] = ()
    reverted_by: str | None = None
    reverted_url: str | None = None
    pull_author: str = ""
    requester: str = ""
    first_commit_at: datetime | None = None
    retargeted: bool = False

    def parent_of(self, part: ApplicationRollout) -> str | None:
        """The revision that one of its applications tracked before."""
        return part.parent or self.parent

    @property
    def is_over(self) -> bool:
        """Whether it is final, unless someone does something."""
        has_ended = self.state in ENDED_STATES
        return not any(part.watched_until if has_ended else part.is_observed for part in self.parts)

    @property
    def went_live(self) -> bool:
        """Whether it was live in all of its applications, whatever happened later."""
        return all(part.live_at for part in self.parts)

    @property
    def people(self) -> ChangePeople:
        """The people behind the merge. Of several merges, only the authors: the rest is known only of the newest."""
        if self.merges > 1:
            return ChangePeople(authors=self.authors, more_authors=self.more_authors, tool=self.author)
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
    """One observation of one application: it is live if nothing is `pending` and there is no `error`.

    `images` do not run as declared; they are only known once it is live. `superseded_by` is the revision of the newer
    merge that it was compared with, if that merge changed the same objects. `is_gone` means that the application no
    longer exists on the cluster, so there is nothing to compare.
    """

    pending: PendingState = NOTHING_PENDING
    error: Text | None = None
    images: tuple[ImageMismatch, ...] = ()
    superseded_by: str | None = None
    is_gone: bool = False


def apply_observations(
    rollout: Rollout, observations: Mapping[str, Observation], *, now: datetime, limits: Limits
) -> Rollout:
    """The rollout after the latest observations, given by application; applications without one don't change.

    An application that was live once stays live: later differences are drift, which has its own card.
    """
    rollout = _without_future(rollout, now, limits)
    parts = tuple(
        _end_watch(_observe(part, observations.get(part.application), now, limits), now) for part in rollout.parts
    )
    rollout = replace(rollout, parts=parts)
    is_degraded = any(part.is_degraded for part in parts)
    if not any(part.is_pending for part in parts):
        newer = next((part.superseded_by for part in reversed(parts) if part.superseded_by), None)
        state = RolloutState.SUPERSEDED if newer else RolloutState.LIVE
        state = RolloutState.DEGRADED if is_degraded else state
        degradations = rollout.degradations + (state is RolloutState.DEGRADED and rollout.state is not state)
        ended_at = rollout.ended_at or now
        return replace(rollout, state=state, superseded_by=newer, ended_at=ended_at, degradations=degradations)
    is_stuck = any(needs_help(part, now) for part in parts if part.is_pending)
    is_late = is_stuck or is_degraded or now - rollout.merged_at >= limits.deadline
    return replace(rollout, state=RolloutState.LATE if is_late else RolloutState.ROLLING)


def _without_future(rollout: Rollout, now: datetime, limits: Limits) -> Rollout:
    """The rollout with now in place of times to come, from a clock that was ahead."""

    def corrected(at: datetime | None, latest: datetime = now) -> datetime | None:
        return at and min(at, latest)

    parts = tuple(
        replace(
            part,
            live_at=corrected(part.live_at),
            stuck_since=corrected(part.stuck_since),
            watched_until=corrected(part.watched_until, now + limits.watch),
            degraded_at=corrected(part.degraded_at),
            recovered_at=corrected(part.recovered_at),
            gone_at=corrected(part.gone_at),
            missing_since=corrected(part.missing_since),
        )
        for part in rollout.parts
    )
    return replace(rollout, parts=parts, merged_at=min(rollout.merged_at, now), ended_at=corrected(rollout.ended_at))


def relate_to_newer(rollout: Rollout, newer: Rollout) -> Rollout:
    """The rollout, given a newer merge.

    What the rollout is still waiting for is from now on compared with the newer merge, if that is live. The bot stops
    watching other applications if the newer merge changes the same objects: they are watched for that merge.
    """
    if rollout.state is RolloutState.REVERTED:
        return rollout
    newer_parts = {part.application: part for part in newer.parts}

    def related(part: ApplicationRollout) -> ApplicationRollout:
        newer_part = newer_parts.get(part.application)
        if newer_part is None or part.superseded_by:
            return part
        if newer.repository != rollout.repository and newer_part.cluster != part.cluster:
            return part  # it may be another application of the same name
        if not part.is_unresolved:
            return replace(part, watched_until=None) if _is_taken_over(part, newer_part) else part
        is_live = newer_part.live_at is not None and not newer_part.is_degraded
        return replace(part, newer=newer_part.newer or newer.revision) if is_live else part

    return replace(rollout, parts=tuple(map(related, rollout.parts)))


def mark_reverted(rollout: Rollout, by: Rollout, *, now: datetime) -> Rollout:
    """The rollout after the merge `by` has reverted it."""
    if rollout.state is RolloutState.REVERTED:
        return rollout
    name = f"#{by.pull_number}" if by.pull_number else by.revision
    return replace(
        _unwatched(rollout),
        state=RolloutState.REVERTED,
        reverted_by=name,
        reverted_url=by.pull_url or by.url,
        ended_at=rollout.ended_at or now,
    )


def needs_help(part: ApplicationRollout, now: datetime) -> bool:
    """Whether the application won't be healthy unless someone intervenes."""
    if part.pending.has_failed:
        return True
    is_lasting = part.stuck_since is not None and now - part.stuck_since >= STUCK_AFTER
    return is_lasting and part.pending.is_reported


def rolling_applications(rollouts: Iterable[Rollout]) -> frozenset[str]:
    """The applications with a rollout in progress that is not late."""
    return pending_applications(rollout for rollout in rollouts if rollout.state is RolloutState.ROLLING)


def pending_applications(rollouts: Iterable[Rollout]) -> frozenset[str]:
    """The applications in which a merge isn't live yet, even if its rollout is late."""
    return frozenset(
        part.application
        for rollout in rollouts
        if rollout.state not in ENDED_STATES
        for part in rollout.parts
        if part.is_pending and part.is_observed
    )


def _observe(
    part: ApplicationRollout, observation: Observation | None, now: datetime, limits: Limits
) -> ApplicationRollout:
    """The application after an observation. The rollout waits until the deadline for one that is gone to return."""
    if observation is None or not part.is_observed:
        return part
    missing_since = part.missing_since or now if observation.is_gone else None
    part = replace(part, missing_since=missing_since)
    if missing_since and part.is_unresolved and now - missing_since >= limits.deadline:
        part = replace(part, watched_until=None, gone_at=now)
    if observation.error is not None:
        return replace(part, error=observation.error) if part.live_at is None else part
    if observation.superseded_by and observation.pending == NOTHING_PENDING:
        stuck_since = part.stuck_since if needs_help(part, now) else None
        superseded_by = observation.superseded_by
        return replace(part, superseded_by=superseded_by, stuck_since=stuck_since, error=None, watched_until=None)
    part = replace(part, pending=observation.pending, error=None, images=observation.images)
    if part.live_at is not None:
        return _watch(part, now, limits)
    if observation.pending == NOTHING_PENDING:
        watched_until = now + limits.watch if limits.watch else None
        return replace(part, live_at=now, stuck_since=None, watched_until=watched_until)
    return replace(part, stuck_since=part.stuck_since or now if part.pending.is_reported else None)


def _watch(part: ApplicationRollout, now: datetime, limits: Limits) -> ApplicationRollout:
    """A live application after an observation. It has time to recover before it counts as degraded."""
    if part.pending == NOTHING_PENDING:
        return replace(part, stuck_since=None, recovered_at=now if part.is_degraded else part.recovered_at)
    part = replace(part, stuck_since=part.stuck_since or now)
    is_lasting = part.stuck_since is not None and now - part.stuck_since >= limits.deadline
    if part.is_degraded or not (is_lasting or needs_help(part, now)):
        return part
    return replace(part, degraded_at=part.degraded_at or now, recovered_at=None)


def _end_watch(part: ApplicationRollout, now: datetime) -> ApplicationRollout:
    """A degraded application is watched until it has recovered, or a newer merge is live."""
    if part.watched_until is None or part.is_degraded or now < part.watched_until:
        return part
    return replace(part, watched_until=None, pending=NOTHING_PENDING, stuck_since=None)


def _is_taken_over(part: ApplicationRollout, newer: ApplicationRollout) -> bool:
    """Whether a newer merge changes some of the same objects, or may do so; False until its change is known."""
    if newer.change is None:
        return False
    if part.change is None or part.change.why is not None or newer.change.why is not None:
        return True
    return part.change.rendered.may_overlap(newer.change.rendered)


def _unwatched(rollout: Rollout) -> Rollout:
    return replace(rollout, parts=tuple(replace(part, watched_until=None) for part in rollout.parts))

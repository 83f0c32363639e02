"""One merge on its way to the clusters: from merged, to live, or to what is missing after the deadline."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum


class RolloutState(StrEnum):
    """ROLLING until every part is live; LATE past the deadline, and still watched; SUPERSEDED by a newer merge."""

    ROLLING = "rolling"
    LATE = "late"
    LIVE = "live"
    SUPERSEDED = "superseded"


ENDED = frozenset({RolloutState.LIVE, RolloutState.SUPERSEDED})


@dataclass(frozen=True, slots=True)
class Part:
    """One application's share of a rollout.

    `missing` names what has not arrived (`Deployment web: spec.replicas`), `error` why the last look could not tell.
    """

    application: str
    cluster: str
    channel: str
    live_at: datetime | None = None
    missing: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Rollout:
    """One first-parent commit of a tracked branch that changed at least one application.

    `merged_at` is the forge's word where there is one, else when the bot first saw it. `approved_by` are forge logins.
    """

    id: str
    repository: str
    branch: str
    revision: str
    parent: str | None
    subject: str
    author: str
    merged_at: datetime
    parts: tuple[Part, ...]
    url: str | None = None
    pull_number: int | None = None
    pull_url: str | None = None
    merged_by: str | None = None
    approved_by: tuple[str, ...] = ()
    state: RolloutState = RolloutState.ROLLING
    superseded_by: str | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """One look at one part: nothing `missing` and no `error` means that it is live."""

    missing: tuple[str, ...] = ()
    error: str | None = None


def decide(rollout: Rollout, observed: Mapping[str, Observation], *, now: datetime, deadline: timedelta) -> Rollout:
    """The rollout after one more look. `observed` is by application; one that was not looked at stays as it was.

    A part that was live once stays live: what happens to it later is drift, and has a card of its own.
    """
    parts = tuple(_look(part, observed.get(part.application), now) for part in rollout.parts)
    if all(part.live_at for part in parts):
        return replace(rollout, parts=parts, state=RolloutState.LIVE, ended_at=now)
    late = now - rollout.merged_at >= deadline
    return replace(rollout, parts=parts, state=RolloutState.LATE if late else RolloutState.ROLLING)


def supersede(rollout: Rollout, newer: Rollout, *, now: datetime) -> Rollout:
    """An older rollout once a newer merge is live in everything the older one still waits for."""
    waiting = {part.application for part in rollout.parts if part.live_at is None}
    arrived = {part.application for part in newer.parts if part.live_at is not None}
    if not waiting or not waiting <= arrived or rollout.state in ENDED:
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


def _look(part: Part, observation: Observation | None, now: datetime) -> Part:
    if part.live_at is not None or observation is None:
        return part
    if observation.error is not None:
        return replace(part, error=observation.error)
    if observation.missing:
        return replace(part, missing=observation.missing, error=None)
    return replace(part, live_at=now, missing=(), error=None)

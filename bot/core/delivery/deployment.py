"""What the metrics need to know about one merge in one application."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.core.rollouts.rollout import ApplicationRollout, Rollout, RolloutState, needs_help


class DeploymentOutcome(StrEnum):
    """How a deployment went. The values are stored.

    FAILED: it was degraded while it was watched, or was stuck until a newer merge replaced it. INTERRUPTED: a newer
    merge replaced it before it was live. WATCHED: it is live, and may still fail.
    """

    IN_PROGRESS = "in progress"
    WATCHED = "watched"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REVERTED = "reverted"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Deployment:
    """One merge in one application; most fields are as in Rollout and ApplicationRollout.

    `failed_at` is when it became degraded or stuck, and `recovered_at` when it was healthy again without a newer merge.
    """

    rollout: str
    application: str
    cluster: str
    revision: str
    merged_at: datetime
    outcome: DeploymentOutcome
    first_commit_at: datetime | None = None
    live_at: datetime | None = None
    failed_at: datetime | None = None
    recovered_at: datetime | None = None
    reverts: tuple[str, ...] = ()
    merges: int = 1


def deployments_of(rollout: Rollout) -> list[Deployment]:
    """The deployments of a rollout: one for each application that it changes."""
    return [_deployment(rollout, part) for part in rollout.parts]


def _deployment(rollout: Rollout, part: ApplicationRollout) -> Deployment:
    was_stuck = part.live_at is None and rollout.ended_at is not None and needs_help(part, rollout.ended_at)
    return Deployment(
        rollout=rollout.id,
        application=part.application,
        cluster=part.cluster,
        revision=rollout.revision,
        merged_at=rollout.merged_at,
        outcome=_outcome(rollout.state, part, was_stuck=was_stuck),
        first_commit_at=rollout.first_commit_at,
        live_at=part.live_at,
        failed_at=part.stuck_since if was_stuck else part.degraded_at,
        recovered_at=part.recovered_at,
        reverts=rollout.reverts,
        merges=rollout.merges,
    )


def _outcome(state: RolloutState, part: ApplicationRollout, *, was_stuck: bool) -> DeploymentOutcome:
    if state is RolloutState.REVERTED:
        return DeploymentOutcome.REVERTED
    if part.degraded_at is not None:
        return DeploymentOutcome.FAILED
    if part.live_at is not None:
        return DeploymentOutcome.WATCHED if part.watched_until else DeploymentOutcome.SUCCEEDED
    if state in (RolloutState.ROLLING, RolloutState.LATE):
        return DeploymentOutcome.IN_PROGRESS
    return DeploymentOutcome.FAILED if was_stuck else DeploymentOutcome.INTERRUPTED

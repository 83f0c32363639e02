"""The status of a rollout in one word, at the start of its card."""

from enum import StrEnum

from bot.core.health.status import HealthStatus
from bot.core.rollouts.rollout import ApplicationRollout, Rollout, RolloutState

_SUSPENDED = "Suspended"  # what a deployer reports instead of deploying


class Outcome(StrEnum):
    """The status of a rollout, as the card words it."""

    ROLLING_OUT = "rolling out"
    LIVE = "live"
    DEGRADED = "degraded"  # was live
    PARTLY_LIVE = "partly live"
    SUPERSEDED = "superseded"
    REVERTED = "reverted"
    PAUSED = "paused"
    STUCK = "stuck"
    TIMED_OUT = "timed out"
    UNKNOWN = "unknown"


_OF_STATE = {
    RolloutState.LIVE: Outcome.LIVE,
    RolloutState.DEGRADED: Outcome.DEGRADED,
    RolloutState.SUPERSEDED: Outcome.SUPERSEDED,
    RolloutState.REVERTED: Outcome.REVERTED,
}


def outcome(rollout: Rollout) -> Outcome:
    """The status of the rollout after its latest observation."""
    if rollout.state in _OF_STATE:
        return _OF_STATE[rollout.state]
    waiting = [part for part in rollout.parts if part.is_pending]
    if waiting and all(map(is_paused, waiting)):
        return Outcome.PAUSED
    if rollout.state is RolloutState.ROLLING:
        return Outcome.ROLLING_OUT
    if any(part.is_degraded for part in rollout.parts):
        return Outcome.DEGRADED
    if all(part.is_unknown for part in waiting):
        return Outcome.UNKNOWN
    if len(waiting) < len(rollout.parts):
        return Outcome.PARTLY_LIVE
    is_known_stuck = any(is_stuck(part) for part in waiting if not part.is_unknown)
    return Outcome.STUCK if is_known_stuck else Outcome.TIMED_OUT


def is_paused(part: ApplicationRollout) -> bool:
    """Whether an application only waits for someone to resume a workload or the deployer."""
    pending = part.pending
    if part.error is not None:
        return False
    if pending.failure is not None and pending.failure.reason == _SUSPENDED:
        return True
    if not (pending.unready and pending.is_applied):
        return False
    return all(unready.health is HealthStatus.SUSPENDED for unready in pending.unready)


def is_stuck(part: ApplicationRollout) -> bool:
    """Whether the bot knows why an application does not become live."""
    return part.pending.has_failed or part.pending.cause is not None

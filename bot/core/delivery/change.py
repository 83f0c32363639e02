"""Merges as the metrics count them: timed from the first merge that they replaced, and with the end of each failure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.delivery.deployment import Deployment, DeploymentOutcome

_FAILURES = frozenset({DeploymentOutcome.FAILED, DeploymentOutcome.REVERTED})
_UNDECIDED = frozenset({DeploymentOutcome.IN_PROGRESS, DeploymentOutcome.WATCHED})


@dataclass(frozen=True, slots=True)
class TracedDeployment:
    """A deployment among the others of its application.

    `merged_at` and `first_commit_at` are the earliest of this deployment and those that it interrupted; None if
    unknown. `failed_at` and `restored_at` are when its failure began and ended.
    """

    deployment: Deployment
    merged_at: datetime | None
    first_commit_at: datetime | None
    failed_at: datetime | None
    restored_at: datetime | None


@dataclass(frozen=True, slots=True)
class Change:
    """One merge in some applications: it is live when it is live in all of them, and fails if it fails in one.

    `at` is the time that decides which period it belongs to. `has_failed` is None while it is unknown.
    """

    at: datetime
    merged_at: datetime | None
    first_commit_at: datetime | None
    live_at: datetime | None
    has_failed: bool | None
    failed_at: datetime | None
    restored_at: datetime | None


def trace(deployments: Iterable[Deployment]) -> list[TracedDeployment]:
    """Relate every deployment to the earlier and later ones of its application."""
    by_application: defaultdict[str, list[Deployment]] = defaultdict(list)
    for deployment in sorted(deployments, key=lambda deployment: (deployment.merged_at, deployment.rollout)):
        by_application[deployment.application].append(deployment)
    return [traced for ordered in by_application.values() for traced in _trace(ordered)]


def changes(deployments: Iterable[TracedDeployment]) -> list[Change]:
    """One change for each merge. A merge that a newer one replaced everywhere is part of that one, unless it failed."""
    by_rollout: defaultdict[str, list[TracedDeployment]] = defaultdict(list)
    for traced in deployments:
        if traced.deployment.outcome is not DeploymentOutcome.INTERRUPTED:
            by_rollout[traced.deployment.rollout].append(traced)
    return [_change(parts) for parts in by_rollout.values()]


def _trace(ordered: Sequence[Deployment]) -> Iterable[TracedDeployment]:
    """The deployments of one application, oldest first."""
    interrupted: list[Deployment] = []
    for index, deployment in enumerate(ordered):
        included = [deployment, *interrupted]
        if deployment.live_at is not None:
            interrupted = []
        elif deployment.outcome is not DeploymentOutcome.REVERTED:  # the next one doesn't deliver a reverted one
            interrupted.append(deployment)
        is_known = all(part.merges == 1 for part in included)
        first_commits = [part.first_commit_at for part in included if part.first_commit_at]
        yield TracedDeployment(
            deployment,
            merged_at=min(part.merged_at for part in included) if is_known else None,
            first_commit_at=min(first_commits) if is_known and len(first_commits) == len(included) else None,
            failed_at=_failed_at(deployment),
            restored_at=_restored_at(deployment, ordered[index + 1 :]),
        )


def _failed_at(deployment: Deployment) -> datetime | None:
    """When the failure began: for a revert without an observed problem, when the merge went live."""
    if deployment.outcome is DeploymentOutcome.REVERTED:
        return deployment.failed_at or deployment.live_at
    return deployment.failed_at


def _restored_at(deployment: Deployment, later: Sequence[Deployment]) -> datetime | None:
    """When it recovered by itself, or a newer deployment went live without failing: after a revert, that one or later.

    None if it did not fail, or if that is unknown. What was live before the failure did not end it.
    """
    if deployment.outcome not in _FAILURES or deployment.recovered_at:
        return deployment.recovered_at
    start, failed_at = 0, _failed_at(deployment)
    if deployment.outcome is DeploymentOutcome.REVERTED:
        reverting = (index for index, newer in enumerate(later) if deployment.revision in newer.reverts)
        start = next(reverting, len(later))
    live = (newer.live_at for newer in later[start:] if newer.live_at and newer.outcome not in _FAILURES)
    return next((live_at for live_at in live if failed_at is None or live_at >= failed_at), None)


def _change(parts: Sequence[TracedDeployment]) -> Change:
    live = [part.deployment.live_at for part in parts if part.deployment.live_at]
    live_at = max(live) if len(live) == len(parts) else None
    failures = [part for part in parts if part.deployment.outcome in _FAILURES]
    failed_at = min((part.failed_at for part in failures if part.failed_at), default=None)
    restored = [part.restored_at for part in failures if part.restored_at]
    is_undecided = any(part.deployment.outcome in _UNDECIDED for part in parts)
    return Change(
        at=live_at or failed_at or parts[0].deployment.merged_at,
        merged_at=_earliest([part.merged_at for part in parts]),
        first_commit_at=_earliest([part.first_commit_at for part in parts]),
        live_at=live_at,
        has_failed=bool(failures) or (None if is_undecided else False),
        failed_at=failed_at,
        restored_at=max(restored) if failures and len(restored) == len(failures) else None,
    )


def _earliest(times: Sequence[datetime | None]) -> datetime | None:
    """The earliest time; None if one is unknown."""
    known_times = [time for time in times if time]
    return min(known_times) if len(known_times) == len(times) else None

"""Health of Deployments, StatefulSets, DaemonSets and ReplicaSets, by the rules of `kubectl rollout status`.

https://github.com/kubernetes/kubectl/blob/master/pkg/polymorphichelpers/rollout_status.go
"""

from bot.core.health.cause import cause_of
from bot.core.health.status import Condition, Health, HealthStatus, count, find_condition, is_observed
from bot.core.objects.resource import Object, mapping, text


def deployment(live: Object) -> Health:
    """Healthy once all replicas run the current template; degraded once the progress deadline has passed."""
    spec, status = mapping(live, "spec"), mapping(live, "status")
    wanted, observed = count(spec, "replicas", 1), is_observed(live)
    updated, available = count(status, "updatedReplicas"), count(status, "availableReplicas")
    ready = min(updated, available) if observed else 0
    outdated = count(status, "replicas") - updated
    if spec.get("paused") is True:
        return _health(HealthStatus.SUSPENDED, ready, wanted, "Paused")
    progressing = find_condition(live, "Progressing")
    if observed and progressing and progressing.reason == "ProgressDeadlineExceeded":
        return _health(HealthStatus.DEGRADED, ready, wanted, progressing.reason, failed=True)
    if observed and ready >= wanted and outdated <= 0:
        return _health(HealthStatus.HEALTHY, ready, wanted)
    return _with_failure(_health(HealthStatus.PROGRESSING, ready, wanted), _replica_failure(live))


def stateful_set(live: Object) -> Health:
    """Healthy once its pods are ready and, unless it is updated manually, those after the partition are updated."""
    spec, status = mapping(live, "spec"), mapping(live, "status")
    strategy = mapping(spec, "updateStrategy")
    wanted, ready = count(spec, "replicas", 1), count(status, "readyReplicas")
    to_update = wanted - count(mapping(strategy, "rollingUpdate"), "partition")
    is_current = text(status, "currentRevision") == text(status, "updateRevision")
    updated = wanted if is_current or text(strategy, "type") == "OnDelete" else count(status, "updatedReplicas")
    if is_observed(live) and ready >= wanted and updated >= to_update:
        return _health(HealthStatus.HEALTHY, wanted, wanted)
    return _health(HealthStatus.PROGRESSING, min(ready, updated), wanted)


def daemon_set(live: Object) -> Health:
    """Healthy once every node runs an available pod that, unless it is updated manually, is updated."""
    status = mapping(live, "status")
    wanted = count(status, "desiredNumberScheduled")
    by_hand = text(mapping(live, "spec", "updateStrategy"), "type") == "OnDelete"
    updated = wanted if by_hand else count(status, "updatedNumberScheduled")
    ready = min(updated, count(status, "numberAvailable"))
    if is_observed(live) and ready >= wanted:
        return _health(HealthStatus.HEALTHY, wanted, wanted)
    return _health(HealthStatus.PROGRESSING, ready, wanted)


def replica_set(live: Object) -> Health:
    """Healthy once all replicas are available; degraded if it is not allowed to create them."""
    wanted, available = count(mapping(live, "spec"), "replicas", 1), count(mapping(live, "status"), "availableReplicas")
    if not is_observed(live):
        return _health(HealthStatus.PROGRESSING, 0, wanted)
    if failure := _replica_failure(live):
        return _with_failure(_health(HealthStatus.DEGRADED, available, wanted), failure)
    is_done = available >= wanted
    return _health(HealthStatus.HEALTHY if is_done else HealthStatus.PROGRESSING, min(available, wanted), wanted)


def _replica_failure(live: Object) -> Condition | None:
    """The condition with the reason that pods cannot be created, such as a quota or an admission webhook."""
    failure = find_condition(live, "ReplicaFailure")
    return failure if failure and failure.status == "True" else None


def _with_failure(health: Health, failure: Condition | None) -> Health:
    if failure is None:
        return health
    return Health(
        health.status,
        failure.reason,
        health.ready,
        health.wanted,
        cause=cause_of(failure.reason, failure.message),
    )


def _health(status: HealthStatus, ready: int, wanted: int, reason: str = "", *, failed: bool = False) -> Health:
    return Health(status, reason, max(0, ready), wanted, failed)

"""Health of pods, and why one does not run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bot.core.health.cause import Cause, cause_of
from bot.core.health.status import UNKNOWN, Health, HealthStatus, find_condition, reason_of
from bot.core.objects.resource import Object, items, mapping, text

_STARTING: Final = frozenset(("ContainerCreating", "PodInitializing"))
# Reasons for the last termination that are more specific than that of the wait for the restart.
_SPECIFIC: Final = frozenset(("OOMKilled", "ContainerCannotRun", "DeadlineExceeded"))
# https://argo-cd.readthedocs.io/en/stable/operator-manual/health/#pod
_IGNORE_RESTART_POLICY: Final = "argocd.argoproj.io/ignore-restart-policy"
_HOOK: Final = "argocd.argoproj.io/hook"


@dataclass(frozen=True, slots=True)
class PodProblem:
    """Why a pod does not run, in Kubernetes' words; "" if only its probes fail, which its status does not show."""

    reason: str
    cause: Cause | None = None


def pod(live: Object) -> Health:
    """A pod that restarts its containers is healthy once it is ready; any other once it has succeeded."""
    phase, problem = text(mapping(live, "status"), "phase"), pod_problem(live)
    reason, cause = (problem.reason, problem.cause) if problem else ("", None)
    match phase:
        case "Succeeded":
            return Health(HealthStatus.HEALTHY, ready=1, wanted=1)
        case "Failed":
            return Health(HealthStatus.DEGRADED, reason, 0, 1, failed=True, cause=cause)
        case "Running" if _restarts(live) and _is_ready(live):
            return Health(HealthStatus.HEALTHY, ready=1, wanted=1)
        case "Pending" | "Running":
            is_degraded = _restarts(live) and (_has_backed_off(live) or (phase == "Running" and _has_terminated(live)))
            status = HealthStatus.DEGRADED if is_degraded else HealthStatus.PROGRESSING
            return Health(status, reason, 0, 1, cause=cause)
        case _:
            return UNKNOWN


def pod_problem(live: Object) -> PodProblem | None:
    """Why a pod does not run; None if it runs or is still starting."""
    for status in _container_statuses(live, "initContainerStatuses", "containerStatuses"):
        waiting = mapping(status, "state", "waiting")
        reason = reason_of(waiting)
        if reason and reason not in _STARTING:
            last = reason_of(mapping(status, "lastState", "terminated"))
            if last in _SPECIFIC:
                return PodProblem(f"{reason}, {last}", cause_of(last))
            return PodProblem(reason, cause_of(reason, text(waiting, "message")))
        terminated = reason_of(mapping(status, "state", "terminated"))
        if terminated and terminated != "Completed":
            return PodProblem(terminated, cause_of(terminated))
    scheduled = find_condition(live, "PodScheduled")
    if scheduled and scheduled.status == "False":
        reason = scheduled.reason or "Unschedulable"
        return PodProblem(reason, cause_of(reason))
    if text(mapping(live, "status"), "phase") == "Failed" and (reason := reason_of(mapping(live, "status"))):
        return PodProblem(reason, cause_of(reason, text(mapping(live, "status"), "message")))
    return PodProblem("", Cause.PROBE) if _fails_probe(live) else None


def selects(match_labels: Object, pod_labels: Object) -> bool:
    """Whether a workload's matchLabels select a pod. Ignores matchExpressions, which are rare."""
    return bool(match_labels) and all(pod_labels.get(key) == value for key, value in match_labels.items())


def _fails_probe(live: Object) -> bool:
    """Whether a container runs but is not ready, which only its probes decide."""
    return any(
        mapping(status, "state").get("running") is not None and status.get("ready") is False
        for status in _container_statuses(live, "containerStatuses")
    )


def _restarts(live: Object) -> bool:
    annotations = mapping(live, "metadata", "annotations")
    ignores_policy = annotations.get(_IGNORE_RESTART_POLICY) == "true" and _HOOK not in annotations
    return ignores_policy or mapping(live, "spec").get("restartPolicy", "Always") == "Always"


def _is_ready(live: Object) -> bool:
    ready = find_condition(live, "Ready")
    return ready is not None and ready.status == "True"


def _has_backed_off(live: Object) -> bool:
    reasons = [
        reason_of(mapping(status, "state", "waiting")) for status in _container_statuses(live, "containerStatuses")
    ]
    return any(reason.startswith("Err") or reason.endswith(("Error", "BackOff")) for reason in reasons)


def _has_terminated(live: Object) -> bool:
    return any(mapping(status, "lastState", "terminated") for status in _container_statuses(live, "containerStatuses"))


def _container_statuses(live: Object, *lists: str) -> Iterator[Object]:
    for name in lists:
        yield from (status for status in items(mapping(live, "status"), name) if isinstance(status, Mapping))

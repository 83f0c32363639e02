"""Health of Argo Rollouts' kinds. https://argo-rollouts.readthedocs.io/en/stable/features/specification/"""

from typing import Final

from bot.core.health.status import HEALTHY, PROGRESSING, Condition, Health, HealthStatus, conditions, count
from bot.core.objects.resource import Object, items, mapping, text

_PHASES: Final = {
    "Healthy": HealthStatus.HEALTHY,
    "Progressing": HealthStatus.PROGRESSING,
    "Paused": HealthStatus.SUSPENDED,
    "Degraded": HealthStatus.DEGRADED,
}
_FAILED: Final = frozenset(("RolloutAborted", "ProgressDeadlineExceeded", "InvalidSpec"))
_MAX_DIGITS: Final = 19  # of an int64
_WORKLOAD_GENERATION: Final = "rollout.argoproj.io/workload-generation"


def rollout(live: Object) -> Health:
    """By its phase, or before version 1.0, its conditions; progressing until the current spec is observed."""
    spec, status = mapping(live, "spec"), mapping(live, "status")
    wanted = count(spec, "replicas", 1)
    ready = min(count(status, "updatedReplicas"), count(status, "availableReplicas"), wanted)
    if not _is_observed(live):
        return Health(HealthStatus.PROGRESSING, ready=0, wanted=wanted)
    failed = (condition for condition in conditions(live) if _is_failure(condition))
    failure = next((condition.reason or condition.type for condition in failed), "")
    phase = _PHASES.get(text(status, "phase")) or _phase(live, ready, wanted, is_failed=bool(failure))
    if phase is HealthStatus.HEALTHY:
        return Health(phase, ready=wanted, wanted=wanted)
    if not _is_promoted(live):  # updated pods of a preview get no traffic yet
        ready = 0
    reason = "Paused" if phase is HealthStatus.SUSPENDED else failure
    return Health(phase, reason, ready, wanted, failed=phase is HealthStatus.DEGRADED)


def analysis(live: Object) -> Health:
    """An AnalysisRun or an Experiment, by its phase."""
    match text(mapping(live, "status"), "phase"):
        case "Successful":
            return HEALTHY
        case "Failed" | "Error" as phase:
            return Health(HealthStatus.DEGRADED, phase, failed=True)
        case "Inconclusive" as phase:
            return Health(HealthStatus.UNKNOWN, phase)
        case _:
            return PROGRESSING


def _phase(live: Object, ready: int, wanted: int, *, is_failed: bool) -> HealthStatus:
    status = mapping(live, "status")
    if is_failed:
        return HealthStatus.DEGRADED
    if items(status, "pauseConditions") or mapping(live, "spec").get("paused") is True:
        return HealthStatus.SUSPENDED
    is_stable = text(status, "stableRS") in ("", text(status, "currentPodHash"))
    has_old_pods = count(status, "replicas") > count(status, "updatedReplicas")
    is_done = bool(text(status, "currentPodHash")) and ready >= wanted and is_stable and _is_promoted(live)
    return HealthStatus.HEALTHY if is_done and not has_old_pods else HealthStatus.PROGRESSING


def _is_failure(condition: Condition) -> bool:
    return condition.type == "InvalidSpec" or condition.reason in _FAILED


def _is_promoted(live: Object) -> bool:
    """Whether the active Service of a blue-green rollout selects the current pods."""
    if not mapping(live, "spec", "strategy").get("blueGreen"):
        return True
    status = mapping(live, "status")
    return text(mapping(status, "blueGreen"), "activeSelector") == text(status, "currentPodHash")


def _is_observed(live: Object) -> bool:
    """Whether the controller has seen the current spec, and that of the workload that provides the template.

    `observedGeneration` is a string; before version 0.10 it was a hash.
    """
    status, metadata = mapping(live, "status"), mapping(live, "metadata")
    observed, generation = text(status, "observedGeneration"), count(metadata, "generation")
    if not status or (len(observed) <= _MAX_DIGITS and observed.isdecimal() and int(observed) < generation):
        return False
    workload = text(mapping(metadata, "annotations"), _WORKLOAD_GENERATION)
    return not mapping(live, "spec", "workloadRef") or text(status, "workloadObservedGeneration") == workload

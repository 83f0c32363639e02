"""Whether a workload is ready, as `kubectl rollout status` decides it, and why a pod does not run.

https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Unready:
    """A workload that is not ready: how many of its pods are, and how many should be.

    `reason` is Kubernetes' own where it has one (`ImagePullBackOff`); `failed`: Kubernetes has given up on it.
    """

    kind: str
    name: str
    ready: int
    wanted: int
    reason: str = ""
    failed: bool = False


def unready(live: Object) -> Unready | None:
    """How a live workload is not ready; None if it is, or if the object is not a workload."""
    check = WORKLOADS.get((_text(live, "apiVersion"), _text(live, "kind")))
    return check(live) if check else None


def selects(live: Object, pod: Object) -> bool:
    """Whether a workload's matchLabels select a pod. Ignores matchExpressions, which are rare."""
    match_labels = _at(live, "spec", "selector", "matchLabels")
    labels = _at(pod, "metadata", "labels")
    if not isinstance(match_labels, Mapping) or not match_labels or not isinstance(labels, Mapping):
        return False
    return all(labels.get(key) == value for key, value in match_labels.items())


def pod_problem(pod: Object) -> str:
    """Why a pod does not run, as Kubernetes words it; "" if it runs, or is still starting."""
    for status in _containers(pod):
        waiting = _text(status, "state", "waiting", "reason")
        terminated = _text(status, "state", "terminated", "reason")
        if waiting and waiting not in _STARTING:
            # It waits to be restarted: why it terminated says more, unless that is just "Error".
            last = _text(status, "lastState", "terminated", "reason")
            return f"{waiting}, {last}" if last in _SPECIFIC else waiting
        if terminated and terminated != "Completed":
            return terminated
    for condition in _conditions(pod):
        if _text(condition, "type") == "PodScheduled" and _text(condition, "status") == "False":
            return _text(condition, "reason") or "Unschedulable"
    return _text(pod, "status", "reason") if _text(pod, "status", "phase") == "Failed" else ""


_STARTING: Final = frozenset(("ContainerCreating", "PodInitializing"))
_SPECIFIC: Final = frozenset(("OOMKilled", "ContainerCannotRun", "DeadlineExceeded"))


def _deployment(live: Object) -> Unready | None:
    wanted, observed = _count(live, "spec", "replicas", default=1), _is_observed(live)
    updated, available = _count(live, "status", "updatedReplicas"), _count(live, "status", "availableReplicas")
    outdated = _count(live, "status", "replicas") - updated
    failed = observed and any(
        _text(condition, "type") == "Progressing" and _text(condition, "reason") == "ProgressDeadlineExceeded"
        for condition in _conditions(live)
    )
    if observed and not failed and updated >= wanted and outdated <= 0 and available >= wanted:
        return None
    reason = "ProgressDeadlineExceeded" if failed else "paused" if _at(live, "spec", "paused") is True else ""
    return _unready(live, min(updated, available) if observed else 0, wanted, reason, failed=failed)


def _stateful_set(live: Object) -> Unready | None:
    if _text(live, "spec", "updateStrategy", "type") == "OnDelete":
        return None  # its pods are updated only when somebody deletes them
    wanted, ready = _count(live, "spec", "replicas", default=1), _count(live, "status", "readyReplicas")
    to_update = wanted - _count(live, "spec", "updateStrategy", "rollingUpdate", "partition")
    revision, newest = _text(live, "status", "currentRevision"), _text(live, "status", "updateRevision")
    updated = wanted if revision == newest else _count(live, "status", "updatedReplicas")
    if _is_observed(live) and ready >= wanted and updated >= to_update:
        return None
    return _unready(live, min(ready, updated), wanted)


def _daemon_set(live: Object) -> Unready | None:
    if _text(live, "spec", "updateStrategy", "type") == "OnDelete":
        return None
    wanted = _count(live, "status", "desiredNumberScheduled")
    ready = min(_count(live, "status", "updatedNumberScheduled"), _count(live, "status", "numberAvailable"))
    return None if _is_observed(live) and ready >= wanted else _unready(live, ready, wanted)


def _job(live: Object) -> Unready | None:
    """A job may take any time, so only one that has failed is not ready."""
    for condition in _conditions(live):
        if _text(condition, "type") == "Failed" and _text(condition, "status") == "True":
            wanted, succeeded = _count(live, "spec", "completions", default=1), _count(live, "status", "succeeded")
            return _unready(live, succeeded, wanted, _text(condition, "reason"), failed=True)
    return None


def _pod(live: Object) -> Unready | None:
    if _text(live, "status", "phase") in ("Running", "Succeeded") and not pod_problem(live):
        return None
    return _unready(live, 0, 1, pod_problem(live), failed=_text(live, "status", "phase") == "Failed")


WORKLOADS: Final[Mapping[tuple[str, str], Callable[[Object], Unready | None]]] = {
    ("apps/v1", "Deployment"): _deployment,
    ("apps/v1", "StatefulSet"): _stateful_set,
    ("apps/v1", "DaemonSet"): _daemon_set,
    ("batch/v1", "Job"): _job,
    ("v1", "Pod"): _pod,
}


def _unready(live: Object, ready: int, wanted: int, reason: str = "", *, failed: bool = False) -> Unready:
    return Unready(_text(live, "kind"), _text(live, "metadata", "name"), max(0, ready), wanted, reason, failed)


def _is_observed(live: Object) -> bool:
    """Whether the controller has observed the current spec; until it has, the status is that of an earlier one."""
    return _count(live, "status", "observedGeneration") >= _count(live, "metadata", "generation")


def _conditions(live: Object) -> Iterable[Object]:
    return _objects(_at(live, "status", "conditions"))


def _containers(pod: Object) -> Iterable[Object]:
    for name in ("initContainerStatuses", "containerStatuses"):
        yield from _objects(_at(pod, "status", name))


def _objects(values: object) -> list[Object]:
    return [value for value in values if isinstance(value, Mapping)] if isinstance(values, list) else []


def _count(live: object, *keys: str, default: int = 0) -> int:
    value = _at(live, *keys)
    return value if isinstance(value, int) else default


def _text(live: object, *keys: str) -> str:
    value = _at(live, *keys)
    return value if isinstance(value, str) else ""


def _at(value: object, *keys: str) -> object:
    for key in keys:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value

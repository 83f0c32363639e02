"""Whether a workload runs as it was told to, from what the cluster says of it; and why a pod does not.

As `kubectl rollout status` decides it: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status
Live objects of any shape are read.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Unready:
    """A workload that does not run yet as it should: how many of its pods do, of how many.

    `reason` is Kubernetes' own word where there is one (`ImagePullBackOff`); `failed`: it has given up by itself.
    """

    kind: str
    name: str
    ready: int
    wanted: int
    reason: str = ""
    failed: bool = False


def unready(live: Object) -> Unready | None:
    """What a workload still lacks; None when it runs as it was told, and for what is no workload."""
    judge = WORKLOADS.get((_text(live, "apiVersion"), _text(live, "kind")))
    return judge(live) if judge else None


def selects(live: Object, pod: Object) -> bool:
    """Whether a pod is one of a workload's, by its labels. Expressions, which are rare, are not looked at."""
    wanted = _at(live, "spec", "selector", "matchLabels")
    labels = _at(pod, "metadata", "labels")
    if not isinstance(wanted, Mapping) or not wanted or not isinstance(labels, Mapping):
        return False
    return all(labels.get(key) == value for key, value in wanted.items())


def pod_trouble(pod: Object) -> str:
    """Why a pod does not run, in Kubernetes' word; "" when it does, or is only on its way."""
    for status in _containers(pod):
        waiting, ended = _text(status, "state", "waiting", "reason"), _text(status, "state", "terminated", "reason")
        if waiting and waiting not in _ON_ITS_WAY:
            # It waits to be started again: what ended it says more, unless that is just any error.
            last = _text(status, "lastState", "terminated", "reason")
            return f"{waiting}, {last}" if last in _TELLING else waiting
        if ended and ended != "Completed":
            return ended
    for condition in _conditions(pod):
        if _text(condition, "type") == "PodScheduled" and _text(condition, "status") == "False":
            return _text(condition, "reason") or "Unschedulable"
    return _text(pod, "status", "reason") if _text(pod, "status", "phase") == "Failed" else ""


_ON_ITS_WAY: Final = frozenset(("ContainerCreating", "PodInitializing"))
_TELLING: Final = frozenset(("OOMKilled", "ContainerCannotRun", "DeadlineExceeded"))


def _deployment(live: Object) -> Unready | None:
    wanted, seen = _count(live, "spec", "replicas", default=1), _is_seen(live)
    updated, available = _count(live, "status", "updatedReplicas"), _count(live, "status", "availableReplicas")
    left = _count(live, "status", "replicas") - updated
    given_up = seen and any(
        _text(each, "type") == "Progressing" and _text(each, "reason") == "ProgressDeadlineExceeded"
        for each in _conditions(live)
    )
    if seen and not given_up and updated >= wanted and left <= 0 and available >= wanted:
        return None
    reason = "ProgressDeadlineExceeded" if given_up else "paused" if _at(live, "spec", "paused") is True else ""
    return _unready(live, min(updated, available) if seen else 0, wanted, reason, failed=given_up)


def _stateful_set(live: Object) -> Unready | None:
    if _text(live, "spec", "updateStrategy", "type") == "OnDelete":
        return None  # its pods change when somebody deletes them
    wanted, ready = _count(live, "spec", "replicas", default=1), _count(live, "status", "readyReplicas")
    updating = wanted - _count(live, "spec", "updateStrategy", "rollingUpdate", "partition")
    revision, newest = _text(live, "status", "currentRevision"), _text(live, "status", "updateRevision")
    updated = wanted if revision == newest else _count(live, "status", "updatedReplicas")
    if _is_seen(live) and ready >= wanted and updated >= updating:
        return None
    return _unready(live, min(ready, updated), wanted)


def _daemon_set(live: Object) -> Unready | None:
    if _text(live, "spec", "updateStrategy", "type") == "OnDelete":
        return None
    wanted = _count(live, "status", "desiredNumberScheduled")
    ready = min(_count(live, "status", "updatedNumberScheduled"), _count(live, "status", "numberAvailable"))
    return None if _is_seen(live) and ready >= wanted else _unready(live, ready, wanted)


def _job(live: Object) -> Unready | None:
    """A job takes as long as it takes: it lacks nothing unless it has failed."""
    for each in _conditions(live):
        if _text(each, "type") == "Failed" and _text(each, "status") == "True":
            wanted = _count(live, "spec", "completions", default=1)
            return _unready(live, _count(live, "status", "succeeded"), wanted, _text(each, "reason"), failed=True)
    return None


def _pod(live: Object) -> Unready | None:
    if _text(live, "status", "phase") in ("Running", "Succeeded") and not pod_trouble(live):
        return None
    return _unready(live, 0, 1, pod_trouble(live), failed=_text(live, "status", "phase") == "Failed")


WORKLOADS: Final[Mapping[tuple[str, str], Callable[[Object], Unready | None]]] = {
    ("apps/v1", "Deployment"): _deployment,
    ("apps/v1", "StatefulSet"): _stateful_set,
    ("apps/v1", "DaemonSet"): _daemon_set,
    ("batch/v1", "Job"): _job,
    ("v1", "Pod"): _pod,
}


def _unready(live: Object, ready: int, wanted: int, reason: str = "", *, failed: bool = False) -> Unready:
    return Unready(_text(live, "kind"), _text(live, "metadata", "name"), max(0, ready), wanted, reason, failed)


def _is_seen(live: Object) -> bool:
    """Whether the controller has looked at the present spec: until then its status tells of an earlier one."""
    return _count(live, "status", "observedGeneration") >= _count(live, "metadata", "generation")


def _conditions(live: Object) -> Iterable[Object]:
    found = _at(live, "status", "conditions")
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def _containers(pod: Object) -> Iterable[Object]:
    for name in ("initContainerStatuses", "containerStatuses"):
        found = _at(pod, "status", name)
        yield from (each for each in found if isinstance(each, Mapping)) if isinstance(found, list) else ()


def _count(live: object, *keys: str, default: int = 0) -> int:
    value = _at(live, *keys)
    return value if isinstance(value, int) else default


def _text(live: object, *keys: str) -> str:
    value = _at(live, *keys)
    return value if isinstance(value, str) else ""


def _at(found: object, *keys: str) -> object:
    for key in keys:
        if not isinstance(found, Mapping):
            return None
        found = found.get(key)
    return found

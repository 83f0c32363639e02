"""Why the pods of a Deployment in the sandbox never become ready.

An image whose tag contains `broken` can't be pulled, and a container that uses more than its memory limit is killed.
Other failures come from `Controllers.fail`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any, Final

from bot.core.health.cause import Cause

Object = dict[str, Any]

BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Failure:
    """What Kubernetes shows: the status of a pod, with `container` as the status of the first container by default.

    `create_error` is why no pod can be created.
    """

    container: Object = field(default_factory=dict)
    pod_status: Object = field(default_factory=lambda: {"phase": "Pending"})
    create_error: str = ""


def _waiting(reason: str, message: str, last: str = "") -> Failure:
    last_state = {"lastState": {"terminated": {"reason": last}}} if last else {}
    return Failure({"state": {"waiting": {"reason": reason, "message": message}}, **last_state})


_UNSCHEDULABLE: Final = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "Unschedulable",
    "message": "0/3 nodes are available: 3 Insufficient cpu.",
}
FAILURES: Final[Mapping[Cause, Failure]] = {
    Cause.IMAGE_PULL: _waiting("ImagePullBackOff", "Back-off pulling image"),
    Cause.OOM_KILLED: _waiting("CrashLoopBackOff", "back-off restarting", last="OOMKilled"),
    Cause.CRASH_LOOP: _waiting("CrashLoopBackOff", "back-off restarting", last="Error"),
    Cause.DEPENDENCY: _waiting("CreateContainerConfigError", 'configmap "settings" not found'),
    Cause.PROBE: Failure({"state": {"running": {}}}, {"phase": "Running"}),
    Cause.UNSCHEDULABLE: Failure({"state": {}}, {"phase": "Pending", "conditions": [_UNSCHEDULABLE]}),
    Cause.QUOTA: Failure(
        pod_status={},
        create_error='pods "web-1" is forbidden: exceeded quota: team, requested: pods=1, limited: pods=10',
    ),
    Cause.ADMISSION: Failure(
        pod_status={}, create_error='admission webhook "policy.example" denied the request: runAsNonRoot is required'
    ),
}


def failure_of(live: Object, memory_use: Mapping[str, int]) -> Failure | None:
    """Why a workload's own containers fail; None if they do not. `memory_use` is in MiB, by name of a container."""
    for container in live.get("spec", {}).get("template", {}).get("spec", {}).get("containers", ()):
        name, image = container["name"], container.get("image", "")
        if BROKEN in image.rpartition("/")[2].partition(":")[2]:
            return Failure({**FAILURES[Cause.IMAGE_PULL].container, "name": name})
        limit = container.get("resources", {}).get("limits", {}).get("memory")
        if limit and _mebibytes(limit) < memory_use.get(name, 0):
            return Failure({**FAILURES[Cause.OOM_KILLED].container, "name": name})
    return None


def failing_pod(deployment: Object, failure: Failure, template_hash: str) -> Object:
    """The pod that shows why a Deployment is stuck."""
    metadata, template = deployment["metadata"], deployment["spec"]["template"]
    first = template["spec"]["containers"][0]["name"]
    status = {"name": first, "ready": False, "restartCount": 4, **failure.container}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{metadata['name']}-{template_hash}-x7k2p",
            "namespace": metadata["namespace"],
            "labels": template["metadata"].get("labels", {}),
            "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": "Deployment", "name": metadata["name"], "uid": metadata["uid"]}
            ],
        },
        "spec": template["spec"],
        "status": {**failure.pod_status, "containerStatuses": [status]},
    }


def _mebibytes(quantity: str) -> float:
    """A memory quantity as written in the sandbox's manifests; infinite in any other unit."""
    number, unit = quantity[:-2], quantity[-2:]
    return float(number) * {"Mi": 1, "Gi": 1024}[unit] if unit in {"Mi", "Gi"} else inf

"""Simulated controllers: workloads reach their spec some seconds after it changes.

Only statuses change, but a Deployment that is stuck gets a pod that says why: an image whose tag contains `broken` is
never pulled, and a container whose memory limit is below what it uses is killed.
"""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from math import ceil, inf
from typing import Any

import orjson

from bot.sandbox.cluster.api import Api
from bot.sandbox.cluster.errors import ApiError
from bot.sandbox.cluster.managed_fields import timestamp

Object = dict[str, Any]

MANAGER = "kube-controller-manager"
REVISION = "deployment.kubernetes.io/revision"
BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of one workload towards its current spec."""

    generation: int
    template: str  # the hash at the end of a ReplicaSet's name
    started: datetime
    ready_before: int  # replicas that were ready at the start
    rolls: bool  # the template has changed: replicas are replaced
    revision: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the pods of a workload never become ready: the name of a container, and its state."""

    container: str
    status: Object


@dataclass(frozen=True, slots=True)
class Moment:
    """The state of a workload now: `share` goes from 0 to 1; `overdue` is past its progress deadline."""

    progress: Progress
    share: float
    stuck: bool
    overdue: bool
    now: str

    @property
    def done(self) -> bool:
        """Whether it is complete."""
        return self.share >= 1 and not self.stuck

    def ready(self, desired: int) -> int:
        """The number of ready replicas; old ones stay until they are replaced."""
        before = min(self.progress.ready_before, desired)
        return before if self.stuck else max(before, int(self.share * desired))

    def updated(self, desired: int) -> int:
        """The number of replicas with the current template."""
        if not self.progress.rolls:
            return desired
        return min(1, desired) if self.stuck else min(desired, ceil(self.share * desired))


class Controllers:
    """Call `reconcile` periodically to update the status of incomplete workloads.

    `rollout` is in seconds, and `memory_use` in MiB, by the name of a container.
    """

    def __init__(self, api: Api, rollout: float, memory_use: Mapping[str, int]) -> None:
        self._api = api
        self._rollout = rollout
        self._memory_use = memory_use
        self._failing: set[str] = set()  # the paths of the pods that say why their Deployment is stuck
        self._progress: dict[str, Progress] = {}
        self._arrived: dict[str, str] = {}  # resourceVersion by uid

    def reconcile(self) -> None:
        """Update every incomplete workload."""
        with self._api.store.lock:
            self._reconcile_pods()
            for collection, status in STATUSES.items():
                for _, entry in self._api.store.items(collection):
                    metadata = entry.object["metadata"]
                    if self._arrived.get(metadata["uid"]) != metadata["resourceVersion"]:
                        self._advance(entry.object, status)

    def _reconcile_pods(self) -> None:
        """One failing pod for each Deployment that is stuck, and none for the others."""
        wanted = {}
        for _, entry in self._api.store.items(("apps", "deployments")):
            if failure := self._failure(entry.object):
                pod = _failing_pod(entry.object, failure)
                wanted[self._api.path_of(pod)] = pod
        for path in self._failing - wanted.keys():
            with suppress(ApiError):  # deleted by somebody
                self._api.call("DELETE", path, user_agent=MANAGER)
        for path in wanted.keys() - self._failing:
            self._api.call("POST", path.rpartition("/")[0], wanted[path], user_agent=MANAGER)
            self._api.call("PUT", f"{path}/status", wanted[path], user_agent=MANAGER)
        self._failing = set(wanted)

    def _failure(self, live: Object) -> Failure | None:
        for container in live.get("spec", {}).get("template", {}).get("spec", {}).get("containers", ()):
            name, image = container["name"], container.get("image", "")
            if BROKEN in image.rpartition("/")[2].partition(":")[2]:
                waiting = {"reason": "ImagePullBackOff", "message": f'Back-off pulling image "{image}"'}
                return Failure(name, {"state": {"waiting": waiting}})
            limit = container.get("resources", {}).get("limits", {}).get("memory")
            if limit and _mebibytes(limit) < self._memory_use.get(name, 0):
                last = {"reason": "OOMKilled", "exitCode": 137}
                waiting = {"reason": "CrashLoopBackOff", "message": f"back-off restarting failed container {name}"}
                return Failure(name, {"state": {"waiting": waiting}, "lastState": {"terminated": last}})
        return None

    def _advance(self, live: Object, status: Callable[[Object, Moment], Object]) -> None:
        now = self._api.clock()
        uid = live["metadata"]["uid"]
        progress = _progressed(self._progress.get(uid), live, now)
        self._progress[uid] = progress
        elapsed = (now - progress.started).total_seconds()
        moment = Moment(
            progress,
            share=min(1.0, elapsed / self._rollout) if self._rollout else 1.0,
            stuck=self._failure(live) is not None,
            overdue=elapsed > live.get("spec", {}).get("progressDeadlineSeconds", 600),
            now=timestamp(now),
        )
        new = live | {"status": status(live, moment)}
        if live["kind"] == "Deployment":
            annotations = live["metadata"].get("annotations", {}) | {REVISION: str(progress.revision)}
            new["metadata"] = live["metadata"] | {"annotations": annotations}
        saved = live
        if new != live:
            try:
                saved = self._api.call("PUT", f"{self._api.path_of(live)}/status", new, user_agent=MANAGER)
            except ApiError:
                return  # the kind is not available now; retried at the next call
        if moment.done or (moment.stuck and moment.overdue):
            self._arrived[uid] = saved["metadata"]["resourceVersion"]


def _progressed(before: Progress | None, live: Object, now: datetime) -> Progress:
    generation = live["metadata"].get("generation", 0)
    if before is not None and before.generation == generation:
        return before
    template = _template_hash(live)
    rolls = before is not None and before.template != template
    ready = live.get("status", {}).get("readyReplicas", 0)
    revision = before.revision if before is not None else 0
    return Progress(generation, template, now, ready, rolls, revision + (rolls or before is None))


def _template_hash(live: Object) -> str:
    template = orjson.dumps(live.get("spec", {}).get("template", {}), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(template).hexdigest()[:10]


def _mebibytes(quantity: str) -> float:
    """A quantity of memory as the manifests of the sandbox write it; infinite in any other unit."""
    number, unit = quantity[:-2], quantity[-2:]
    return float(number) * {"Mi": 1, "Gi": 1024}[unit] if unit in {"Mi", "Gi"} else inf


def _failing_pod(deployment: Object, failure: Failure) -> Object:
    metadata, template = deployment["metadata"], deployment["spec"]["template"]
    status = {"name": failure.container, "ready": False, "restartCount": 4, **failure.status}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{metadata['name']}-{_template_hash(deployment)}-x7k2p",
            "namespace": metadata["namespace"],
            "labels": template["metadata"].get("labels", {}),
            "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": "Deployment", "name": metadata["name"], "uid": metadata["uid"]}
            ],
        },
        "spec": template["spec"],
        "status": {"phase": "Pending", "containerStatuses": [status]},
    }


def _condition(live: Object, kind: str, verdict: tuple[bool, str, str], now: str) -> Object:
    """A condition whose times change only with its content. `verdict` is the status, reason and message."""
    conditions = live.get("status", {}).get("conditions", ())
    old: Object = next((c for c in conditions if c["type"] == kind), {})
    status, reason, message = verdict
    new = {"type": kind, "status": str(status), "reason": reason, "message": message}
    changed = old.get("status") != new["status"]
    same = all(old.get(key) == value for key, value in new.items())
    return new | {
        "lastTransitionTime": now if changed else old["lastTransitionTime"],
        "lastUpdateTime": old["lastUpdateTime"] if same and "lastUpdateTime" in old else now,
    }


def _deployment(live: Object, moment: Moment) -> Object:
    desired = live["spec"]["replicas"]
    ready, updated = moment.ready(desired), moment.updated(desired)
    name = f"{live['metadata']['name']}-{moment.progress.template}"
    available = ready >= desired or (moment.progress.rolls and ready > 0)
    if available:
        has = (True, "MinimumReplicasAvailable", "Deployment has minimum availability.")
    else:
        has = (False, "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    if moment.done:
        moves = (True, "NewReplicaSetAvailable", f'ReplicaSet "{name}" has successfully progressed.')
    elif moment.stuck and moment.overdue:
        moves = (False, "ProgressDeadlineExceeded", f'ReplicaSet "{name}" has timed out progressing.')
    else:
        moves = (True, "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.')
    surge = 1 if moment.progress.rolls and not moment.done and desired else 0
    return {
        "observedGeneration": moment.progress.generation,
        "replicas": desired + surge,
        "updatedReplicas": updated,
        "readyReplicas": ready,
        "availableReplicas": ready,
        "unavailableReplicas": desired + surge - ready,
        "terminatingReplicas": 0,
        "conditions": [
            _condition(live, "Available", has, moment.now),
            _condition(live, "Progressing", moves, moment.now),
        ],
    }


def _stateful_set(live: Object, moment: Moment) -> Object:
    desired = live["spec"]["replicas"]
    ready, updated = moment.ready(desired), moment.updated(desired)
    revision = f"{live['metadata']['name']}-{moment.progress.template}"
    return {
        "observedGeneration": moment.progress.generation,
        "replicas": desired,
        "readyReplicas": ready,
        "availableReplicas": ready,
        "currentReplicas": desired if moment.done else desired - updated if moment.progress.rolls else desired,
        "updatedReplicas": updated,
        "currentRevision": revision if moment.done else live.get("status", {}).get("currentRevision", revision),
        "updateRevision": revision,
        "collisionCount": 0,
    }


def _daemon_set(_: Object, moment: Moment) -> Object:
    ready, updated = moment.ready(1), moment.updated(1)
    return {
        "observedGeneration": moment.progress.generation,
        "currentNumberScheduled": 1,
        "desiredNumberScheduled": 1,
        "numberMisscheduled": 0,
        "numberReady": ready,
        "numberAvailable": ready,
        "numberUnavailable": 1 - ready,
        "updatedNumberScheduled": updated,
    }


def _job(live: Object, moment: Moment) -> Object:
    started = live.get("status", {}).get("startTime", moment.now)
    if not moment.done:
        return {"active": 1, "ready": 0, "startTime": started}
    verdict = (True, "CompletionsReached", "Reached expected number of succeeded pods")
    complete = _condition(live, "Complete", verdict, moment.now)
    ended = live.get("status", {}).get("completionTime", moment.now)
    return {"succeeded": 1, "startTime": started, "completionTime": ended, "conditions": [complete]}


def _claim(_: Object, moment: Moment) -> Object:
    return {"phase": "Bound" if moment.done else "Pending"}


def _pod(live: Object, moment: Moment) -> Object:
    if live["metadata"].get("ownerReferences"):
        return {**live.get("status", {})}  # `_failing_pod` has written it
    return {"phase": "Running" if moment.done else "Pending", "qosClass": "BestEffort"}


def _service(live: Object, moment: Moment) -> Object:
    wants = live["spec"].get("type") == "LoadBalancer" and moment.done
    return {"loadBalancer": {"ingress": [{"ip": "192.0.2.10", "ipMode": "VIP"}]} if wants else {}}


STATUSES: Mapping[tuple[str, str], Callable[[Object, Moment], Object]] = {
    ("", "persistentvolumeclaims"): _claim,
    ("", "pods"): _pod,
    ("", "services"): _service,
    ("apps", "daemonsets"): _daemon_set,
    ("apps", "deployments"): _deployment,
    ("apps", "statefulsets"): _stateful_set,
    ("batch", "jobs"): _job,
}

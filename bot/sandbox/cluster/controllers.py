"""Simulated controllers: workloads reach their spec some seconds after it changes.

Only statuses change, except that a stuck Deployment gets a pod that shows why: see `failures`.
"""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

import orjson

from bot.core.health.cause import Cause
from bot.sandbox.cluster.api import Api
from bot.sandbox.cluster.errors import ApiError
from bot.sandbox.cluster.failures import FAILURES, Failure, failing_pod, failure_of
from bot.sandbox.cluster.managed_fields import timestamp

Object = dict[str, Any]

MANAGER = "kube-controller-manager"
REVISION = "deployment.kubernetes.io/revision"


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of one workload toward its current spec."""

    generation: int
    template: str  # the hash at the end of a ReplicaSet's name
    started: datetime
    ready_before: int  # replicas that were ready at the start
    rolls: bool  # the template has changed: replicas are replaced
    revision: int


@dataclass(frozen=True, slots=True)
class Moment:
    """The state of a workload now: `share` goes from 0 to 1; `overdue` is past its progress deadline.

    With a `failure`, new pods are not ready; if it is `down`, the old ones are not either.
    """

    progress: Progress
    share: float
    failure: Failure | None
    down: bool
    overdue: bool
    now: str

    @property
    def stuck(self) -> bool:
        """Whether it never becomes complete."""
        return self.failure is not None

    @property
    def done(self) -> bool:
        """Whether it is complete."""
        return self.share >= 1 and not self.stuck

    def ready(self, desired: int) -> int:
        """The number of ready replicas; old ones stay until they are replaced."""
        if self.down:
            return 0
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
        self._failing: dict[str, Object] = {}  # the pods that show why their Deployment is stuck, by path
        self._causes: dict[str, Cause] = {}  # the causes set by `fail`, by Deployment name
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

    def fail(self, deployment: str, cause: Cause) -> None:
        """Make the pods of the Deployments with this name unready, for this cause, until `recover`."""
        with self._api.store.lock:
            self._causes[deployment] = cause
            self._arrived.clear()

    def recover(self, deployment: str) -> None:
        """Make the pods of the Deployments with this name ready again."""
        with self._api.store.lock:
            self._causes.pop(deployment, None)
            self._arrived.clear()

    def _reconcile_pods(self) -> None:
        """Keep one failing pod for each stuck Deployment, and none for the others."""
        wanted = {}
        for _, entry in self._api.store.items(("apps", "deployments")):
            failure = self._failure(entry.object)
            if failure and failure.pod_status:
                pod = failing_pod(entry.object, failure, _template_hash(entry.object))
                wanted[self._api.path_of(pod)] = pod
        for path, pod in self._failing.items():
            if wanted.get(path) != pod:
                with suppress(ApiError):  # someone deleted it
                    self._api.call("DELETE", path, user_agent=MANAGER)
        for path, pod in wanted.items():
            if self._failing.get(path) != pod:
                self._api.call("POST", path.rpartition("/")[0], pod, user_agent=MANAGER)
                self._api.call("PUT", f"{path}/status", pod, user_agent=MANAGER)
        self._failing = wanted

    def _failure(self, live: Object) -> Failure | None:
        cause = self._causes.get(live["metadata"]["name"]) if live["kind"] == "Deployment" else None
        return FAILURES[cause] if cause else failure_of(live, self._memory_use)

    def _advance(self, live: Object, status: Callable[[Object, Moment], Object]) -> None:
        now = self._api.clock()
        uid = live["metadata"]["uid"]
        progress = _progressed(self._progress.get(uid), live, now)
        self._progress[uid] = progress
        elapsed = (now - progress.started).total_seconds()
        moment = Moment(
            progress,
            share=min(1.0, elapsed / self._rollout) if self._rollout else 1.0,
            failure=self._failure(live),
            down=live["kind"] == "Deployment" and live["metadata"]["name"] in self._causes,
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
            *_replica_failure(live, moment),
        ],
    }


def _replica_failure(live: Object, moment: Moment) -> list[Object]:
    if moment.failure is None or not moment.failure.create_error:
        return []
    return [_condition(live, "ReplicaFailure", (True, "FailedCreate", moment.failure.create_error), moment.now)]


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
        return {**live.get("status", {})}  # `failing_pod` has written it
    return {"phase": "Running" if moment.done else "Pending", "qosClass": "BestEffort"}


def _service(live: Object, moment: Moment) -> Object:
    wants = live["spec"].get("type") == "LoadBalancer" and moment.done
    return {"loadBalancer": {"ingress": [{"ip": "192.0.2.10", "ipMode": "VIP"}]} if wants else {}}


def _ingress(_: Object, moment: Moment) -> Object:
    return {"loadBalancer": {"ingress": [{"ip": "192.0.2.10"}]} if moment.done else {}}


def _autoscaler(live: Object, moment: Moment) -> Object:
    able = _condition(
        live, "AbleToScale", (True, "ReadyForNewScale", "recommended size matches current size"), moment.now
    )
    return {"currentMetrics": None, "currentReplicas": 1, "desiredReplicas": 1, "conditions": [able]}


def _disruption_budget(live: Object, moment: Moment) -> Object:
    allowed = _condition(live, "DisruptionAllowed", (True, "SufficientPods", ""), moment.now)
    return {"observedGeneration": moment.progress.generation, "disruptionsAllowed": 1, "conditions": [allowed]}


def _definition(live: Object, moment: Moment) -> Object:
    accepted = _condition(live, "NamesAccepted", (True, "NoConflicts", "no conflicts found"), moment.now)
    established = _condition(live, "Established", (True, "InitialNamesAccepted", "accepted"), moment.now)
    return {"conditions": [accepted, established]}


STATUSES: Mapping[tuple[str, str], Callable[[Object, Moment], Object]] = {
    ("", "persistentvolumeclaims"): _claim,
    ("", "pods"): _pod,
    ("", "services"): _service,
    ("apiextensions.k8s.io", "customresourcedefinitions"): _definition,
    ("apps", "daemonsets"): _daemon_set,
    ("apps", "deployments"): _deployment,
    ("apps", "statefulsets"): _stateful_set,
    ("autoscaling", "horizontalpodautoscalers"): _autoscaler,
    ("batch", "jobs"): _job,
    ("networking.k8s.io", "ingresses"): _ingress,
    ("policy", "poddisruptionbudgets"): _disruption_budget,
}

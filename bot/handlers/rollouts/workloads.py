"""Finds the workloads on a cluster that are not ready, and why their pods do not run."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.core.objects.health import WORKLOADS, Unready, pod_problem, selects, unready
from bot.core.objects.manifest import Manifest
from bot.ports.cluster import Cluster, ClusterError, Discovery, Kind
from bot.ports.isolation import UnexpectedError, skip_unexpected, unexpected_as_port_error

_log = logging.getLogger(__name__)

Object = Mapping[str, Any]
WorkloadKey = tuple[str, str, str]  # kind, namespace and name


@dataclass(frozen=True, slots=True)
class _Pod:
    """A pod that does not run: its labels, as in an object, and why."""

    labels: Object
    problem: str


def find_unready(
    cluster: Cluster, discovery: Discovery, manifests: Iterable[tuple[Manifest, str]]
) -> dict[WorkloadKey, Unready]:
    """The workloads among these manifests, each with its application's namespace, that are not ready.

    Each kind is listed once per namespace. Includes why pods do not run, if the bot is allowed to read pods.
    ClusterError if workloads cannot be listed.
    """
    workloads: defaultdict[tuple[Kind, str], set[str]] = defaultdict(set)
    for manifest, namespace in manifests:
        kind = discovery.kinds.get((manifest.api_version, manifest.kind))
        if kind is not None and (manifest.api_version, manifest.kind) in WORKLOADS:
            workloads[kind, manifest.namespace or namespace].add(manifest.name)
    unready_workloads: dict[WorkloadKey, Unready] = {}
    for (kind, namespace), names in workloads.items():
        unready_with_selectors = _list_unready(cluster, kind, namespace, names)
        pods = _pods(cluster, discovery, namespace) if unready_with_selectors else []
        for workload, selector in unready_with_selectors:
            unready_workloads[kind.kind, namespace, workload.name] = _with_reason(workload, selector, pods)
    return unready_workloads


def _list_unready(cluster: Cluster, kind: Kind, namespace: str, names: set[str]) -> list[tuple[Unready, Object]]:
    def read(live: Object) -> tuple[Unready, Object] | None:
        if live["metadata"]["name"] not in names:
            return None
        # The items of a list may lack their apiVersion and kind.
        described = {**live, "apiVersion": kind.api_version, "kind": kind.kind}
        try:
            with unexpected_as_port_error(f"health of {kind.kind} {namespace}/{live['metadata']['name']}"):
                workload = unready(described)
        except UnexpectedError as error:
            workload = Unready(kind.kind, live["metadata"]["name"], 0, 0, reason=str(error))
        return (workload, {"spec": {"selector": live.get("spec", {}).get("selector")}}) if workload else None

    return list(cluster.list(kind, namespace, read).values())


def _pods(cluster: Cluster, discovery: Discovery, namespace: str) -> list[_Pod]:
    def read(pod: Object) -> _Pod | None:
        problem = ""
        with skip_unexpected(f"a pod in {namespace}"):
            problem = pod_problem(pod)
        return _Pod({"metadata": {"labels": pod["metadata"].get("labels")}}, problem) if problem else None

    kind = discovery.kinds.get(("v1", "Pod"))
    try:
        return list(cluster.list(kind, namespace, read).values()) if kind else []
    except ClusterError as error:
        _log.info("cannot list pods in %s on %s: %s", namespace, cluster.name, error)
        return []


def _with_reason(workload: Unready, selector: Object, pods: Iterable[_Pod]) -> Unready:
    problem = next((pod.problem for pod in pods if selects(selector, pod.labels)), "")
    reasons = [word for word in (workload.reason, problem) if word]
    return replace(workload, reason=", ".join(reasons)) if reasons else workload

"""Asks a cluster which workloads do not run yet as they were told to, and why their pods do not."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.core.objects.health import WORKLOADS, Unready, pod_trouble, selects, unready
from bot.core.objects.manifest import Manifest
from bot.ports.cluster import Cluster, ClusterError, Discovery, Kind
from bot.ports.isolation import UnexpectedError, skip_unexpected, unexpected_as_port_error

_log = logging.getLogger(__name__)

Object = Mapping[str, Any]
Key = tuple[str, str, str]  # kind, namespace and name


@dataclass(frozen=True, slots=True)
class _Pod:
    """Of a pod that does not run, what is needed to tell whose it is."""

    labels: Object
    trouble: str


def not_running(
    cluster: Cluster, discovery: Discovery, manifests: Iterable[tuple[Manifest, str]]
) -> dict[Key, Unready]:
    """Those of some manifests, each with its application's namespace, that are workloads and lack something.

    By kind, namespace and name. Each kind is listed once a namespace. ClusterError when one cannot be. Why pods do not
    run is told where the bot may read pods.
    """
    workloads: defaultdict[tuple[Kind, str], set[str]] = defaultdict(set)
    for manifest, namespace in manifests:
        kind = discovery.kinds.get((manifest.api_version, manifest.kind))
        if kind is not None and (manifest.api_version, manifest.kind) in WORKLOADS:
            workloads[kind, manifest.namespace or namespace].add(manifest.name)
    unready_workloads: dict[Key, Unready] = {}
    for (kind, namespace), names in workloads.items():
        lacking = _lacking(cluster, kind, namespace, names)
        pods = _pods(cluster, discovery, namespace) if lacking else []
        for workload, selector in lacking:
            unready_workloads[kind.kind, namespace, workload.name] = _with_reason(workload, selector, pods)
    return unready_workloads


def _lacking(cluster: Cluster, kind: Kind, namespace: str, names: set[str]) -> list[tuple[Unready, Object]]:
    def read(live: Object) -> tuple[Unready, Object] | None:
        if live["metadata"]["name"] not in names:
            return None
        # A list of one kind may leave out what each item is.
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
        trouble = ""
        with skip_unexpected(f"a pod in {namespace}"):
            trouble = pod_trouble(pod)
        return _Pod({"metadata": {"labels": pod["metadata"].get("labels")}}, trouble) if trouble else None

    kind = discovery.kinds.get(("v1", "Pod"))
    try:
        return list(cluster.list(kind, namespace, read).values()) if kind else []
    except ClusterError as error:
        _log.info("cannot list pods in %s on %s: %s", namespace, cluster.name, error)
        return []


def _with_reason(workload: Unready, selector: Object, pods: Iterable[_Pod]) -> Unready:
    trouble = next((pod.trouble for pod in pods if selects(selector, pod.labels)), "")
    reasons = [word for word in (workload.reason, trouble) if word]
    return replace(workload, reason=", ".join(reasons)) if reasons else workload

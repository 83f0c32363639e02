"""Reads the health of the objects that a merge changed, and why their pods do not run."""

import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from bot.core.health.assess import assess, has_status
from bot.core.health.pods import PodProblem, pod_problem, selects
from bot.core.health.status import MISSING, PROGRESSING, Health
from bot.core.objects.manifest import Manifest
from bot.core.objects.resource import Object, mapping
from bot.core.rollouts.pending import Unready
from bot.ports.cluster import Cluster, ClusterError, Discovery, Kind
from bot.ports.isolation import UnexpectedError, skip_unexpected, unexpected_as_port_error

_log = logging.getLogger(__name__)

ObjectKey = tuple[str, str, str | None, str]  # as of a Manifest

# Its health is that of its last run, which may have been before the merge.
_NOT_AWAITED: Final = frozenset({("batch", "CronJob")})


@dataclass(frozen=True, slots=True)
class _Pod:
    """A pod that does not run: its labels and why."""

    labels: Object
    problem: PodProblem


def find_unready(
    cluster: Cluster, discovery: Discovery, manifests: Iterable[tuple[Manifest, str]]
) -> dict[ObjectKey, Unready]:
    """The objects of these manifests, each with its application's namespace, that are known not to be healthy.

    Each kind is listed once per namespace. Includes why pods do not run, if the bot is allowed to read pods.
    ClusterError if objects cannot be listed.
    """
    awaited: defaultdict[tuple[Kind, str], set[str]] = defaultdict(set)
    for manifest, namespace in manifests:
        kind = discovery.kinds.get((manifest.api_version, manifest.kind))
        if kind is None or not has_status(kind.group, kind.kind) or (kind.group, kind.kind) in _NOT_AWAITED:
            continue
        awaited[kind, manifest.namespace or namespace].add(manifest.name)
    unready_objects: dict[ObjectKey, Unready] = {}
    for (kind, namespace), names in awaited.items():
        unhealthy = _list_unhealthy(cluster, kind, namespace, names)
        needs_pods = any(selector for _, selector in unhealthy.values())
        pods = _pods(cluster, discovery, namespace) if needs_pods else []
        for name, (health, selector) in unhealthy.items():
            key = (kind.api_version, kind.kind, namespace, name)
            unready_objects[key] = _unready(kind, name, _with_problem(health, selector, pods))
    return unready_objects


def _list_unhealthy(cluster: Cluster, kind: Kind, namespace: str, names: set[str]) -> dict[str, tuple[Health, Object]]:
    """The health of those that are not settled, with the object's matchLabels, by name."""

    def read(live: Object) -> tuple[Health, Object] | None:
        name = live["metadata"]["name"]
        if name not in names:
            return None
        # The items of a list may lack their apiVersion and kind.
        described = {**live, "apiVersion": kind.api_version, "kind": kind.kind}
        try:
            with unexpected_as_port_error(f"health of {kind.kind} {namespace}/{name}"):
                return assess(described), _selector(live)
        except UnexpectedError as error:
            return replace(PROGRESSING, reason=str(error)), {}

    live = cluster.list(kind, namespace, read)
    healths = {name: health for (_, name), health in live.items()}
    by_name = {name: healths.get(name, (MISSING, {})) for name in sorted(names)}
    return {name: (health, selector) for name, (health, selector) in by_name.items() if not health.is_settled}


def _pods(cluster: Cluster, discovery: Discovery, namespace: str) -> list[_Pod]:
    def read(pod: Object) -> _Pod | None:
        problem = None
        with skip_unexpected(f"a pod in {namespace}"):
            problem = pod_problem(pod)
        return _Pod(mapping(pod, "metadata", "labels"), problem) if problem else None

    kind = discovery.kinds.get(("v1", "Pod"))
    try:
        return list(cluster.list(kind, namespace, read).values()) if kind else []
    except ClusterError as error:
        _log.info("cannot list pods in %s on %s: %s", namespace, cluster.name, error)
        return []


def _with_problem(health: Health, selector: Object, pods: Iterable[_Pod]) -> Health:
    """The health with the problem of the first pod that the selector selects."""
    problem = next((pod.problem for pod in pods if selects(selector, pod.labels)), None)
    if problem is None:
        return health
    reason = ", ".join(filter(None, (health.reason, problem.reason)))
    return replace(health, reason=reason, cause=problem.cause or health.cause)


def _selector(live: Object) -> Object:
    return mapping(live, "spec", "selector", "matchLabels")


def _unready(kind: Kind, name: str, health: Health) -> Unready:
    return Unready(
        kind.kind,
        name,
        health.ready,
        health.wanted,
        health.reason,
        failed=health.failed,
        health=health.status,
        cause=health.cause,
    )

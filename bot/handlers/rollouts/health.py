"""Reads the health of the objects that a merge changed, why their pods don't run, and which images they run."""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Final

from bot.core.health.assess import assess, may_be_unhealthy
from bot.core.health.pods import PodProblem, pod_problem, selects
from bot.core.health.status import MISSING, PROGRESSING, Health
from bot.core.health.unready import Unready
from bot.core.objects.images import images_of
from bot.core.objects.manifest import Manifest
from bot.core.objects.resource import Object, mapping
from bot.core.rollouts.running_images import MAX_IMAGES, ImageMismatch, PodImage, count_digests, mismatches, pod_images
from bot.i18n.language import Text
from bot.ports.cluster import Cluster, ClusterError, Discovery, Kind
from bot.ports.isolation import UnexpectedError, unexpected_as_port_error

_log = logging.getLogger(__name__)

MAX_PODS: Final = 1_000  # of one workload
ObjectKey = tuple[str, str, str | None, str]  # as of a Manifest

# The kind's health is that of its last run, which may have been before the merge.
_NOT_AWAITED: Final = frozenset({("batch", "CronJob")})


@dataclass(frozen=True, slots=True)
class ObjectState:
    """The state of an object: `unready` if it is not healthy, and the images that do not run as declared."""

    unready: Unready | None = None
    images: tuple[ImageMismatch, ...] = ()
    error: Text | None = None


@dataclass(frozen=True, slots=True)
class _Live:
    """A live object: its health, and if it has pods, its matchLabels and the images of its template."""

    health: Health
    match_labels: Object = field(default_factory=dict)
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Pod:
    """A pod: its labels, the reason if it does not run, and its images."""

    labels: Object
    problem: PodProblem | None
    images: tuple[PodImage, ...]


@dataclass(frozen=True, slots=True)
class _SelectedPods:
    """The pods of a workload: the reason of the first that does not run, and their images."""

    problem: PodProblem | None = None
    digests: Mapping[str, Counter[str]] = field(default_factory=dict)


class _PodIndex:
    """The pods of a namespace by label, so that workloads find theirs without searching all of them."""

    def __init__(self, pods: Iterable[_Pod]) -> None:
        self._by_label: defaultdict[tuple[str, str], list[_Pod]] = defaultdict(list)
        self._selected: dict[frozenset[tuple[str, str]], _SelectedPods] = {}
        for pod in pods:
            for label in _labels(pod.labels):
                self._by_label[label].append(pod)

    def select(self, match_labels: Object) -> _SelectedPods:
        """The pods that matchLabels select, from the first MAX_PODS with the rarest of these labels."""
        labels = frozenset(_labels(match_labels))
        if labels not in self._selected:
            rarest = min((self._by_label.get(label, []) for label in labels), key=len, default=[])
            pods = [pod for pod in rarest[:MAX_PODS] if selects(match_labels, pod.labels)]
            problem = next((pod.problem for pod in pods if pod.problem), None)
            self._selected[labels] = _SelectedPods(problem, count_digests(chain.from_iterable(p.images for p in pods)))
        return self._selected[labels]


def _labels(labels: Object) -> list[tuple[str, str]]:
    return [(name, value) for name, value in labels.items() if isinstance(value, str)]


def read_states(
    cluster: Cluster, discovery: Discovery, manifests: Iterable[tuple[Manifest, str]]
) -> dict[ObjectKey, ObjectState]:
    """The states of the objects of these manifests, each with its application's namespace, as far as known.

    Each kind is listed once per namespace, as are pods if needed and the bot is allowed to read them. Raises
    ClusterError if objects cannot be listed.
    """
    awaited: defaultdict[tuple[Kind, str], set[str]] = defaultdict(set)
    for manifest, namespace in manifests:
        kind = discovery.kinds.get((manifest.api_version, manifest.kind))
        if kind is None or not may_be_unhealthy(kind.group, kind.kind) or (kind.group, kind.kind) in _NOT_AWAITED:
            continue
        awaited[kind, manifest.namespace or namespace].add(manifest.name)
    states: dict[ObjectKey, ObjectState] = {}
    pods: dict[str, _PodIndex] = {}
    for (kind, namespace), names in awaited.items():
        try:
            listed = _list_live(cluster, kind, namespace, names)
        except ClusterError as error:
            keys = [(kind.api_version, kind.kind, namespace, name) for name in names]
            states |= dict.fromkeys(keys, ObjectState(error=error.text))
            continue
        for name, live in listed.items():
            if live.match_labels and namespace not in pods:
                pods[namespace] = _PodIndex(_list_pods(cluster, discovery, namespace))
            key = (kind.api_version, kind.kind, namespace, name)
            try:
                with unexpected_as_port_error(f"state of {kind.kind} {namespace}/{name}"):
                    selected_pods = pods[namespace].select(live.match_labels) if live.match_labels else _SelectedPods()
                    states[key] = _state(kind, name, live, selected_pods)
            except UnexpectedError as error:
                states[key] = ObjectState(Unready(kind.kind, name, reason=str(error)))
    return states


def _list_live(cluster: Cluster, kind: Kind, namespace: str, names: set[str]) -> dict[str, _Live]:
    """The objects with these names, by name; those that don't exist are left out."""

    def read(live: Object) -> _Live | None:
        name = live["metadata"]["name"]
        if name not in names:
            return None
        # The items of a list may lack their apiVersion and kind.
        described = {**live, "apiVersion": kind.api_version, "kind": kind.kind}
        try:
            with unexpected_as_port_error(f"health of {kind.kind} {namespace}/{name}"):
                match_labels = mapping(live, "spec", "selector", "matchLabels")
                template = mapping(live, "spec", "template")
                return _Live(
                    assess(described), match_labels, tuple(images_of(template)[:MAX_IMAGES]) if match_labels else ()
                )
        except UnexpectedError as error:
            return _Live(replace(PROGRESSING, reason=str(error)))

    by_name = {name: live for (_, name), live in cluster.list(kind, namespace, read).items()}
    return {name: by_name.get(name, _Live(MISSING)) for name in sorted(names)}


def _list_pods(cluster: Cluster, discovery: Discovery, namespace: str) -> list[_Pod]:
    def read(pod: Object) -> _Pod | None:
        try:
            with unexpected_as_port_error(f"a pod in {namespace}"):
                return _Pod(mapping(pod, "metadata", "labels"), pod_problem(pod), pod_images(pod))
        except UnexpectedError:
            return None

    kind = discovery.kinds.get(("v1", "Pod"))
    try:
        return list(cluster.list(kind, namespace, read).values()) if kind else []
    except ClusterError as error:
        _log.info("cannot list pods in %s on %s: %s", namespace, cluster.name, error)
        return []


def _state(kind: Kind, name: str, live: _Live, pods: _SelectedPods) -> ObjectState:
    if live.health.is_settled:
        return ObjectState(images=mismatches(live.images, pods.digests))
    return ObjectState(Unready.of(kind.kind, name, _with_problem(live.health, pods.problem)))


def _with_problem(health: Health, problem: PodProblem | None) -> Health:
    if problem is None:
        return health
    reason = ", ".join(filter(None, (health.reason, problem.reason)))
    return replace(health, reason=reason, cause=problem.cause or health.cause)

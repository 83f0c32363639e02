"""Lists the resources of deployers. Whoever can create some of them can't keep the bot from reading the others."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from bot.core.applications.argocd import MANAGED_BY_URL, failed_hooks
from bot.core.applications.discovery import CHANNEL_ANNOTATION
from bot.core.objects.fair_budget import FairBudget
from bot.core.objects.kept_size import kept_size
from bot.core.objects.resource import Object, items, mapping, text
from bot.core.objects.step_budget import json_size
from bot.i18n.catalogue import discovery as texts
from bot.i18n.language import LocalizedText, Text
from bot.ports.cluster import Cluster, Discovery, Kind

# Of what the bot keeps of a resource, which is usually 2 KiB.
MAX_RESOURCE_BYTES: Final = 256 * 2**10
MAX_TOTAL_BYTES: Final = 64 * 2**20  # of all resources that are listed together; see `kept_size`

# Fields that say how a deployer renders manifests and applies them, which can be large.
RENDERING_FIELDS: Final = (
    *("directory", "helm", "ignoreDifferences", "images", "info", "kustomize", "patches", "plugin", "postBuild"),
    *("postRenderers", "values"),
)

_METADATA: Final = ("namespace", "name", "creationTimestamp", "deletionTimestamp", "generation")
_ANNOTATIONS: Final = (CHANNEL_ANNOTATION, MANAGED_BY_URL)
# The rest of a status grows with the number of objects and of syncs, and repeats the spec.
_STATUS: Final = (
    *("artifact", "conditions", "controllerNamespace", "lastAppliedRevision", "lastAttemptedRevision"),
    "observedGeneration",
)
_STATUS_FIELDS: Final = {
    "health": ("status",),
    "operationState": ("finishedAt", "message", "phase", "startedAt"),
    "sync": ("revision", "revisions", "status"),
}
_STATUS_OF_KIND: Final = {"HelmRelease": ("history",)}
_SYNC_RESULT: Final = ("revision", "revisions")
_HOOK: Final = ("kind", "name", "hookType", "hookPhase", "message")
_MAX_FAILED_HOOKS: Final = 5


@dataclass(slots=True)
class _Listed:
    """A resource, or the metadata of one that is too large, with the reason."""

    resource: Object
    why: Text | None = None

    def drop(self, why: Text) -> None:
        metadata = _only(mapping(self.resource, "metadata"), _METADATA)
        self.resource, self.why = {"metadata": metadata}, why


@dataclass(frozen=True, slots=True)
class ResourceList:
    """The resources of a kind with the fields that the bot reads.

    Listing another kind with the same budget may drop some of them.
    """

    listed: Collection[_Listed]

    @property
    def resources(self) -> list[Object]:
        """Those that aren't too large."""
        return [item.resource for item in self.listed if item.why is None]

    @property
    def too_large(self) -> list[tuple[Object, Text]]:
        """The metadata of those that are too large, with the reason."""
        return [(item.resource, item.why) for item in self.listed if item.why is not None]


class ResourceBudget:
    """The resources that are kept of one deployer or, if several are listed together, of all."""

    def __init__(self) -> None:
        self._budget = FairBudget[tuple[str, ...]](MAX_TOTAL_BYTES)
        self._listed: dict[tuple[str, ...], _Listed] = {}

    def add(self, kind: Kind, resource: Object) -> _Listed:
        """Keep a resource, or drop it and perhaps others. One that is listed again replaces itself."""
        metadata = mapping(resource, "metadata")
        namespace = text(metadata, "namespace")
        key = kind.group, kind.kind, namespace, text(metadata, "name")
        item = self._listed[key] = _Listed(resource)
        if 0 < json_size(resource) <= MAX_RESOURCE_BYTES:
            for dropped in self._budget.keep(key, namespace, kept_size(resource)):
                self._listed[dropped].drop(LocalizedText(texts.TOO_LARGE_TOGETHER, most=str(MAX_TOTAL_BYTES >> 20)))
        else:
            self._budget.discard(key)
            item.drop(LocalizedText(texts.TOO_LARGE))
        return item


def list_resources(cluster: Cluster, kind: Kind, budget: ResourceBudget, omitted: Collection[str] = ()) -> ResourceList:
    """The resources of a kind in all namespaces, without the `omitted` fields of a spec and its sources.

    Those above MAX_RESOURCE_BYTES are too large. If all that are listed with `budget` take more than MAX_TOTAL_BYTES,
    so are the largest in the namespace whose resources take most. Raises ClusterError.
    """
    listed = cluster.list(kind, None, lambda live: budget.add(kind, trimmed(live, kind.kind, omitted)))
    return ResourceList(listed.values())


def preferred_kinds(discovery: Discovery) -> dict[tuple[str, str], Kind]:
    """The served kinds by (group, kind), each in the version that the server lists first, which it prefers."""
    kinds: dict[tuple[str, str], Kind] = {}
    for kind in discovery.kinds.values():
        kinds.setdefault((kind.group, kind.kind), kind)
    return kinds


def group_problem(discovery: Discovery, group: str) -> Text | None:
    """Why a kind of this group may be served although it isn't in `discovery.kinds`; None if it isn't served."""
    return next((why for version, why in discovery.broken.items() if version.rpartition("/")[0] == group), None)


def trimmed(live: Object, kind: str, omitted: Collection[str]) -> Object:
    """The resource with only the fields that the bot reads."""
    metadata, status = mapping(live, "metadata"), mapping(live, "status")
    annotations = _only(mapping(metadata, "annotations"), _ANNOTATIONS)
    kept = _only(status, (*_STATUS, *_STATUS_OF_KIND.get(kind, ())))
    kept |= {name: _only(mapping(status, name), fields) for name, fields in _STATUS_FIELDS.items()}
    operation = mapping(status, "operationState")
    result = _only(mapping(operation, "syncResult"), _SYNC_RESULT)
    if hooks := failed_hooks(operation)[:_MAX_FAILED_HOOKS]:
        result["resources"] = [_only(hook, _HOOK) for hook in hooks]
    if result:
        kept["operationState"] = {**mapping(kept, "operationState"), "syncResult": result}
    trimmed = {
        **_only(live, ("apiVersion", "kind")),
        "spec": _without(mapping(live, "spec"), omitted),
        "metadata": {**_only(metadata, _METADATA), "annotations": annotations},
        "status": kept,
    }
    return trimmed if live.get("operation") is None else {**trimmed, "operation": {}}


def _only(section: Object, names: tuple[str, ...]) -> dict[str, object]:
    return {name: section[name] for name in names if name in section}


def _without(spec: Object, omitted: Collection[str]) -> Object:
    """A spec without these fields, also in its sources."""
    kept: dict[str, object] = {name: value for name, value in spec.items() if name not in omitted}
    if omitted and isinstance(source := kept.get("source"), Mapping):
        kept["source"] = _without(source, omitted)
    if omitted and "sources" in kept:
        sources = [source for source in items(spec, "sources") if isinstance(source, Mapping)]
        kept["sources"] = [_without(source, omitted) for source in sources]
    return kept

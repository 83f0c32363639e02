"""Lists the resources of deployers. Whoever can create some of them can't keep the bot from reading the others."""

from dataclasses import dataclass, field
from typing import Final

from bot.core.applications.argocd import MANAGED_BY_URL, failed_hooks
from bot.core.applications.discovery import CHANNEL_ANNOTATION
from bot.core.objects.resource import Object, mapping
from bot.core.objects.step_budget import json_size
from bot.i18n.language import Text
from bot.ports.cluster import Cluster, Discovery, Kind

# Of what the bot keeps of a resource, which is usually 2 KiB.
MAX_RESOURCE_BYTES: Final = 256 * 2**10
MAX_KIND_BYTES: Final = 32 * 2**20  # of all resources of a kind

_METADATA: Final = ("namespace", "name", "creationTimestamp", "deletionTimestamp", "generation")
_ANNOTATIONS: Final = (CHANNEL_ANNOTATION, MANAGED_BY_URL)
# The rest of a status grows with the number of objects and of syncs, and repeats the spec.
_STATUS: Final = (
    *("artifact", "conditions", "controllerNamespace", "lastAppliedRevision", "lastAttemptedRevision"),
    "observedGeneration",
)
_STATUS_FIELDS: Final = {
    "health": ("status",),
    "operationState": ("message", "phase", "startedAt"),
    "sync": ("revision", "revisions", "status"),
}
_STATUS_OF_KIND: Final = {"HelmRelease": ("history",)}
_SYNC_RESULT: Final = ("revision", "revisions")
_HOOK: Final = ("kind", "name", "hookType", "hookPhase", "message")
_MAX_FAILED_HOOKS: Final = 5


@dataclass(frozen=True, slots=True)
class ResourceList:
    """The resources of a kind with the fields that the bot reads, and the metadata of those that are too large."""

    resources: list[Object] = field(default_factory=list)
    too_large: list[Object] = field(default_factory=list)


def list_resources(cluster: Cluster, kind: Kind) -> ResourceList:
    """The resources of a kind in all namespaces. Raises ClusterError.

    Those above MAX_RESOURCE_BYTES are too large. If the others take more than MAX_KIND_BYTES, so are the largest.
    """
    budget = _Budget()
    listed = cluster.list(kind, None, lambda live: budget.add(_trimmed(live, kind.kind))).values()
    return ResourceList(
        [item.resource for item in listed if item.size], [item.resource for item in listed if not item.size]
    )


def preferred_kinds(discovery: Discovery) -> dict[tuple[str, str], Kind]:
    """The served kinds by (group, kind), each in the version that the server lists first, which it prefers."""
    kinds: dict[tuple[str, str], Kind] = {}
    for kind in discovery.kinds.values():
        kinds.setdefault((kind.group, kind.kind), kind)
    return kinds


def group_problem(discovery: Discovery, group: str) -> Text | None:
    """Why a kind of this group may be served although it isn't in `discovery.kinds`; None if it isn't served."""
    return next((why for version, why in discovery.broken.items() if version.rpartition("/")[0] == group), None)


@dataclass(slots=True)
class _Listed:
    """A resource and its size in bytes, or the metadata of one that is too large, with a size of 0."""

    resource: Object
    size: int


@dataclass(slots=True)
class _Budget:
    """The resources of a kind that are kept, and the bytes that one may take and that all of them take."""

    most: int = MAX_RESOURCE_BYTES
    total: int = 0
    listed: dict[tuple[object, object], _Listed] = field(default_factory=dict)

    def add(self, resource: Object) -> _Listed:
        """Keep a resource, or drop it and perhaps others. One that is listed again replaces itself."""
        metadata = mapping(resource, "metadata")
        key = metadata.get("namespace"), metadata.get("name")
        if previous := self.listed.get(key):
            self.total -= previous.size
        item = self.listed[key] = _Listed(resource, json_size(resource))
        self.total += item.size
        if item.size > self.most:
            self._drop(item)
        while self.total > MAX_KIND_BYTES:
            self.most //= 2
            for other in self.listed.values():
                if other.size > self.most:
                    self._drop(other)
        return item

    def _drop(self, item: _Listed) -> None:
        self.total -= item.size
        item.resource, item.size = {"metadata": mapping(item.resource, "metadata")}, 0


def _trimmed(live: Object, kind: str) -> Object:
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
        **_only(live, ("apiVersion", "kind", "spec")),
        "metadata": {**_only(metadata, _METADATA), "annotations": annotations},
        "status": kept,
    }
    return trimmed if live.get("operation") is None else {**trimmed, "operation": {}}


def _only(section: Object, names: tuple[str, ...]) -> dict[str, object]:
    return {name: section[name] for name in names if name in section}

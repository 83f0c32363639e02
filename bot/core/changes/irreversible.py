"""Finds irreversible changes in git: those that destroy data for good, and those that Kubernetes refuses.

From the API server's own validation (kubernetes/kubernetes `pkg/apis/*/validation`) and
https://kubernetes.io/docs/concepts/storage/persistent-volumes/#reclaiming
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from bot.core.changes.rendered_change import FieldChange, field_changes, paired
from bot.core.objects.manifest import Manifest
from bot.core.objects.resource import items, mapping
from bot.core.objects.scalar_equality import parse_quantity
from bot.core.objects.schema import Schemas
from bot.core.objects.step_budget import SharedStepBudget


class IrreversibleReason(StrEnum):
    """Why a change is irreversible, or refused; the catalogue has the texts.

    A DEFINITION, NAMESPACE or VOLUME is deleted with everything in it; if RETURNING, it is created again, but empty.
    Kubernetes refuses IMMUTABLE until the object is deleted and created again, SHRUNK always, and VERSION while objects
    are stored in that version.
    """

    DEFINITION = "definition"
    NAMESPACE = "namespace"
    VOLUME = "volume"
    RETURNING = "returning"
    IMMUTABLE = "immutable"
    SHRUNK = "shrunk"
    VERSION = "version"


@dataclass(frozen=True, slots=True)
class IrreversibleChange:
    """One object, and the `path` of the field that is the reason, if any."""

    reason: IrreversibleReason
    kind: str
    namespace: str | None  # as in the manifest
    name: str
    path: str = ""


_Kind = tuple[str, str]  # API group ("" is the core one) and kind

_HOLDERS: Final[dict[_Kind, IrreversibleReason]] = {
    ("apiextensions.k8s.io", "CustomResourceDefinition"): IrreversibleReason.DEFINITION,
    ("", "Namespace"): IrreversibleReason.NAMESPACE,
    ("", "PersistentVolumeClaim"): IrreversibleReason.VOLUME,
    ("", "PersistentVolume"): IrreversibleReason.VOLUME,
}

# Fields that cannot change once the object exists, including everything below them.
_IMMUTABLE: Final[dict[_Kind, Sequence[str]]] = {
    ("apps", "Deployment"): ("spec.selector",),
    ("apps", "DaemonSet"): ("spec.selector",),
    ("apps", "ReplicaSet"): ("spec.selector",),
    ("batch", "Job"): (
        "spec.selector",
        "spec.template",
        "spec.completionMode",
        "spec.podFailurePolicy",
        "spec.successPolicy",
        "spec.backoffLimitPerIndex",
        "spec.managedBy",
    ),
    ("", "Service"): ("spec.clusterIP", "spec.clusterIPs"),
    ("", "Secret"): ("type",),
    ("rbac.authorization.k8s.io", "RoleBinding"): ("roleRef",),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): ("roleRef",),
    ("storage.k8s.io", "StorageClass"): ("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"),
    ("scheduling.k8s.io", "PriorityClass"): ("value", "preemptionPolicy"),
    ("node.k8s.io", "RuntimeClass"): ("handler",),
    ("networking.k8s.io", "IngressClass"): ("spec.controller",),
    ("discovery.k8s.io", "EndpointSlice"): ("addressType",),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): (
        "spec.group",
        "spec.scope",
        "spec.names.kind",
        "spec.names.plural",
    ),
}
# Kinds whose `spec` cannot change, except for these fields.
_MUTABLE: Final[dict[_Kind, Sequence[str]]] = {
    ("apps", "StatefulSet"): (
        "spec.replicas",
        "spec.ordinals",
        "spec.template",
        "spec.updateStrategy",
        "spec.revisionHistoryLimit",
        "spec.persistentVolumeClaimRetentionPolicy",
        "spec.minReadySeconds",
    ),
    ("", "PersistentVolumeClaim"): ("spec.resources", "spec.volumeAttributesClassName"),
    ("", "PersistentVolume"): (
        "spec.capacity",
        "spec.accessModes",
        "spec.persistentVolumeReclaimPolicy",
        "spec.claimRef",
        "spec.mountOptions",
        "spec.nodeAffinity",
        "spec.storageClassName",
        "spec.volumeAttributesClassName",
    ),
}
# With `immutable: true`, neither their data nor that field itself can change.
_SEALED: Final = (("", "ConfigMap"), ("", "Secret"))
_SEALED_FIELDS: Final = ("data", "binaryData", "stringData", "immutable")
_BUILT_IN: Final = Schemas()


def irreversible(
    before: Iterable[Manifest], after: Iterable[Manifest], *, namespace: str, schema: Schemas = _BUILT_IN
) -> tuple[IrreversibleChange, ...]:
    """Which parts of a change between two revisions of an application are irreversible or will be refused.

    In the order of `IrreversibleReason`, then of kind, name and path. `namespace` is the application's.
    """
    shared = SharedStepBudget()
    changes = [change for pair in paired(before, after, namespace) for change in _of_object(*pair, schema, shared)]
    order = list(IrreversibleReason)
    return tuple(
        sorted(changes, key=lambda change: (order.index(change.reason), change.kind, change.name, change.path))
    )


def _of_object(
    before: Manifest | None, after: Manifest | None, schema: Schemas, shared: SharedStepBudget
) -> Iterator[IrreversibleChange]:
    manifest = after or before
    if manifest is None:
        return
    kind = manifest.api_version.rpartition("/")[0], manifest.kind

    def change(reason: IrreversibleReason, path: str = "") -> IrreversibleChange:
        return IrreversibleChange(reason, manifest.kind, manifest.namespace, manifest.name, path)

    if before is None or after is None:
        reason = _HOLDERS.get(kind) or (IrreversibleReason.VOLUME if _deletes_its_volumes(kind, manifest) else None)
        if reason:
            yield change(reason if after is None else IrreversibleReason.RETURNING)
        return
    fields = field_changes(before, after, schema, shared)
    paths = dict.fromkeys(_immutable_field(kind, field, before) for field in fields)
    yield from (change(IrreversibleReason.IMMUTABLE, path) for path in paths if path)
    if _shrinks(kind, before, after):
        yield change(IrreversibleReason.SHRUNK, "spec.resources.requests.storage")
    yield from (
        change(IrreversibleReason.VERSION, f"spec.versions {version}")
        for version in _removed_versions(kind, before, after)
    )


def _immutable_field(kind: _Kind, field: FieldChange, before: Manifest) -> str:
    """The path of the immutable field that contains a change; "" if there is none."""
    sealed: Sequence[str] = _SEALED_FIELDS if kind in _SEALED and before.object.get("immutable") is True else ()
    for path in (*_IMMUTABLE.get(kind, ()), *sealed):
        if _within(field.path, path):
            return path
    if kind not in _MUTABLE or not _within(field.path, "spec"):
        return ""
    return "" if any(_within(field.path, path) for path in _MUTABLE[kind]) else field.path


def _within(path: str, root: str) -> bool:
    return path.startswith(root) and path[len(root) : len(root) + 1] in ("", ".", "[")


def _deletes_its_volumes(kind: _Kind, manifest: Manifest) -> bool:
    """Whether this is a StatefulSet whose volume claims are deleted with it; by default they stay."""
    if kind != ("apps", "StatefulSet"):
        return False
    policy = _at(manifest.object, "spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted")
    return policy == "Delete" and bool(_at(manifest.object, "spec", "volumeClaimTemplates"))


def _shrinks(kind: _Kind, before: Manifest, after: Manifest) -> bool:
    if kind != ("", "PersistentVolumeClaim"):
        return False
    size_before, size_after = (
        parse_quantity(str(_at(manifest.object, "spec", "resources", "requests", "storage")))
        for manifest in (before, after)
    )
    return size_before is not None and size_after is not None and size_after < size_before


def _removed_versions(kind: _Kind, before: Manifest, after: Manifest) -> list[str]:
    if kind != ("apiextensions.k8s.io", "CustomResourceDefinition"):
        return []
    versions_before, versions_after = (_versions(manifest) for manifest in (before, after))
    return [version for version in versions_before if version not in versions_after]


def _versions(manifest: Manifest) -> list[str]:
    versions = items(mapping(manifest.object, "spec"), "versions")
    return [str(version["name"]) for version in versions if isinstance(version, dict) and "name" in version]


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value

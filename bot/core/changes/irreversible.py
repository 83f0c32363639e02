"""What a change in git cannot do to a cluster, or cannot take back: data that goes, and fields that never change.

From the API server's own validation (kubernetes/kubernetes `pkg/apis/*/validation`) and
https://kubernetes.io/docs/concepts/storage/persistent-volumes/#reclaiming
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from bot.core.changes.rendered_change import FieldChange, field_changes, paired
from bot.core.objects.manifest import Manifest
from bot.core.objects.scalar import parse_quantity
from bot.core.objects.schema import Schemas


class Loss(StrEnum):
    """Why a change is not what it seems: the words are in the catalogue.

    DEFINITION, NAMESPACE and VOLUME go and take with them what they hold; RETURNING comes back, and what it held does
    not. IMMUTABLE is refused by Kubernetes until the object is deleted and made anew, SHRUNK always; VERSION is refused
    while objects are stored under it.
    """

    DEFINITION = "definition"
    NAMESPACE = "namespace"
    VOLUME = "volume"
    RETURNING = "returning"
    IMMUTABLE = "immutable"
    SHRUNK = "shrunk"
    VERSION = "version"


@dataclass(frozen=True, slots=True)
class Warned:
    """One object, and the field where there is one."""

    loss: Loss
    kind: str
    namespace: str | None  # as in the manifest
    name: str
    path: str = ""


_Kind = tuple[str, str]  # API group ("" is the core one) and kind

_HOLDERS: Final[dict[_Kind, Loss]] = {
    ("apiextensions.k8s.io", "CustomResourceDefinition"): Loss.DEFINITION,
    ("", "Namespace"): Loss.NAMESPACE,
    ("", "PersistentVolumeClaim"): Loss.VOLUME,
    ("", "PersistentVolume"): Loss.VOLUME,
}

# Fields that never change once the object is there, with all below them.
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
# Kinds of which all of `spec` never changes, but for these.
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
# With `immutable: true` neither what they hold nor the promise itself can be changed.
_SEALED: Final = (("", "ConfigMap"), ("", "Secret"))
_SEALED_FIELDS: Final = ("data", "binaryData", "stringData", "immutable")
_BUILT_IN: Final = Schemas()


def irreversible(
    before: Iterable[Manifest], after: Iterable[Manifest], *, namespace: str, schema: Schemas = _BUILT_IN
) -> tuple[Warned, ...]:
    """What of the change from one revision of an application to another is lost for good, or will be refused.

    What loses data comes first; the order is otherwise that of kind, name and path. `namespace` is the application's.
    """
    found = [each for pair in paired(before, after, namespace) for each in _of_object(*pair, schema)]
    order = list(Loss)
    return tuple(sorted(found, key=lambda each: (order.index(each.loss), each.kind, each.name, each.path)))


def _of_object(before: Manifest | None, after: Manifest | None, schema: Schemas) -> Iterator[Warned]:
    there = after or before
    if there is None:
        return
    kind = there.api_version.rpartition("/")[0], there.kind

    def warned(loss: Loss, path: str = "") -> Warned:
        return Warned(loss, there.kind, there.namespace, there.name, path)

    if before is None or after is None:
        held = _HOLDERS.get(kind) or (Loss.VOLUME if _takes_its_volumes(kind, there) else None)
        if held:
            yield warned(held if after is None else Loss.RETURNING)
        return
    paths = dict.fromkeys(_top(kind, field, before) for field in field_changes(before, after, schema))
    yield from (warned(Loss.IMMUTABLE, path) for path in paths if path)
    if _shrinks(kind, before, after):
        yield warned(Loss.SHRUNK, "spec.resources.requests.storage")
    yield from (warned(Loss.VERSION, f"spec.versions {version}") for version in _versions_gone(kind, before, after))


def _top(kind: _Kind, field: FieldChange, before: Manifest) -> str:
    """The immutable field that a change lies in, as short as it may be said; "" when it lies in none."""
    sealed: Sequence[str] = _SEALED_FIELDS if kind in _SEALED and before.object.get("immutable") is True else ()
    for path in (*_IMMUTABLE.get(kind, ()), *sealed):
        if _within(field.path, path):
            return path
    if kind not in _MUTABLE or not _within(field.path, "spec"):
        return ""
    return "" if any(_within(field.path, path) for path in _MUTABLE[kind]) else field.path


def _within(path: str, root: str) -> bool:
    return path.startswith(root) and path[len(root) : len(root) + 1] in ("", ".", "[")


def _takes_its_volumes(kind: _Kind, manifest: Manifest) -> bool:
    """Whether the claims a StatefulSet has made go with it: they stay, unless it says otherwise."""
    if kind != ("apps", "StatefulSet"):
        return False
    policy = _at(manifest.object, "spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted")
    return policy == "Delete" and bool(_at(manifest.object, "spec", "volumeClaimTemplates"))


def _shrinks(kind: _Kind, before: Manifest, after: Manifest) -> bool:
    if kind != ("", "PersistentVolumeClaim"):
        return False
    sizes = [
        parse_quantity(str(_at(side.object, "spec", "resources", "requests", "storage"))) for side in (before, after)
    ]
    return None not in sizes and sizes[1] < sizes[0]  # type: ignore[operator]  # neither is None


def _versions_gone(kind: _Kind, before: Manifest, after: Manifest) -> list[str]:
    if kind != ("apiextensions.k8s.io", "CustomResourceDefinition"):
        return []
    was, now = (_versions(side) for side in (before, after))
    return [version for version in was if version not in now]


def _versions(manifest: Manifest) -> list[str]:
    versions = _at(manifest.object, "spec", "versions")
    named = versions if isinstance(versions, list) else []
    return [str(each["name"]) for each in named if isinstance(each, dict) and "name" in each]


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value

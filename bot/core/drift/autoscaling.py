"""Finds the objects that autoscalers scale, where another number of replicas is not drift."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.objects.manifest import Manifest
from bot.core.objects.resource import mapping


@dataclass(frozen=True, slots=True)
class ScaleTargets:
    """The targets of the autoscalers of one cluster: (API group, kind, namespace, name) of each."""

    targets: frozenset[tuple[str, str, str, str]] = frozenset()

    def include(self, manifest: Manifest) -> bool:
        """Whether an autoscaler scales the object of a manifest, to which `resolve` has added the namespace."""
        return (_group(manifest.api_version), manifest.kind, manifest.namespace or "", manifest.name) in self.targets


def scale_targets(live_objects: Iterable[Mapping[str, Any]]) -> ScaleTargets:
    """The targets of the HorizontalPodAutoscalers and KEDA ScaledObjects among live objects; skips other kinds."""
    targets = set()
    for scaler in live_objects:
        is_keda = scaler.get("kind") == "ScaledObject"
        if not is_keda and scaler.get("kind") != "HorizontalPodAutoscaler":
            continue
        reference = mapping(scaler, "spec", "scaleTargetRef")
        namespace = mapping(scaler, "metadata").get("namespace")
        # https://keda.sh/docs/latest/reference/scaledobject-spec/#scaletargetref
        api_version = reference.get("apiVersion", "apps/v1" if is_keda else "")
        kind, name = reference.get("kind", "Deployment" if is_keda else None), reference.get("name")
        if isinstance(kind, str) and isinstance(name, str):
            targets.add((_group(api_version), kind, namespace if isinstance(namespace, str) else "", name))
    return ScaleTargets(frozenset(targets))


def _group(api_version: object) -> str:
    return api_version.rpartition("/")[0] if isinstance(api_version, str) else ""

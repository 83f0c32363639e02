"""Finds the cluster's kind for a manifest, from discovery."""

from collections.abc import Sequence
from typing import Final

from bot.core.objects.manifest import Manifest
from bot.core.objects.resolve import Namespaced
from bot.i18n.catalogue import cluster as texts
from bot.i18n.language import LocalizedText, join_texts
from bot.ports.cluster import ClusterError, Discovery, Kind

# The autoscalers that may set spec.replicas, each with the versions to read it in, preferred first.
_AUTOSCALERS: Final = (
    (("autoscaling/v2", "HorizontalPodAutoscaler"), ("autoscaling/v1", "HorizontalPodAutoscaler")),
    (("keda.sh/v1alpha1", "ScaledObject"),),
)


def scope_of(discovery: Discovery) -> Namespaced:
    """A function that returns whether an (apiVersion, kind) is namespaced; None if the cluster does not serve it."""

    def namespaced(api_version: str, kind: str) -> bool | None:
        served = discovery.kinds.get((api_version, kind))
        return None if served is None else served.namespaced

    return namespaced


def served_kind(manifest: Manifest, discovery: Discovery, cluster: str) -> Kind:
    """The kind of a manifest. Raises ClusterError if the cluster with this name does not serve that version of it."""
    kind = discovery.kinds.get((manifest.api_version, manifest.kind))
    if kind is not None:
        return kind
    if manifest.api_version in discovery.broken:
        raise ClusterError(discovery.broken[manifest.api_version])
    group = manifest.api_version.rpartition("/")[0]
    served = sorted(
        version for version, name in discovery.kinds if name == manifest.kind and version.rpartition("/")[0] == group
    )
    values = {"cluster": cluster, "kind": manifest.kind, "version": manifest.api_version}
    if not served:
        raise ClusterError(LocalizedText(texts.NOT_SERVED, **values))
    versions = join_texts(texts.OR, served)
    raise ClusterError(LocalizedText(texts.OTHER_VERSION, **values, served=versions))


def autoscaler_kinds(discovery: Discovery) -> Sequence[Kind]:
    """The kinds of autoscalers that the cluster serves, each in one version."""
    served = (next((discovery.kinds[key] for key in keys if key in discovery.kinds), None) for keys in _AUTOSCALERS)
    return [kind for kind in served if kind is not None]

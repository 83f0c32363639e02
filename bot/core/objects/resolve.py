"""Selects the objects that a deployer keeps applied from those that manifests declare."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bot.core.objects.manifest import Manifest
from bot.core.objects.resource import mapping

# Whether an (apiVersion, kind) is namespaced; None if unknown.
Namespaced = Callable[[str, str], bool | None]


def resolve(manifests: Iterable[Manifest], *, namespace: str, namespaced: Namespaced) -> list[Manifest]:
    """The objects that a deployer keeps applied, in their namespaces, without hooks and generated names.

    See `resolve_one`. If an object is declared twice, the last one wins, as with kubectl.
    """
    resolved = (resolve_one(manifest, namespace=namespace, namespaced=namespaced) for manifest in manifests)
    return list({manifest.key: manifest for manifest in resolved if manifest is not None}.values())


def overridden(
    manifests: Iterable[Manifest], *, namespace: str, namespaced: Namespaced
) -> list[tuple[Manifest, Manifest]]:
    """Each manifest that a later one for the same object overrides with different content, and the later one."""
    latest: dict[tuple[str, str, str | None, str], Manifest] = {}
    pairs: list[tuple[Manifest, Manifest]] = []
    for manifest in manifests:
        later = resolve_one(manifest, namespace=namespace, namespaced=namespaced)
        if later is None:
            continue
        earlier = latest.get(later.key)
        if earlier is not None and earlier.object != later.object:
            pairs.append((earlier, later))
        latest[later.key] = later
    return pairs


def resolve_one(manifest: Manifest, *, namespace: str, namespaced: Namespaced) -> Manifest | None:
    """The manifest in its namespace; None for a hook or an object with a generated name.

    `namespace` is for objects without one, unless they are known to be cluster-scoped.
    """
    if not manifest.name or is_hook(manifest.object):
        return None
    is_namespaced = namespaced(manifest.api_version, manifest.kind)
    target = None if is_namespaced is False else manifest.namespace or namespace
    return manifest if manifest.namespace == target else manifest.in_namespace(target)


def is_hook(desired: Mapping[str, Any]) -> bool:
    """Whether this is a Helm or Argo CD hook, or a test: deployers apply it at one point and may delete it."""
    annotations = mapping(desired, "metadata", "annotations")
    # A definition with Helm 2's crd-install stays, so Argo CD applies it like any other object.
    helm = annotations.get("helm.sh/hook")
    return "argocd.argoproj.io/hook" in annotations or (helm is not None and helm != "crd-install")

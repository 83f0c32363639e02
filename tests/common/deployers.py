"""Resources of Argo CD and Flux, according to their published schemas."""

from collections.abc import Mapping
from typing import Any

from bot.sandbox.cluster.kinds import Kind
from tests.common.kubernetes import APPLICATIONS, KUSTOMIZATIONS, RunningCluster

FLUX_KINDS = {
    "GitRepository": Kind(
        "source.toolkit.fluxcd.io", "v1", "GitRepository", "gitrepositories", subresources=("status",)
    ),
    "Kustomization": KUSTOMIZATIONS,
    "ArtifactGenerator": Kind(
        "source.extensions.fluxcd.io", "v1beta1", "ArtifactGenerator", "artifactgenerators", subresources=("status",)
    ),
    **{
        kind: Kind("source.toolkit.fluxcd.io", "v1", kind, plural, subresources=("status",))
        for kind, plural in (
            ("HelmRepository", "helmrepositories"),
            ("HelmChart", "helmcharts"),
            ("OCIRepository", "ocirepositories"),
        )
    },
    "HelmRelease": Kind("helm.toolkit.fluxcd.io", "v2", "HelmRelease", "helmreleases", subresources=("status",)),
}
SOURCE_REF = {"kind": "GitRepository", "name": "platform"}


def argo_application(
    name: str,
    url: str,
    path: str = "apps/shop",
    *,
    namespace: str = "shop",
    status: Mapping[str, Any] | None = None,
    annotations: Mapping[str, str] | None = None,
    **spec: Any,
) -> dict[str, Any]:
    """An Argo CD Application for a path at HEAD, in its own cluster."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "annotations": annotations or {}},
        "spec": {
            "project": "default",
            "source": {"repoURL": url, "path": path, "targetRevision": "HEAD"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": namespace},
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
            **spec,
        },
        "status": status or {},
    }


def synced_at(sha: str) -> dict[str, Any]:
    """The status of a synced and healthy Application."""
    return {"sync": {"status": "Synced", "revision": sha}, "health": {"status": "Healthy"}}


def flux_resource(
    kind: str, name: str, spec: Mapping[str, Any], status: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A resource of Flux."""
    return {
        "apiVersion": FLUX_KINDS[kind].api_version,
        "kind": kind,
        "metadata": {"name": name},
        "spec": {"interval": "10m", **spec},
        "status": status or {},
    }


def git_repository(url: str, **ref: str) -> dict[str, Any]:
    """Flux's GitRepository `platform`, on the branch `main` by default."""
    return flux_resource("GitRepository", "platform", {"url": url, "ref": ref or {"branch": "main"}})


def kustomization(
    name: str, path: str = "./apps/shop", *, status: Mapping[str, Any] | None = None, **spec: Any
) -> dict[str, Any]:
    """Flux's Kustomization of a path of that repository, in the namespace `shop`."""
    defaults = {"path": path, "prune": True, "sourceRef": SOURCE_REF, "targetNamespace": "shop"}
    return flux_resource("Kustomization", name, {**defaults, **spec}, status)


def serve_deployers(cluster: RunningCluster) -> None:
    """Install the definitions of both deployers."""
    cluster.api.serve(APPLICATIONS, *FLUX_KINDS.values())


def apply_deployer(cluster: RunningCluster, *resources: Mapping[str, Any], namespace: str) -> None:
    """Apply resources of a deployer with their status."""
    for resource in resources:
        cluster.apply(resource, namespace=namespace, manager=namespace)
        cluster.set_status(resource, namespace, resource["status"])

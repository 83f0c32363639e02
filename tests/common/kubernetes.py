"""A cluster, what deployers and people do to it, and objects for tests."""

import copy
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from bot.adapters.kubernetes.cluster import KubernetesCluster
from bot.ports.cluster import Cluster, Discovery, Kind, ObjectList, Read, Watch
from bot.sandbox.cluster import Fault, SandboxCluster, write_kubeconfig
from bot.sandbox.cluster.kinds import Kind as ServedKind
from bot.sandbox.server import Server
from tests.common.wait import DEADLINE

Object = Mapping[str, Any]

ARGO_CD, FLUX, KUBECTL = "argocd-controller", "kustomize-controller", "kubectl/v1.36.2 (linux/amd64)"
MERGE_PATCH = "application/merge-patch+json"
APPLICATIONS = ServedKind("argoproj.io", "v1alpha1", "Application", "applications", subresources=("status",))
KUSTOMIZATIONS = ServedKind(
    "kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "kustomizations", subresources=("status",)
)


def config_map(name: str = "settings", **data: str) -> dict[str, Any]:
    """A ConfigMap, by default with `level: info`."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name},
        "data": data or {"level": "info"},
    }


def deployment(name: str = "web", *, replicas: int = 2, image: str = "registry.example/web:1.4.2") -> dict[str, Any]:
    """A Deployment with one container of the same name."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": name, "image": image}]},
            },
        },
    }


def secret(name: str = "login", **data: str) -> dict[str, Any]:
    """A Secret with plain text values in `stringData`."""
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data}


def as_yaml(*objects: Object) -> str:
    """The objects in one manifest file."""
    documents = [dict(object_) for object_ in objects]
    return yaml.dump_all(documents, Dumper=yaml.CSafeDumper, sort_keys=False, default_flow_style=None)


class RunningCluster:
    """The sandbox's cluster over HTTP. `reconcile` runs its controllers at once, so that tests don't have to wait."""

    def __init__(self, sandbox: SandboxCluster, server: Server) -> None:
        self.sandbox, self.url = sandbox, server.url
        self._server = server
        self.api = sandbox.api

    def kubeconfig(self, path: Path, identity: str = "bot", namespace: str = "default") -> Path:
        """Write a kubeconfig for this cluster, and return its path."""
        return write_kubeconfig(path, self.url, identity=identity, namespace=namespace)

    def client(self, folder: Path, name: str = "prod", **options: Any) -> KubernetesCluster:
        """The bot's own client for this cluster."""
        return KubernetesCluster(name, kubeconfig=self.kubeconfig(folder / f"{name}.kubeconfig"), **options)

    def apply(self, *objects: Object, namespace: str | None = None, manager: str = ARGO_CD) -> None:
        """Server-side apply, as a deployer does."""
        for object_ in objects:
            self.api.apply(copy.deepcopy(dict(object_)), manager=manager, namespace=namespace)
        self.sandbox.controllers.reconcile()

    def edit(self, target: Object, namespace: str, patch: Object, *, user_agent: str = KUBECTL) -> None:
        """Merge-patch an object as a person, like `kubectl edit`."""
        self._patch(self.api.path_of(target, namespace), patch, user_agent)

    def set_status(self, target: Object, namespace: str, status: Object) -> None:
        """Write an object's status, as its controller does."""
        self._patch(f"{self.api.path_of(target, namespace)}/status", {"status": status}, "controller")

    def delete(self, target: Object, namespace: str | None = None) -> None:
        """Delete an object as a person."""
        self.api.call("DELETE", self.api.path_of(target, namespace), user_agent=KUBECTL)

    def fail(self, path: str, status: int = 0, **options: Any) -> None:
        """Make requests to paths that match a pattern fail: see Fault."""
        self.sandbox.faults.add(Fault(path, status, **options))

    def recover(self) -> None:
        """Remove all faults."""
        self.sandbox.faults.clear()

    def drop_watches(self) -> None:
        """Cut every watch."""

        async def drop() -> None:
            self.sandbox.drop_watches()

        self._server.submit(drop()).result()

    def _patch(self, path: str, patch: Object, user_agent: str) -> None:
        self.api.call("PATCH", path, dict(patch), content_type=MERGE_PATCH, user_agent=user_agent)
        self.sandbox.controllers.reconcile()


@contextmanager
def running_cluster(
    *, rollout: float = 0.0, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Iterator[RunningCluster]:
    """A cluster whose workloads take `rollout` seconds to become ready."""
    sandbox = SandboxCluster(clock, rollout)
    with Server(sandbox.app) as server:
        yield RunningCluster(sandbox, server)


class HangingCluster(Cluster):
    """A cluster that does not answer until it is released."""

    def __init__(self, cluster: Cluster) -> None:
        self.name, self.server = cluster.name, cluster.server
        self.discoveries = 0
        self._cluster = cluster
        self._released = threading.Event()

    def release(self) -> None:
        self._released.set()

    def discover(self) -> Discovery:
        self.discoveries += 1
        assert self._released.wait(DEADLINE)
        return self._cluster.discover()

    def version(self) -> str:
        return self._cluster.version()

    def schema(self, api_version: str) -> Mapping[str, Any] | None:
        return self._cluster.schema(api_version)

    def list(
        self, kind: Kind, namespace: str | None, read: Callable[[Mapping[str, Any]], Read | None]
    ) -> Mapping[tuple[str | None, str], Read]:
        return self._cluster.list(kind, namespace, read)

    def list_for_watch(
        self, kind: Kind, namespace: str | None, read: Callable[[Mapping[str, Any]], Read | None]
    ) -> ObjectList[Read]:
        return self._cluster.list_for_watch(kind, namespace, read)

    def get(self, kind: Kind, namespace: str | None, name: str) -> Mapping[str, Any] | None:
        return self._cluster.get(kind, namespace, name)

    def watch(self, kind: Kind, namespace: str | None, resource_version: str) -> Watch:
        return self._cluster.watch(kind, namespace, resource_version)

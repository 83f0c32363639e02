import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.sandbox.cluster import SandboxCluster, write_kubeconfig
from bot.sandbox.server import Server

WIDGETS = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets, singular: widget}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              extra: {type: object, x-kubernetes-preserve-unknown-fields: true}
              members:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [id]
                items:
                  type: object
                  required: [id]
                  properties: {id: {type: string}, weight: {type: integer, default: 1}}
              mode: {type: string, default: auto}
              retention: {type: string}
              size: {type: integer, default: 3}
              tags: {type: array, items: {type: string}, x-kubernetes-list-type: set}
          status: {type: object, x-kubernetes-preserve-unknown-fields: true}
"""

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: example.com/web:1.0
        env: [{name: LOG_LEVEL, value: info}]
        ports: [{containerPort: 8080}]
"""


class Kubectl:
    """The real kubectl, with nothing of this machine's own configuration."""

    def __init__(self, url: str, home: Path, identity: str = "admin") -> None:
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "KUBECONFIG": str(write_kubeconfig(home / f"kubeconfig-{identity}", url, identity=identity)),
            "KUBECACHEDIR": str(home / "cache"),
        }

    def run(self, *arguments: str, stdin: str = "", editor: str = "true") -> subprocess.CompletedProcess[str]:
        environment = self._environment | {"EDITOR": editor}
        command = ["kubectl", *arguments]
        return subprocess.run(
            command, env=environment, input=stdin, capture_output=True, text=True, timeout=30, check=False
        )

    def __call__(self, *arguments: str, stdin: str = "", editor: str = "true") -> str:
        done = self.run(*arguments, stdin=stdin, editor=editor)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout


@pytest.fixture(scope="session")
def kubectl_at() -> type[Kubectl]:
    return Kubectl


@pytest.fixture(scope="session")
def widget_definition() -> dict[str, Any]:
    return yaml.safe_load(WIDGETS)


@pytest.fixture
def cluster() -> SandboxCluster:
    return SandboxCluster(rollout=0.3)


@pytest.fixture
def url(cluster: SandboxCluster) -> Iterator[str]:
    with Server(cluster.app) as server:
        yield server.url


@pytest.fixture
def kubectl(url: str, tmp_path: Path) -> Kubectl:
    return Kubectl(url, tmp_path)


@pytest.fixture
def widgets(cluster: SandboxCluster, widget_definition: dict[str, Any]) -> None:
    cluster.api.apply(widget_definition, manager="kubectl")


@pytest.fixture
def web(cluster: SandboxCluster) -> None:
    cluster.api.apply(yaml.safe_load(WEB), manager="argocd-controller", namespace="shop")

"""Where a resource of Argo CD or Flux deploys to."""

from dataclasses import dataclass
from typing import Final

_IN_CLUSTER_URLS: Final = frozenset({"https://kubernetes.default.svc", "https://kubernetes.default"})


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a resource deploys to: an API server's URL or a cluster's name, or if both are "", its own cluster."""

    namespace: str
    server: str = ""
    name: str = ""

    @property
    def is_own_cluster(self) -> bool:
        """Whether it is the cluster that the resource itself is on."""
        return (not self.server and not self.name) or self.server in _IN_CLUSTER_URLS or self.name == "in-cluster"

    def is_cluster(self, name: str, server: str) -> bool:
        """Whether it is this cluster, which the resource is on."""
        if self.is_own_cluster:
            return True
        return self.server.lower() == server.rstrip("/").lower() if self.server else self.name == name

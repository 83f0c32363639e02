"""Clusters: the Kubernetes API, read only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from bot.ports.errors import PortError


class ClusterError(PortError):
    """The API server did not answer this question: unreachable, 403, 5xx, cut off. What it touches is unknown."""


class ForbiddenError(ClusterError):
    """403: the bot's account may not read this. Its text names the verb and the resource to grant."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind a cluster serves, from discovery."""

    group: str  # "" is the core group
    version: str
    kind: str
    plural: str
    namespaced: bool

    @property
    def api_version(self) -> str:
        """As a manifest writes it: `v1`, `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a cluster serves: `kinds` by (apiVersion, kind); `broken` maps an apiVersion that did not answer to why."""

    kinds: Mapping[tuple[str, str], Kind]
    broken: Mapping[str, str]


Read = TypeVar("Read")


class Cluster(Protocol):
    """One cluster's API server, read only: nothing but GET is ever sent. `server` is its URL."""

    name: str
    server: str

    def discover(self) -> Discovery:
        """What the cluster serves, asked afresh. ClusterError when the API server does not answer at all."""
        ...

    def schema(self, api_version: str) -> Mapping[str, Any] | None:
        """The OpenAPI v3 document of one group version, cached by its hash; None when the server gives none."""
        ...

    def list(
        self, kind: Kind, namespace: str | None, read: Callable[[Mapping[str, Any]], Read | None]
    ) -> Mapping[tuple[str | None, str], Read]:
        """Every object of a kind by (namespace, name), in one namespace or (None) everywhere, complete or ClusterError.

        What `read` makes of each object is kept, and the object is not; None is left out. It may be given one twice.
        Paged; a 410 restarts the list; a cut connection, a timeout, a 403 or a 5xx is a ClusterError with the remedy.
        """
        ...

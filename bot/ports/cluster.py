"""Clusters: the Kubernetes API, read only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from bot.i18n.language import Text
from bot.ports.errors import PortError


class ClusterError(PortError):
    """A request to the API server failed: unreachable, 403, 5xx, interrupted. Whatever depends on it is unknown."""


class TooLargeError(ClusterError):
    """A response, or what is kept of a list, exceeds its bound."""


class ForbiddenError(ClusterError):
    """403: the bot's account is not allowed to read this. The text names the verb and the resource to grant."""


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
    """What a cluster serves: `kinds` by (apiVersion, kind); `broken` has the reason by apiVersion that failed."""

    kinds: Mapping[tuple[str, str], Kind]
    broken: Mapping[str, Text]


Read = TypeVar("Read")


class Cluster(Protocol):
    """One cluster's API server, read only: only GET requests are ever sent. `server` is its URL."""

    name: str
    server: str

    def discover(self) -> Discovery:
        """What the cluster serves, never cached. ClusterError if the API server does not respond."""
        ...

    def version(self) -> str:
        """The Kubernetes version of the API server, such as v1.36.2. ClusterError."""
        ...

    def schema(self, api_version: str) -> Mapping[str, Any] | None:
        """The OpenAPI v3 document of one group version, cached by its hash; None if the server has none."""
        ...

    def list(
        self, kind: Kind, namespace: str | None, read: Callable[[Mapping[str, Any]], Read | None]
    ) -> Mapping[tuple[str | None, str], Read]:
        """Every object of a kind by (namespace, name), in one namespace or (None) in all: all of them or ClusterError.

        Only what `read` returns for an object is kept, unless it is None; `read` may get an object twice. The list is
        paged, and a 410 restarts it. An interrupted connection, a timeout, a 403 or a 5xx is a ClusterError with the
        remedy.
        """
        ...

"""Clusters: the Kubernetes API, read only."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from bot.i18n.language import Text
from bot.ports.errors import PortError


class ClusterError(PortError):
    """A request to the API server failed: unreachable, 403, 5xx, interrupted. Whatever depends on it is unknown."""


class TooLargeError(ClusterError):
    """A response, or the kept part of a list, exceeds its bound."""


class ForbiddenError(ClusterError):
    """403: the bot's account is not allowed to read this. The text names the verb and the resource to grant."""


class ExpiredError(ClusterError):
    """410: the continue token of a list has expired, or the server no longer has the events since a resourceVersion.

    504: the resourceVersion is in the future, because etcd was restored.
    """


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind that a cluster serves, from discovery."""

    group: str  # "" is the core group
    version: str
    kind: str
    plural: str
    namespaced: bool

    @property
    def api_version(self) -> str:
        """As in a manifest: `v1`, `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a cluster serves: `kinds` by (apiVersion, kind), and `broken` with the reason by failed apiVersion."""

    kinds: Mapping[tuple[str, str], Kind]
    broken: Mapping[str, Text]


Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class ObjectList(Generic[Read]):
    """What was read from each object in a list, by namespace and name, and the resourceVersion to watch from."""

    objects: Mapping[tuple[str | None, str], Read]
    resource_version: str


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """An event of a watch, and the resourceVersion to continue from; `object` is None for a bookmark."""

    resource_version: str
    object: Mapping[str, Any] | None = None
    is_deletion: bool = False


class Watch(Protocol):
    """An open watch, to iterate over once."""

    def __iter__(self) -> Iterator[WatchEvent]:
        """The events in order, until the server ends the watch.

        Raises ExpiredError if the watch can't continue without a new list; ClusterError if the connection was lost, or
        the server was silent for too long.
        """
        ...

    def close(self) -> None:
        """End the watch. An iteration in another thread ends, perhaps with a ClusterError."""
        ...


class Cluster(Protocol):
    """One cluster's API server, read only: only GET requests are ever sent. `server` is its URL."""

    name: str
    server: str

    def discover(self) -> Discovery:
        """What the cluster serves, never cached. Raises ClusterError if the API server does not respond."""
        ...

    def version(self) -> str:
        """The Kubernetes version of the API server, such as v1.36.2. Raises ClusterError."""
        ...

    def schema(self, api_version: str) -> Mapping[str, Any] | None:
        """The OpenAPI v3 document of one group version, cached by its hash; None if the server has none."""
        ...

    def list(
        self, kind: Kind, namespace: str | None, read: Callable[[Mapping[str, Any]], Read | None]
    ) -> Mapping[tuple[str | None, str], Read]:
        """Every object of a kind by (namespace, name), in one or all (None) namespaces. Raises ClusterError.

        Only what `read` returns for an object is kept, unless it is None; `read` may be called twice for an object. The
        list is paged, and a 410 restarts it. An interrupted connection, a timeout, a 403 or a 5xx is a ClusterError
        with the remedy.
        """
        ...

    def list_for_watch(
        self, kind: Kind, namespace: str | None, read: Callable[[Mapping[str, Any]], Read | None]
    ) -> ObjectList[Read]:
        """Like `list`, with the resourceVersion that a watch of the same objects continues from."""
        ...

    def get(self, kind: Kind, namespace: str | None, name: str) -> Mapping[str, Any] | None:
        """One object; None if it does not exist. Needs the same permission as `list`. Raises ClusterError."""
        ...

    def watch(self, kind: Kind, namespace: str | None, resource_version: str) -> Watch:
        """Open a watch of a kind, in one or all (None) namespaces, for events after a resourceVersion.

        Raises ForbiddenError, ExpiredError, or another ClusterError.
        """
        ...

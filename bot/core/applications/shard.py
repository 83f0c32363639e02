"""The shards of a cluster: each has the applications of some namespaces, and is checked by one replica."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from bot.core.applications.application import Application


@dataclass(frozen=True, slots=True)
class Shard:
    """The shard `index` of the `count` shards of a cluster."""

    cluster: str
    index: int = 0
    count: int = 1

    @property
    def name(self) -> str:
        """The cluster's name, with the index if it has several shards."""
        return self.cluster if self.count == 1 else f"{self.cluster}/{self.index}"

    @property
    def lease(self) -> str:
        """The name of the lease for checking it."""
        return f"cluster/{self.name}"

    @property
    def is_first(self) -> bool:
        """Whether it does what is done once for the whole cluster."""
        return self.index == 0

    def includes(self, application: Application) -> bool:
        """Whether it has an application. All applications of a namespace are in the same shard."""
        return application.cluster == self.cluster and _index(application.namespace, self.count) == self.index


def shards_of(cluster: str, count: int) -> Iterator[Shard]:
    """All shards of a cluster."""
    return (Shard(cluster, index, count) for index in range(count))


def shard_of(application: Application, count: int) -> Shard:
    """The shard, of as many, that an application is in."""
    return Shard(application.cluster, _index(application.namespace, count), count)


def _index(namespace: str, count: int) -> int:
    """The same in every process, which `hash` is not."""
    return int.from_bytes(sha256(namespace.encode()).digest()[:8]) % count

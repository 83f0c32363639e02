"""Charts from Helm repositories and OCI registries. Fetched charts are cached, and read without the network."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from bot.core.charts.reference import ChartRef
from bot.ports.errors import PortError


class ChartError(PortError):
    """A chart cannot be fetched: it is unreachable, not allowed, too large, or does not match its digest."""


class LastingChartError(ChartError):
    """There is no such chart or version, the package is invalid, or the host is not allowed; it would fail again."""


class NotCachedError(ChartError):
    """The cache doesn't have a package, or no longer."""


@dataclass(frozen=True, slots=True)
class FetchedChart:
    """A verified package: its version, and the SHA-256 of its bytes, 64 hex digits."""

    version: str
    digest: str

    @property
    def revision(self) -> str:
        """The package as a revision, which has 40 digits like in git."""
        return self.digest[:40]


class Charts(Protocol):
    """Fetches charts, only from allowed hosts. Thread-safe."""

    def allow_discovered(self, source: Hashable, hosts: Iterable[str]) -> None:
        """Allow the hosts in the resources of a source, in place of those that it had.

        A source is a deployer on a cluster. It has no effect if the configuration lists allowed hosts.
        """
        ...

    def is_allowed(self, host: str) -> bool:
        """Whether charts may be fetched from a host; a port may follow its name."""
        ...

    def fetch(self, chart: ChartRef) -> FetchedChart:
        """Fetch a package, unless it is cached; for a version range, the highest version. Raises ChartError."""
        ...

    def files(self, chart: ChartRef, revision: str) -> Mapping[str, bytes]:
        """The files of a fetched package, by path in the chart. Raises ChartError, NotCachedError."""
        ...

    def size(self, chart: ChartRef, revision: str) -> int:
        """At least the bytes of these files, which it doesn't keep in memory. Raises ChartError, NotCachedError."""
        ...

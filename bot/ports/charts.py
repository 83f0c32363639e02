"""Charts from Helm repositories and OCI registries. What is fetched is kept, and read without the network."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from bot.core.charts.reference import ChartRef
from bot.ports.errors import PortError


class ChartError(PortError):
    """A chart cannot be fetched: unreachable, not allowed, too large, or not what its digest says."""


@dataclass(frozen=True, slots=True)
class FetchedChart:
    """A verified package: its version, and the SHA-256 of its bytes, 64 hex digits."""

    version: str
    digest: str

    @property
    def revision(self) -> str:
        """The package as a revision, which has 40 digits as in git."""
        return self.digest[:40]


class Charts(Protocol):
    """Fetches charts, from allowed hosts only. Any thread may call."""

    def allow_discovered(self, hosts: Iterable[str]) -> None:
        """Allow the hosts that resources on the clusters name, unless the configuration lists the allowed ones."""
        ...

    def is_allowed(self, host: str) -> bool:
        """Whether charts may be fetched from a host; a port may follow its name."""
        ...

    def fetch(self, chart: ChartRef) -> FetchedChart:
        """Fetch a package, unless it is cached. Of a version range, the highest one counts. ChartError."""
        ...

    def files(self, chart: ChartRef, revision: str) -> Mapping[str, bytes]:
        """The content of each file of a fetched package by its path in the chart. ChartError if it is not cached."""
        ...

"""Leases: which of several replicas on one PostgreSQL does which work.

The holder of `core.leases.LEADER` updates Slack and does what is done once for all clusters. The holder of a shard's
lease checks and watches that shard.
"""

from collections.abc import Collection, Iterable
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Final, Protocol

from bot.core.leases import Lease
from bot.i18n.catalogue import store as texts
from bot.i18n.language import LocalizedText
from bot.ports.errors import PortError

# The lease that the current work needs: the store rejects its writes once another replica has taken the lease.
CURRENT_LEASE: Final[ContextVar[Lease | None]] = ContextVar("CURRENT_LEASE", default=None)


class LeaseLostError(PortError):
    """Another replica has taken the lease that the work needs, so nothing was stored."""

    def __init__(self, name: str) -> None:
        super().__init__(LocalizedText(texts.LEASE_LOST, lease=name))


class Leases(Protocol):
    """The leases of this replica. With SQLite, the only replica always holds each lease."""

    @property
    def is_shared(self) -> bool:
        """Whether other replicas may use the same database."""
        ...

    def get(self, name: str) -> Lease | None:
        """A lease, if this replica still holds it by its own clock. Never raises."""
        ...

    def work(self, name: str) -> AbstractContextManager[Lease | None]:
        """Run the block under a lease; None if this replica does not hold it, or is about to give it up.

        Within the block, each write raises LeaseLostError if the lease was lost since its beginning. If that leaves the
        block, this replica no longer uses the lease. The lease is not given up while the block runs.
        """
        ...

    def held(self, names: Iterable[str]) -> list[str]:
        """Those of these leases that this replica holds, sorted."""
        ...

    def unheld(self, names: Iterable[str]) -> list[str]:
        """Those of these leases that no running replica holds, sorted. Raises StoreError."""
        ...

    def has_others(self) -> bool:
        """Whether another replica is running. Raises StoreError."""
        ...

    def renew(self, names: Collection[str]) -> Collection[str]:
        """Renew the own leases, then take and give up some, so that the replicas have equal shares. Raises StoreError.

        Returns the names of the leases that were taken. Call it several times before a lease expires. Own leases that
        are not among `names` are released, and what runs under them ends when another replica takes them.
        """
        ...

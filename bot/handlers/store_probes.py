"""Tests the state database for `gitops-bot doctor`, and whether the replicas on it do all of the work."""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime

from bot.core.access.audit import AuditEntry, Origin
from bot.ports.errors import PortError
from bot.ports.probe import Probe
from bot.ports.store import Store


def store_probes(open_store: Callable[[], Store], leases: Collection[str], now: datetime) -> Iterator[Probe]:
    """Whether the database can be written to and, if replicas share it, whether they hold all of these leases."""
    try:
        store = open_store()
        store.audit_log.append(AuditEntry(now, "doctor", "doctor", "the database can be written to", Origin.CLI))
    except PortError as error:
        yield Probe("state database: can be written to", ok=False, remedy=error.text)
        return
    yield Probe("state database: can be written to", ok=True)
    if store.leases.is_shared:
        yield Probe.attempt("replicas: check every cluster", lambda: _require_holders(store, leases))


def _require_holders(store: Store, leases: Collection[str]) -> None:
    unheld = store.leases.unheld(leases)
    if 0 < len(unheld) < len(leases):  # otherwise, no replica runs
        raise PortError(f"No replica holds {', '.join(unheld)}. Give all replicas this configuration.")

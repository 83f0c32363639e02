"""The promise of the audit log: one entry for every request that needs a right, whatever comes of it."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bot.core.access.audit import AuditEntry
from bot.core.access.requester import Requester
from bot.ports import Ports
from bot.ports.errors import PortError

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class AuditRecord:
    """What is known of a request so far. A `result` of None withdraws the entry: nothing was requested yet."""

    what: str
    applications: Sequence[str]
    result: str | None = ""


@contextmanager
def audited(ports: Ports, requester: Requester, what: str, applications: Sequence[str] = ()) -> Iterator[AuditRecord]:
    """Append one audit entry when the block ends, even if it raises. StoreError when that fails.

    The block sets `result`, and the rest as soon as it knows better. An exception is recorded as `failed: …` and
    raised again.
    """
    record = AuditRecord(what, applications)
    try:
        yield record
    except Exception as error:
        record.result = f"failed: {error}" if isinstance(error, PortError) else f"failed: {type(error).__name__}"
        try:
            _append(ports, requester, record)
        except PortError as unwritten:  # the first error is the one to report
            _log.warning("no audit entry for %s by %s: %s", record.what, requester.user, unwritten)
        raise
    _append(ports, requester, record)


def _append(ports: Ports, requester: Requester, record: AuditRecord) -> None:
    if record.result is None:
        return
    ports.store.audit_log.append(
        AuditEntry(
            at=ports.clock(),
            who=requester.user,
            what=record.what,
            result=record.result,
            origin=requester.origin,
            channel=requester.channel,
            applications=tuple(record.applications),
        )
    )

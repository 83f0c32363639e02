"""Ensures that every request that needs a right has one entry in the audit log, whatever its result."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from bot.core.access.audit import AuditEntry
from bot.core.access.requester import Requester
from bot.i18n.catalogue import store as texts
from bot.i18n.language import LocalizedText
from bot.ports import Ports
from bot.ports.errors import PortError
from bot.ports.store import StoreError

_log = logging.getLogger(__name__)


class Pending(Protocol):
    """A stored request, which survives a restart until its audit entry is written."""

    @property
    def id(self) -> str:
        """The ID in the store."""
        ...

    @property
    def is_stored(self) -> bool:
        """Whether it is in the store for certain: if storing it failed, it may be or not."""
        ...

    def fail(self) -> None:
        """Leave the request to be finished later, with its entry."""
        ...


@dataclass(slots=True)
class AuditRecord:
    """What is known about a request so far. If `result` is None, no entry is written: nothing was requested yet.

    The entry finishes `pending`.
    """

    what: str
    applications: Sequence[str]
    result: str | None = ""
    pending: Pending | None = None


@contextmanager
def audited(ports: Ports, requester: Requester, what: str, applications: Sequence[str] = ()) -> Iterator[AuditRecord]:
    """Append one audit entry when the block ends, even if it raises. Raises StoreError if that fails.

    The block sets `result`, and updates the rest as it learns more. An exception is recorded as `failed: …` and raised
    again. If the database fails, a pending request gets its entry when it is finished. If storing the request failed,
    the entry cancels it; if the entry can't be written either, the error says that the request may still be done.
    """
    record = AuditRecord(what, applications)
    try:
        yield record
    except Exception as error:
        if record.pending and record.pending.is_stored and isinstance(error, StoreError):
            record.pending.fail()
            raise
        record.result = f"failed: {error}" if isinstance(error, PortError) else f"failed: {type(error).__name__}"
        try:
            _append(ports, requester, record)
        except PortError as unwritten:  # the first error is more important
            _log.warning("no audit entry for %s by %s: %s", record.what, requester.user, unwritten)
            if record.pending and isinstance(error, StoreError):
                raise StoreError(LocalizedText(texts.MAY_STILL_OPEN, error=error.text)) from error
        raise
    _append(ports, requester, record)


def _append(ports: Ports, requester: Requester, record: AuditRecord) -> None:
    if record.result is None:
        return
    entry = AuditEntry(
        at=ports.clock(),
        who=requester.user,
        what=record.what,
        result=record.result,
        origin=requester.origin,
        channel=requester.channel,
        applications=tuple(record.applications),
    )
    try:
        ports.store.audit_log.append(entry, finishes=record.pending.id if record.pending else None)
    except StoreError:
        if record.pending:
            record.pending.fail()
        raise

"""Records audit events, from log files and from the API servers' webhooks."""

import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

from bot.config.sections.cluster_audit import ClusterAuditConfig
from bot.core.cluster_audit.event import read_write
from bot.core.cluster_audit.history import ObjectHistories
from bot.core.cluster_audit.parse import BODIES, NotAnEventError, parse_events
from bot.core.cluster_audit.write import ClusterWrite, unreadable_write
from bot.ports.errors import PortError
from bot.ports.isolation import skip_unexpected
from bot.ports.store import ClusterWrites

_log = logging.getLogger(__name__)

MAX_WRITES: Final = 50_000  # stored for each cluster
MAX_EVENTS: Final = 5_000  # in one body


class AuditLog(Protocol):
    """An audit log that is followed."""

    def read(self) -> Sequence[bytes]:
        """The lines since the last call, or as many as one call reads. Raises ClusterError."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


class AuditRecorder:
    """Stores the requests that changed something in one cluster, for as long as configured. Thread-safe.

    It also records when it could not read an event, so that no one is named with certainty for a change that the event
    may explain. `key` is the key of the digests, which is random and never stored.
    """

    def __init__(
        self, cluster: str, config: ClusterAuditConfig, logs: Sequence[AuditLog], writes: ClusterWrites, key: bytes
    ) -> None:
        self._cluster = cluster
        self._config = config
        self._logs = logs
        self._writes = writes
        self._key = key
        self._histories = ObjectHistories()
        self._last_unreadable = ""  # id
        self._lock = threading.RLock()
        self._unsaved: dict[str, ClusterWrite] = {}  # by ID; the database failed
        self._unreadable: dict[int, str] = {}  # the error, by the index of the log

    def receive(self, bodies: Iterable[bytes], now: datetime) -> int:
        """Record the events in lines of a log or the body of a webhook. Returns how many bodies aren't events.

        Raises StoreError. The next call stores first what this one could not, and the same bodies can be received
        again.
        """
        refused = 0
        with self._lock:
            self._save()
            writes = self._unsaved
            for body in bodies:
                try:
                    events = list(parse_events(body))
                except (NotAnEventError, RecursionError):
                    refused += 1
                    self._record_unreadable(now, writes)
                    continue
                for event in events[:MAX_EVENTS]:
                    self._read(event, now, writes)
                if len(events) > MAX_EVENTS:
                    self._record_unreadable(now, writes)
            self._save()
        return refused

    def follow(self, now: datetime) -> None:
        """Record what was appended to the logs since the last call. Raises StoreError."""
        for index, log in enumerate(self._logs):
            try:
                while self._follow(log, now):
                    pass
                self._unreadable.pop(index, None)
            except PortError as error:
                if self._unreadable.get(index) != str(error):  # log it once, not each second
                    _log.warning("audit log of %s: %s", self._cluster, error)
                self._unreadable[index] = str(error)

    def prune(self, now: datetime) -> None:
        """Delete requests older than the retention. Raises StoreError."""
        self._writes.prune(self._cluster, now - self._config.retention, MAX_WRITES)

    def close(self) -> None:
        """Stop following the logs."""
        for log in self._logs:
            log.close()

    def _follow(self, log: AuditLog, now: datetime) -> bool:
        """Record the next lines of a log; False if there are none."""
        with self._lock:
            self._save()  # while it fails, nothing more is read into memory
            lines = log.read()
            self.receive(lines, now)
        return bool(lines)

    def _save(self) -> None:
        if self._unsaved:
            self._writes.save(self._cluster, list(self._unsaved.values()))
            self._unsaved.clear()

    def _read(self, event: Mapping[str, object], now: datetime, writes: dict[str, ClusterWrite]) -> None:
        """Read an event. If that fails unexpectedly, read only who made the request and for which object."""
        for variant in (event, {**event, **dict.fromkeys(BODIES)}):
            with skip_unexpected(f"an audit event of {self._cluster}"):
                self._add(variant, now, writes)
                return
        self._record_unreadable(now, writes)

    def _record_unreadable(self, now: datetime, writes: dict[str, ClusterWrite]) -> None:
        write = unreadable_write(now, self._config.delay)
        if write.id != self._last_unreadable:
            _log.warning("audit log of %s: cannot read every event; who made changes is uncertain", self._cluster)
        self._last_unreadable = write.id
        writes[write.id] = write
        self._histories = ObjectHistories()  # or a later request would seem to have made these changes

    def _add(self, event: Mapping[str, object], now: datetime, writes: dict[str, ClusterWrite]) -> None:
        read = read_write(event, self._key, keep_users=self._config.show_users)
        if read is not None and read[0].time >= now - self._config.retention:
            writes |= {write.id: write for write in self._histories.add(*read) if not write.is_status_only}

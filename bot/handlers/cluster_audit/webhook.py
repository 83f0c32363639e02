"""The audit webhook: API servers send their events to the bot.

https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/#webhook-backend
"""

import hmac
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum, auto
from typing import Final

from bot.handlers.cluster_audit.record import AuditRecorder
from bot.ports.store import StoreError

MAX_PER_SECOND: Final = 50  # an API server sends at most 10 a second by default
MAX_AT_ONCE: Final = 2  # so that other requests to the port have threads left
_BEARER: Final = "bearer "


class AuditResult(Enum):
    """The result of receiving audit events."""

    UNKNOWN_CLUSTER = auto()  # or it has no audit webhook
    UNAUTHORIZED = auto()  # without the token
    MALFORMED = auto()  # not audit events
    BUSY = auto()  # to be sent again
    ACCEPTED = auto()


class AuditWebhook:
    """Accepts audit events of the clusters in `recorders`, with the bearer token of each. Thread-safe."""

    def __init__(
        self, recorders: Mapping[str, AuditRecorder], tokens: Mapping[str, str], *, clock: Callable[[], datetime]
    ) -> None:
        self._recorders = recorders
        self._tokens = {cluster: token.encode() for cluster, token in tokens.items()}
        self._clock = clock
        self._slots = threading.BoundedSemaphore(MAX_AT_ONCE)
        self._lock = threading.Lock()
        self._second, self._count = 0, 0

    def receive(self, cluster: str, headers: Mapping[str, str], body: bytes) -> AuditResult:
        """Record the events in `body`. `headers` have lower-case names."""
        header = headers.get("authorization", "")
        sent = header[len(_BEARER) :].encode(errors="replace") if header[: len(_BEARER)].lower() == _BEARER else b""
        senders = {name for name, token in self._tokens.items() if hmac.compare_digest(sent, token)}
        if not senders or (cluster in self._recorders and cluster not in senders):
            return AuditResult.UNAUTHORIZED
        if cluster not in self._recorders:
            return AuditResult.UNKNOWN_CLUSTER
        if not self._may_go() or not self._slots.acquire(blocking=False):
            return AuditResult.BUSY
        try:
            refused = self._recorders[cluster].receive([body], self._clock())
        except StoreError:
            return AuditResult.BUSY
        finally:
            self._slots.release()
        return AuditResult.MALFORMED if refused else AuditResult.ACCEPTED

    def _may_go(self) -> bool:
        with self._lock:
            second = int(time.monotonic())
            if second != self._second:
                self._second, self._count = second, 0
            self._count += 1
            return self._count <= MAX_PER_SECOND

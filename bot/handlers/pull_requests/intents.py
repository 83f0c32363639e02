"""Stores the intent of every request that opens a pull request, from before the push until its audit entry."""

import secrets
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.access.requester import Requester
from bot.core.pull_requests.intent import AdoptRequest, Intent, is_interrupted
from bot.core.pull_requests.revert import RevertRequest
from bot.ports import Ports


class Intents:
    """The intents of this process, and those that were interrupted. Thread-safe."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._process = secrets.token_hex(8)
        self._lock = threading.Lock()
        self._failed: set[str] = set()

    def new(self, requester: Requester, request: RevertRequest | AdoptRequest) -> "PendingIntent":
        """A new request, not yet stored."""
        now = self._ports.clock()
        intent = Intent(
            id=secrets.token_hex(8),
            request=request,
            by=requester.user,
            name=requester.name,
            channel=requester.channel,
            origin=requester.origin,
            asked_at=now,
            at=now,
            process=self._process,
        )
        return PendingIntent(self, intent, is_stored=False)

    def resume(self, intent: Intent) -> "PendingIntent":
        """Take over an interrupted intent. Raises StoreError."""
        attempts = intent.attempts + (intent.process != self._process)
        resumed = replace(intent, process=self._process, at=self.now(), attempts=attempts)
        self.fail(resumed)  # if this raises, the database may still have stored it
        self._ports.store.intents.save(resumed)
        with self._lock:
            self._failed.discard(intent.id)
        return PendingIntent(self, resumed, is_stored=True, is_resumed=True)

    def interrupted(self) -> Iterator[Intent]:
        """The intents to finish, oldest first. Raises StoreError."""
        store, now = self._ports.store.intents, self.now()
        with self._lock:
            failed = frozenset(self._failed)
        for intent in store.unfinished():
            if is_interrupted(intent, process=self._process, failed=failed, lease=store.lease, now=now):
                yield intent

    def now(self) -> datetime:
        """The time to compare with that of an intent, whose process may have another clock. Raises StoreError."""
        return self._ports.store.intents.now(self._ports.clock())

    def save(self, intent: Intent) -> None:
        """Update an intent. Raises StoreError."""
        self._ports.store.intents.save(intent)

    def fail(self, intent: Intent) -> None:
        """Leave an intent of this process to be finished later, since the database failed."""
        with self._lock:
            self._failed.add(intent.id)


@dataclass(slots=True)
class PendingIntent:
    """An intent that this process works on, until the audit entry with its ID is appended."""

    intents: Intents
    intent: Intent
    is_stored: bool  # False also while the database hasn't confirmed it
    is_resumed: bool = False

    @property
    def id(self) -> str:
        """The intent's ID."""
        return self.intent.id

    def store(self) -> None:
        """Store a new request. If this raises StoreError, nothing may be pushed."""
        if not self.is_stored:
            now = self.intents.now()
            self.intent = replace(self.intent, asked_at=now, at=now)
            self.intents.save(self.intent)
            self.is_stored = True

    def affects(self, applications: Sequence[str]) -> None:
        """Record the applications that the pull request affects. Raises StoreError."""
        self.intent = replace(self.intent, applications=tuple(applications))
        self.intents.save(self.intent)

    def adopts(self, request: AdoptRequest) -> bool:
        """Record what is adopted; for a resumed request, whether it is still the same. Raises StoreError."""
        if self.is_resumed:
            return request == self.intent.request
        self.intent = replace(self.intent, request=request)
        self.intents.save(self.intent)
        return True

    def fail(self) -> None:
        """Leave the intent to be finished later."""
        self.intents.fail(self.intent)

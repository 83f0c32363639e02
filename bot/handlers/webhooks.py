"""A forge says that something has happened: git and the forge are asked at once, and not at the next poll."""

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum

from bot.core.git.webhook import SCHEMES, delivery_id, is_authentic, is_relevant
from bot.ports.store import Store, StoreError
from bot.work import FullError, WorkPool

_log = logging.getLogger(__name__)


class Received(Enum):
    """What became of a webhook."""

    UNKNOWN = "there is no such repository"
    REFUSED = "not signed with the secret"
    TAKEN = "looked at, now or already"


class Webhooks:
    """Takes webhooks signed with `secret` for repositories whose forges' kinds are given by name.

    `look`, which handles its own errors, is run on `work`: for one repository never twice at once, and once more for
    all that came meanwhile.
    """

    def __init__(
        self,
        kinds: Mapping[str, str],
        secret: str,
        *,
        store: Store,
        clock: Callable[[], datetime],
        work: WorkPool,
        look: Callable[[str], None],
    ) -> None:
        self._kinds = kinds
        self._secret = secret
        self._store = store
        self._clock = clock
        self._work = work
        self._look = look
        self._lock = threading.Lock()
        self._looking: set[str] = set()
        self._again: set[str] = set()

    def receive(self, name: str, headers: Mapping[str, str], body: bytes) -> Received:
        """Headers by lower-case name. Nothing of the body is used but its signature."""
        if name not in self._kinds:
            return Received.UNKNOWN
        scheme = SCHEMES[self._kinds[name]]
        if not is_authentic(scheme, headers, body, self._secret):
            return Received.REFUSED
        if is_relevant(scheme, headers) and self._is_new(name, delivery_id(scheme, headers)):
            self._soon(name)
        return Received.TAKEN

    def _is_new(self, name: str, id_: str) -> bool:
        if not id_:
            return True
        try:
            return self._store.claims.claim(f"webhook {name} {id_}"[:200], self._clock())
        except StoreError as error:
            _log.warning("cannot record a webhook of %s: %s", name, error)
            return True  # a second look does no harm

    def _soon(self, name: str) -> None:
        with self._lock:
            if name in self._looking:
                self._again.add(name)
                return
            self._looking.add(name)
        try:
            self._work.submit(lambda: self._run(name), f"webhook {name}")
        except FullError:
            with self._lock:
                self._looking.discard(name)
            _log.warning("work queue is full: a webhook of %s waits for the next poll", name)

    def _run(self, name: str) -> None:
        again = True
        while again:
            with self._lock:
                self._again.discard(name)  # what comes from now on is looked at again
            try:
                self._look(name)
            finally:
                with self._lock:
                    again = name in self._again
                    if not again:
                        self._looking.discard(name)

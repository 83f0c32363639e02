"""Webhooks from forges, which trigger a poll of git and the forge."""

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum, auto
from typing import Final

from bot.core.git.webhook import SCHEMES, delivery_id, is_authentic, is_relevant
from bot.ports.store import Store, StoreError
from bot.work_pool import FullError, WorkPool

_log = logging.getLogger(__name__)

_REQUESTER: Final = "webhooks"  # one for all repositories, so that slow polls leave threads to people


class WebhookResult(Enum):
    """The result of receiving a webhook."""

    UNKNOWN_REPOSITORY = auto()
    UNAUTHORIZED = auto()  # not signed with the secret
    ACCEPTED = auto()  # also if it was received before


class Webhooks:
    """Accepts webhooks signed with `secret`. `kinds` has the kind of each repository's forge.

    `poll` runs on `work` with the repository's name and must handle its own errors. It never runs concurrently for one
    repository: webhooks that arrive during a poll share one more poll.
    """

    def __init__(
        self,
        kinds: Mapping[str, str],
        secret: str,
        *,
        store: Store,
        clock: Callable[[], datetime],
        work: WorkPool,
        poll: Callable[[str], None],
    ) -> None:
        self._kinds = kinds
        self._secret = secret
        self._store = store
        self._clock = clock
        self._work = work
        self._poll = poll
        self._lock = threading.Lock()
        self._polling: set[str] = set()
        self._again: set[str] = set()

    def receive(self, name: str, headers: Mapping[str, str], body: bytes) -> WebhookResult:
        """Start a poll. `headers` have lower-case names; the body is used only to verify its signature."""
        if name not in self._kinds:
            return WebhookResult.UNKNOWN_REPOSITORY
        scheme = SCHEMES[self._kinds[name]]
        if not is_authentic(scheme, headers, body, self._secret):
            return WebhookResult.UNAUTHORIZED
        if is_relevant(scheme, headers) and self._is_new(name, delivery_id(scheme, headers)):
            self._enqueue(name)
        return WebhookResult.ACCEPTED

    def _is_new(self, name: str, id_: str) -> bool:
        if not id_:
            return True
        try:
            return self._store.claims.claim(f"webhook {name} {id_}"[:200], self._clock())
        except StoreError as error:
            _log.warning("cannot record a webhook of %s: %s", name, error)
            return True  # an additional poll does no harm

    def _enqueue(self, name: str) -> None:
        with self._lock:
            if name in self._polling:
                self._again.add(name)
                return
            self._polling.add(name)
        try:
            self._work.submit(lambda: self._poll_until_done(name), _REQUESTER)
        except FullError:
            with self._lock:
                self._polling.discard(name)
            _log.warning("work queue is full: a webhook of %s waits for the next poll", name)

    def _poll_until_done(self, name: str) -> None:
        again = True
        while again:
            with self._lock:
                self._again.discard(name)  # a webhook from now on needs another poll
            try:
                self._poll(name)
            finally:
                with self._lock:
                    again = name in self._again
                    if not again:
                        self._polling.discard(name)

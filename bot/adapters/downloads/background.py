"""Fetches in the background. Callers wait for a limited time; then the fetch goes on, for later callers.

Without this, a host whose responses always take a little less than the timeout would delay every check.
"""

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

from cachetools import LRUCache

from bot.core.charts.bounds import GRACE_SECONDS, RECENT_SECONDS, WAIT_SECONDS, WAIT_WINDOW_SECONDS
from bot.work_pool import FullError, WorkPool

_MAX_FETCHES: Final = 10_000  # whose latest results are kept
_MAX_HOSTS: Final = 1_000
_WORKERS: Final = 8  # half of them at most for one host
_QUEUE: Final = 8_000  # an eighth of it at most for one host

_Result = TypeVar("_Result")


class FetchPendingError(Exception):
    """The fetch still runs, and has no recent result."""


@dataclass(slots=True)
class _Fetch:
    """The current run of a fetch, and its last result."""

    running: Future[Any] | None = None
    ended: Future[Any] | None = None
    ended_at: float = 0.0


class _Patience:
    """How long callers may still wait for a host: less while any of them waits, and more again while none does."""

    def __init__(self, most: float) -> None:
        self._most = self._left = most
        self._waiting = 0
        self._at = time.monotonic()

    def begin(self) -> float:
        """Begin to wait: for how many seconds at most."""
        self._update()
        self._waiting += 1
        return self._left

    def end(self) -> None:
        """End a wait."""
        self._update()
        self._waiting -= 1

    def _update(self) -> None:
        now = time.monotonic()
        rate = -1.0 if self._waiting else self._most / WAIT_WINDOW_SECONDS
        self._left = min(self._most, max(0.0, self._left + (now - self._at) * rate))
        self._at = now


class BackgroundFetches:
    """Runs each fetch once at a time. Thread-safe.

    Callers wait at most `wait_seconds` in WAIT_WINDOW_SECONDS, for one host and for all together; the time that several
    wait counts once. After that, they wait GRACE_SECONDS for a host that has not been slow.
    """

    def __init__(self, wait_seconds: float = WAIT_SECONDS) -> None:
        self._wait_seconds = wait_seconds
        self._pool = WorkPool("fetch", workers=_WORKERS, waiting=_QUEUE)
        self._fetches: LRUCache[Hashable, _Fetch] = LRUCache(_MAX_FETCHES)
        self._patience: LRUCache[str, _Patience] = LRUCache(_MAX_HOSTS)  # by host
        self._patience_for_all = _Patience(wait_seconds)
        self._lock = threading.Lock()

    def result(self, host: str, key: Hashable, fetch: Callable[[], _Result]) -> _Result:
        """What `fetch` returns, or returned at most RECENT_SECONDS ago. Raises FetchPendingError.

        `fetch` returns the errors that callers expect. `key` identifies it.
        """
        with self._lock:
            record = self._fetches.setdefault(key, _Fetch())
            if record.running is None:
                self._start(host, record, fetch)
            patience = self._patience.setdefault(host, _Patience(self._wait_seconds))
            running = record.running
            for_host, for_all = patience.begin(), self._patience_for_all.begin()
            is_slow = for_host < self._wait_seconds / 2
            seconds = min(for_host, for_all if is_slow else max(for_all, GRACE_SECONDS))
        if running:
            wait([running], seconds)
        with self._lock:
            patience.end()
            self._patience_for_all.end()
        if running and running.done():
            return running.result()  # type: ignore[no-any-return]  # of this `fetch`, or one with the same key
        if record.ended and time.monotonic() - record.ended_at < RECENT_SECONDS:
            return record.ended.result()  # type: ignore[no-any-return]
        raise FetchPendingError

    def _start(self, host: str, record: _Fetch, fetch: Callable[[], object]) -> None:
        """Queue the fetch, unless too many of its host wait already. The lock is held."""
        running: Future[Any] = Future()
        try:
            self._pool.submit(partial(self._run, record, running, fetch), host)
        except FullError:
            return
        record.running = running

    def _run(self, record: _Fetch, running: Future[Any], fetch: Callable[[], object]) -> None:
        try:
            deliver = partial(running.set_result, fetch())
        except Exception as error:  # noqa: BLE001  raised where the result is used
            deliver = partial(running.set_exception, error)
        with self._lock:  # a caller that has the result and asks again gets a new one
            record.running, record.ended, record.ended_at = None, running, time.monotonic()
            deliver()

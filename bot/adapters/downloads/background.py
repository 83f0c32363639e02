"""Fetches in the background: whoever needs one waits a while for it, and it goes on for those who ask later.

Without this, a host that always takes just a little less than its timeout would delay every check.
"""

import math
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

from cachetools import LRUCache

from bot.core.charts.bounds import RECENT_SECONDS, WAIT_SECONDS, WAIT_WINDOW_SECONDS
from bot.work_pool import FullError, WorkPool

_MAX_FETCHES: Final = 10_000  # whose latest results are kept
_MAX_HOSTS: Final = 1_000
_WORKERS: Final = 8  # half of them at most for one host
_QUEUE: Final = 8_000  # an eighth of it at most for one host

_Result = TypeVar("_Result")


class FetchPendingError(Exception):
    """The fetch goes on in the background, and has no recent result."""


@dataclass(slots=True)
class _Fetch:
    """One fetch: while it runs, and as it last ended."""

    running: Future[Any] | None = None
    ended: Future[Any] | None = None
    ended_at: float = 0.0


class BackgroundFetches:
    """Runs each fetch once at a time. Any thread may call.

    Callers wait for one host at most `wait_seconds` in WAIT_WINDOW_SECONDS, all together.
    """

    def __init__(self, wait_seconds: float = WAIT_SECONDS) -> None:
        self._wait_seconds = wait_seconds
        self._pool = WorkPool("fetch", workers=_WORKERS, waiting=_QUEUE)
        self._fetches: LRUCache[Hashable, _Fetch] = LRUCache(_MAX_FETCHES)
        self._waits: LRUCache[str, tuple[float, float]] = LRUCache(_MAX_HOSTS)  # the seconds left, and when
        self._lock = threading.Lock()

    def result(self, host: str, key: Hashable, fetch: Callable[[], _Result]) -> _Result:
        """What `fetch` returns, or returned at most RECENT_SECONDS ago. FetchPendingError.

        `fetch` returns the errors that callers expect. `key` identifies it.
        """
        with self._lock:
            record = self._fetches.setdefault(key, _Fetch())
            if record.running is None:
                self._start(host, record, fetch)
            running, seconds = record.running, self._remaining(host)
        if running:
            start = time.monotonic()
            wait([running], None if math.isinf(seconds) else seconds)
            with self._lock:
                waited = time.monotonic() - start
                self._waits[host] = max(0.0, self._remaining(host) - waited), time.monotonic()
            if running.done():
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
            running.set_result(fetch())
        except Exception as error:  # noqa: BLE001  raised where the result is used
            running.set_exception(error)
        with self._lock:
            record.running, record.ended, record.ended_at = None, running, time.monotonic()

    def _remaining(self, host: str) -> float:
        """How long callers may wait for the host at present. The lock is held."""
        now = time.monotonic()
        left, at = self._waits.get(host, (self._wait_seconds, now))
        return min(self._wait_seconds, left + (now - at) * self._wait_seconds / WAIT_WINDOW_SECONDS)

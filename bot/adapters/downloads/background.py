"""Fetches in the background. Callers wait for a limited time; then the fetch goes on, for later callers.

Without this, a host whose responses always take a little less than the timeout would delay every check.
"""

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeVar

from cachetools import LRUCache

from bot.core.charts.bounds import GRACE_SECONDS, RECENT_SECONDS, WAIT_SECONDS, WAIT_WINDOW_SECONDS
from bot.core.leaky_bucket import LeakyBucket
from bot.ports.tenant import CURRENT_TENANT
from bot.work_pool import FullError, WorkPool

_MAX_FETCHES: Final = 10_000  # whose latest results are kept
_MAX_BUCKETS: Final = 1_000
_WORKERS: Final = 8
_QUEUE: Final = 8_000  # an eighth of it at most for one tenant

_Result = TypeVar("_Result")


class FetchPendingError(Exception):
    """The fetch still runs, and has no recent result."""


@dataclass(slots=True)
class _Fetch:
    """The current run of a fetch, with the tenants that have queued it, and its last result."""

    running: Future[Any] | None = None
    tenants: set[str] = field(default_factory=set)
    ended: Future[Any] | None = None
    ended_at: float = 0.0


def _bucket(seconds: float) -> LeakyBucket:
    """The time that callers have waited, of `seconds` in WAIT_WINDOW_SECONDS."""
    return LeakyBucket(seconds, seconds / WAIT_WINDOW_SECONDS, time.monotonic())


class BackgroundFetches:
    """Runs each fetch once at a time. Thread-safe.

    Callers wait at most `wait_seconds` in WAIT_WINDOW_SECONDS for all hosts together, half of it for one tenant; the
    time that several wait counts once. After that, they wait GRACE_SECONDS more for a host that has not been slow for
    their tenant, again half of `wait_seconds` in total for one tenant. The fetches of tenants take turns.
    """

    def __init__(self, wait_seconds: float = WAIT_SECONDS) -> None:
        self._wait_seconds = wait_seconds
        self._pool = WorkPool("fetch", workers=_WORKERS, waiting=_QUEUE)
        self._fetches: LRUCache[Hashable, _Fetch] = LRUCache(_MAX_FETCHES)
        self._waited: LRUCache[tuple[str, str], LeakyBucket] = LRUCache(_MAX_BUCKETS)  # by tenant, and host or ""
        self._grace: LRUCache[str, LeakyBucket] = LRUCache(_MAX_BUCKETS)  # by tenant
        self._waited_by_all = _bucket(wait_seconds)
        self._lock = threading.Lock()

    def result(self, host: str, key: Hashable, fetch: Callable[[], _Result]) -> _Result:
        """What `fetch` returns, or returned at most RECENT_SECONDS ago. Raises FetchPendingError.

        `fetch` returns the errors that callers expect. `key` identifies it.
        """
        tenant, most = CURRENT_TENANT.get(), self._wait_seconds / 2
        with self._lock:
            record = self._fetches.setdefault(key, _Fetch())
            self._queue(tenant, host, record, fetch)
            running = record.running
            for_host, for_tenant = (
                self._waited.setdefault(name, _bucket(most)) for name in ((tenant, host), (tenant, ""))
            )
            now = time.monotonic()
            buckets = [for_host, for_tenant, self._waited_by_all]
            if for_host.left(now) > most / 2 and min(bucket.left(now) for bucket in buckets) < GRACE_SECONDS:
                grace = self._grace.setdefault(tenant, _bucket(most))
                buckets, seconds = [for_host, grace], min(GRACE_SECONDS, grace.left(now))
            else:
                seconds = min(bucket.left(now) for bucket in buckets)
            for bucket in buckets:
                bucket.begin(now)
        if running:
            wait([running], seconds)
        with self._lock:
            now = time.monotonic()
            for bucket in buckets:
                bucket.end(now)
        if running and running.done():
            return running.result()  # type: ignore[no-any-return]  # of this `fetch`, or one with the same key
        if record.ended and time.monotonic() - record.ended_at < RECENT_SECONDS:
            return record.ended.result()  # type: ignore[no-any-return]
        raise FetchPendingError

    def _queue(self, tenant: str, host: str, record: _Fetch, fetch: Callable[[], object]) -> None:
        """Queue the fetch, unless too many of the tenant wait already. The lock is held.

        Every tenant queues the fetch it needs; it runs when the first of them has its turn.
        """
        if tenant in record.tenants:
            return
        running = record.running or Future()
        with suppress(FullError):
            self._pool.submit(partial(self._run, record, running, fetch), tenant, host)
            record.running = running
            record.tenants.add(tenant)

    def _run(self, record: _Fetch, running: Future[Any], fetch: Callable[[], object]) -> None:
        with self._lock:
            if running.running() or running.done():  # it was another tenant's turn first
                return
            running.set_running_or_notify_cancel()
        try:
            deliver = partial(running.set_result, fetch())
        except Exception as error:  # noqa: BLE001  raised where the result is used
            deliver = partial(running.set_exception, error)
        with self._lock:  # a caller that has the result and asks again gets a new one
            record.running, record.ended, record.ended_at = None, running, time.monotonic()
            record.tenants.clear()
            deliver()

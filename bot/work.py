"""A bounded pool for git, forge and cluster work, apart from the threads that answer Slack within its 3 s."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait


class FullError(Exception):
    """As much is waiting as may wait."""


class WorkPool:
    """`workers` threads; at most `waiting` jobs beyond them, then FullError. A job handles its own errors."""

    def __init__(self, name: str, *, workers: int, waiting: int) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=name)
        self._places = threading.BoundedSemaphore(workers + waiting)
        self._running: set[Future[None]] = set()
        self._lock = threading.Lock()

    def submit(self, job: Callable[[], None]) -> None:
        """Run a job soon. FullError when too much is waiting, or when the pool is draining."""
        if not self._places.acquire(blocking=False):
            raise FullError
        try:
            future = self._pool.submit(job)
        except RuntimeError as error:
            self._places.release()
            raise FullError from error
        with self._lock:
            self._running.add(future)
        future.add_done_callback(self._done)

    def drain(self, seconds: float) -> bool:
        """Take nothing new, let what runs finish for so long; whether all of it did."""
        self._pool.shutdown(wait=False, cancel_futures=False)
        with self._lock:
            running = set(self._running)
        return not wait(running, timeout=seconds).not_done

    def _done(self, future: Future[None]) -> None:
        with self._lock:
            self._running.discard(future)
        self._places.release()

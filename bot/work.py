"""A bounded pool for git, forge and cluster work, separate from the threads that must answer Slack within 3 s."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait


class FullError(Exception):
    """The queue is full."""


class WorkPool:
    """Runs jobs on `workers` threads and queues up to `waiting` more. Jobs must handle their own errors."""

    def __init__(self, name: str, *, workers: int, waiting: int) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=name)
        self._places = threading.BoundedSemaphore(workers + waiting)
        self._running: set[Future[None]] = set()
        self._lock = threading.Lock()

    def submit(self, job: Callable[[], None]) -> None:
        """Queue a job. FullError when the queue is full, or when the pool is draining."""
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
        """Reject new jobs and wait up to `seconds` for the others; whether all of them finished."""
        self._pool.shutdown(wait=False, cancel_futures=False)
        with self._lock:
            running = set(self._running)
        return not wait(running, timeout=seconds).not_done

    def _done(self, future: Future[None]) -> None:
        with self._lock:
            self._running.discard(future)
        self._places.release()

"""A bounded pool for git, forge and cluster work, apart from the threads that must ack Slack within 3 s."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from contextvars import copy_context
from functools import partial

Job = Callable[[], None]


class FullError(Exception):
    """The queue, or the requester's share of it, is full."""


class WorkPool:
    """Runs jobs on `workers` threads and queues up to `waiting` more. Jobs must handle their own errors.

    Requesters take turns, so that one with hundreds of requests doesn't delay others. Each has at most half of the
    threads and an eighth of the queue.
    """

    def __init__(self, name: str, *, workers: int, waiting: int) -> None:
        self._workers = workers
        self._waiting = waiting
        self._most_running = max(1, workers // 2)
        self._most_waiting = max(1, waiting // 8)
        self._name = name
        self._changed = threading.Condition()
        self._queues: dict[str, deque[Job]] = {}  # in the order of turns
        self._running: Counter[str] = Counter()
        self._draining = False
        self._progressed_at = time.monotonic()

    def submit(self, job: Job, requester: str) -> None:
        """Queue a job of `requester`, such as a user ID. Raises FullError if the queue is full or draining."""
        with self._changed:
            queue = self._queues.get(requester, ())
            starts_now = self._running.total() < self._workers and self._running[requester] < self._most_running
            full = len(queue) >= self._most_waiting or sum(map(len, self._queues.values())) >= self._waiting
            if self._draining or (full and not starts_now):
                raise FullError
            # In the submitter's context, so that its spans belong to the same trace.
            self._queues.setdefault(requester, deque()).append(partial(copy_context().run, job))
            self._start_next()

    @property
    def queue_length(self) -> int:
        """How many jobs wait for a thread."""
        with self._changed:
            return sum(map(len, self._queues.values()))

    def seconds_without_progress(self) -> float:
        """The seconds that jobs have waited since one was last started or finished; 0 if none is waiting."""
        with self._changed:
            return time.monotonic() - self._progressed_at if self._queues else 0.0

    def drain(self, seconds: float) -> bool:
        """Reject new jobs, and wait up to `seconds` for the others. Returns whether all of them finished."""
        with self._changed:
            self._draining = True
            finished = self._changed.wait_for(lambda: not self._queues and not self._running.total(), seconds)
            self._queues.clear()
        return finished

    def _start_next(self) -> None:
        """Start as many jobs as possible, one per requester in turn. Call it with the lock held."""
        self._progressed_at = time.monotonic()
        while self._running.total() < self._workers:
            requester = next((user for user in self._queues if self._running[user] < self._most_running), None)
            if requester is None:
                return
            queue = self._queues.pop(requester)
            job = queue.popleft()
            if queue:
                self._queues[requester] = queue  # behind the others
            self._running[requester] += 1
            # A daemon, so that a job that hangs does not keep the process from ending. A job takes far longer than
            # starting a thread.
            threading.Thread(target=self._run, args=(job, requester), name=self._name, daemon=True).start()

    def _run(self, job: Job, requester: str) -> None:
        try:
            job()
        finally:
            with self._changed:
                self._running[requester] -= 1
                self._running += Counter()  # drops zeros
                self._start_next()
                self._changed.notify_all()

"""A bounded pool for git, forge and cluster work, apart from the threads that must ack Slack within 3 s."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial

Job = Callable[[], None]


class FullError(Exception):
    """The queue, or the requester's share of it, is full."""


@dataclass(frozen=True, slots=True)
class _Queued:
    job: Job
    target: str


class WorkPool:
    """Runs jobs on `workers` threads and queues up to `waiting` more. Jobs must handle their own errors.

    Requesters take turns, so that one with hundreds of requests doesn't delay others. Each has at most an
    eighth of the queue, and half of the threads for jobs with the same target, such as a host. A requester or a target
    has at most three quarters of the threads, so that a slow target delays neither the requester's other jobs nor those
    of others.
    """

    def __init__(self, name: str, *, workers: int, waiting: int) -> None:
        self._workers = workers
        self._waiting = waiting
        self._most_running = max(1, workers // 2)  # for one requester, with one target
        self._most_together = max(1, workers * 3 // 4)  # for one requester, and with one target
        self._most_waiting = max(1, waiting // 8)
        self._name = name
        self._changed = threading.Condition()
        self._queues: dict[str, deque[_Queued]] = {}  # by requester, in the order of turns
        self._running: Counter[tuple[str, str]] = Counter()  # by requester and target
        self._draining = False
        self._progressed_at = time.monotonic()

    def submit(self, job: Job, requester: str, target: str = "") -> None:
        """Queue a job of `requester`, such as a user ID; a target of "" has no limit of its own.

        Raises FullError if the queue is full or draining.
        """
        with self._changed:
            queue = self._queues.get(requester, ())
            starts_now = self._has_room(requester, target)
            full = len(queue) >= self._most_waiting or sum(map(len, self._queues.values())) >= self._waiting
            if self._draining or (full and not starts_now):
                raise FullError
            # In the submitter's context, so that its spans belong to the same trace.
            queued = _Queued(partial(copy_context().run, job), target)
            self._queues.setdefault(requester, deque()).append(queued)
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
            startable = (
                (requester, queued)
                for requester, queue in self._queues.items()
                for queued in queue
                if self._has_room(requester, queued.target)
            )
            requester, queued = next(startable, ("", None))
            if queued is None:
                return
            queue = self._queues.pop(requester)
            queue.remove(queued)
            if queue:
                self._queues[requester] = queue  # behind the others
            self._running[requester, queued.target] += 1
            # A daemon, so that a job that hangs does not keep the process from ending. A job takes far longer than
            # starting a thread.
            threading.Thread(target=self._run, args=(queued, requester), name=self._name, daemon=True).start()

    def _has_room(self, requester: str, target: str) -> bool:
        """Whether a job can start."""
        of_requester = sum(count for (other, _), count in self._running.items() if other == requester)
        on_target = sum(count for (_, other), count in self._running.items() if other == target) if target else 0
        return (
            self._running.total() < self._workers
            and self._running[requester, target] < self._most_running
            and max(of_requester, on_target) < self._most_together
        )

    def _run(self, queued: _Queued, requester: str) -> None:
        try:
            queued.job()
        finally:
            with self._changed:
                self._running[requester, queued.target] -= 1
                self._running += Counter()  # drops zeros
                self._start_next()
                self._changed.notify_all()

"""A bounded pool for git, forge and cluster work, apart from the threads that must ack Slack within 3 s."""

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from contextvars import copy_context
from functools import partial

_log = logging.getLogger(__name__)

Job = Callable[[], None]
_Running = tuple[Job, str, str]  # with its requester and target


class FullError(Exception):
    """The queue, or the requester's share of it, is full."""


class WorkPool:
    """Runs jobs on `workers` threads and queues up to `waiting` more. Jobs must handle their own errors.

    Requesters take turns, those with the fewest running jobs first, so that one with hundreds of requests doesn't delay
    others; so do the targets of a requester, such as hosts. Each requester has at most an eighth of the queue, and half
    of the threads for jobs with the same target. A requester or a target has at most three quarters of the threads, so
    that a slow target delays neither the requester's other jobs nor those of others.
    """

    def __init__(self, name: str, *, workers: int, waiting: int) -> None:
        self._workers = workers
        self._waiting = waiting
        self._most_running = max(1, workers // 2)  # for one requester with one target
        self._most_together = max(1, workers * 3 // 4)  # for one requester with any targets, or the reverse
        self._most_waiting = max(1, waiting // 8)
        self._name = name
        self._changed = threading.Condition()
        self._queues: dict[str, dict[str, deque[Job]]] = {}  # by requester and target, each in the order of turns
        self._queued: Counter[str] = Counter()  # by requester
        self._running: Counter[tuple[str, str]] = Counter()  # by requester and target
        self._of_requester: Counter[str] = Counter()  # running
        self._on_target: Counter[str] = Counter()  # running
        self._draining = False
        self._progressed_at = time.monotonic()

    def submit(self, job: Job, requester: str, target: str = "") -> None:
        """Queue a job of `requester`, such as a user ID; a target of "" has no limit of its own.

        Raises FullError if the queue is full or draining, or if the process can't have more threads.
        """
        with self._changed:
            starts_now = self._has_room(requester, target)
            full = self._queued[requester] >= self._most_waiting or self._queued.total() >= self._waiting
            if self._draining or (full and not starts_now):
                raise FullError
            self._progressed_at = time.monotonic()
            # In the submitter's context, so that its spans belong to the same trace.
            in_context = partial(copy_context().run, job)
            if starts_now:  # the jobs that wait still have no room
                self._start(in_context, requester, target)
            else:
                self._queues.setdefault(requester, {}).setdefault(target, deque()).append(in_context)
                self._queued[requester] += 1

    @property
    def queue_length(self) -> int:
        """How many jobs wait for a thread."""
        with self._changed:
            return self._queued.total()

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
            self._queued.clear()
        return finished

    def _start_next(self) -> _Running | None:
        """Start as many waiting jobs as possible. Call it with the lock held, on a thread that is done.

        Requesters with the fewest running jobs come first, so that slow jobs of others don't delay each of their jobs.
        If the process can't have more threads, returns a job for this one.
        """
        while self._running.total() < self._workers:
            startable = (
                (requester, target)
                for requester in sorted(self._queues, key=self._of_requester.__getitem__)
                if self._of_requester[requester] < self._most_together
                for target in self._queues[requester]
                if self._has_room(requester, target)
            )
            requester, target = next(startable, (None, ""))
            if requester is None:
                return None
            queues = self._queues.pop(requester)
            queue = queues.pop(target)
            job = queue.popleft()
            self._queued[requester] -= 1
            if queue:
                queues[target] = queue  # behind the others
            if queues:
                self._queues[requester] = queues  # behind the others
            else:
                del self._queued[requester]
            try:
                self._start(job, requester, target)
            except FullError:
                self._count(requester, target)
                return job, requester, target
        return None

    def _start(self, job: Job, requester: str, target: str) -> None:
        """Run the job on a thread. Call it with the lock held. Raises FullError, as `submit` does."""
        # A daemon, so that a job that hangs does not keep the process from ending. A job takes far longer than
        # starting a thread.
        thread = threading.Thread(target=self._run, args=(job, requester, target), name=self._name, daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # no more threads
            raise FullError from error
        self._count(requester, target)  # it can't end before the lock is released

    def _count(self, requester: str, target: str) -> None:
        self._running[requester, target] += 1
        self._of_requester[requester] += 1
        self._on_target[target] += 1

    def _has_room(self, requester: str, target: str) -> bool:
        """Whether a job can start."""
        return (
            self._running.total() < self._workers
            and self._running[requester, target] < self._most_running
            and self._of_requester[requester] < self._most_together
            and (not target or self._on_target[target] < self._most_together)
        )

    def _run(self, job: Job, requester: str, target: str) -> None:
        running: _Running | None = job, requester, target
        while running:
            job, requester, target = running
            try:
                job()
            except Exception:  # noqa: BLE001  this thread may have another job to run
                _log.exception("a job of the pool %s failed", self._name)
            finally:
                with self._changed:
                    self._running -= Counter([(requester, target)])  # this also drops zeros
                    self._of_requester -= Counter([requester])
                    self._on_target -= Counter([target])
                    self._progressed_at = time.monotonic()
                    running = self._start_next()
                    self._changed.notify_all()

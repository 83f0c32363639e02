"""The scheduler: APScheduler starts drift checks, git polling, rollout checks and card updates.

Errors are caught: a failed job is logged, and runs again at its next time.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from bot.core.leases import LEADER
from bot.ports.errors import PortError
from bot.ports.leases import Leases

_log = logging.getLogger(__name__)

# It warns each time that a job is due while it's still running, which is no fault.
logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)

_CLOCK_WATCHED_EVERY = 5.0  # seconds
_HEARTBEAT = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Job:
    """A job that runs at once and then periodically, never concurrently, and only under a `lease` unless it's None."""

    name: str
    every: timedelta
    run: Callable[[], object]
    lease: str | None = LEADER


class _Every(BaseTrigger):  # type: ignore[misc]
    """Fires an interval after the last time.

    APScheduler's own trigger iterates over all missed times, which are millions if the clock is set a year ahead.
    """

    def __init__(self, interval: timedelta) -> None:
        self._interval = interval

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """The next time, which is always in the future."""
        planned = (previous_fire_time or now) + self._interval
        return planned if planned > now else now + self._interval


class Schedule:
    """Runs jobs independently of each other. A late job runs once, not once for each missed time.

    Jobs continue if the clock is set ahead or back.
    """

    def __init__(self, jobs: Sequence[Job], leases: Leases) -> None:
        jobs = [*jobs, Job("heartbeat", _HEARTBEAT, self._beat, lease=None)]
        self._beat_at = time.monotonic()
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(len(jobs))},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone="UTC",
        )
        self._jobs = tuple(jobs)
        self._stopping = threading.Event()
        self._changing = threading.Lock()
        self._watch = threading.Thread(target=self._watch_clock, name="clock", daemon=True)
        for job in jobs:
            self._scheduler.add_job(
                guarded(job, leases),
                _Every(job.every),
                id=job.name,
                name=job.name,
                next_run_time=datetime.now(tz=UTC),
            )

    def start(self) -> None:
        """Start; every job runs once right away."""
        self._scheduler.start()
        self._watch.start()

    def run_now(self, lease: str) -> None:
        """Run the jobs under a lease at once, instead of at their next time. A job that is running goes on."""
        self._run_now(job for job in self._jobs if job.lease == lease)

    def stop(self) -> None:
        """Start no more jobs and wait for running ones."""
        with self._changing:
            self._stopping.set()
        self._scheduler.shutdown(wait=True)

    def _run_now(self, jobs: Iterable[Job]) -> None:
        # While APScheduler shuts down, it lets nobody change jobs, so a running job would wait for its own end.
        with self._changing:
            if not self._stopping.is_set():
                for job in jobs:
                    self._scheduler.modify_job(job.name, next_run_time=datetime.now(tz=UTC))

    def seconds_since_heartbeat(self) -> float:
        """The seconds since the heartbeat job, which is due every 5 s, last ran."""
        return time.monotonic() - self._beat_at

    def _beat(self) -> None:
        self._beat_at = time.monotonic()

    def _watch_clock(self) -> None:
        """Run all jobs if the clock was set back, since APScheduler would wait for the clock to catch up."""
        offset = _clock_offset()
        while not self._stopping.wait(_CLOCK_WATCHED_EVERY):
            before, offset = offset, _clock_offset()
            if offset < before - 1:
                _log.warning("the clock was set back by %.0f s", before - offset)
                self._run_now(self._jobs)


def _clock_offset() -> float:
    """The difference between the clock and monotonic time, in seconds. It changes only if the clock is set."""
    return datetime.now(tz=UTC).timestamp() - time.monotonic()


def guarded(job: Job, leases: Leases) -> Callable[[], None]:
    """Wrap a job: run it under its lease, if this replica holds that, and catch and log every error."""

    def run() -> None:
        try:
            if job.lease is None:
                job.run()
                return
            with leases.work(job.lease) as lease:
                if lease:
                    job.run()
            # What ran under a lease that was lost and taken again meanwhile has stored nothing.
            if lease and leases.get(job.lease) not in {lease, None}:
                run()
        except PortError as error:
            _log.warning("%s failed: %s", job.name, error)
        except Exception:
            _log.exception("%s failed; next run in %s", job.name, job.every)

    return run

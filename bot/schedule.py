"""The scheduler: APScheduler starts drift checks, git polling, rollout checks and card updates.

Errors are caught: a failed job is logged, and runs again at its next time.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from bot.ports.errors import PortError

_log = logging.getLogger(__name__)

_CLOCK_WATCHED_EVERY = 5.0  # seconds
_HEARTBEAT = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Job:
    """A job that runs at once and then periodically, never concurrently; with `everywhere`, on every replica."""

    name: str
    every: timedelta
    run: Callable[[], object]
    everywhere: bool = False


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

    `is_leader` is called before each run: only the leader runs jobs, and other replicas only answer requests.
    """

    def __init__(self, jobs: Sequence[Job], *, is_leader: Callable[[], bool]) -> None:
        jobs = [*jobs, Job("heartbeat", _HEARTBEAT, self._beat, everywhere=True)]
        self._beat_at = time.monotonic()
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(len(jobs))},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone="UTC",
        )
        self._stopping = threading.Event()
        self._watch = threading.Thread(target=self._watch_clock, name="clock", daemon=True)
        for job in jobs:
            self._scheduler.add_job(
                guarded(job, is_leader),
                _Every(job.every),
                id=job.name,
                name=job.name,
                next_run_time=datetime.now(tz=UTC),
            )

    def start(self) -> None:
        """Start; every job runs once right away."""
        self._scheduler.start()
        self._watch.start()

    def stop(self) -> None:
        """Start no more jobs and wait for running ones."""
        self._stopping.set()
        self._scheduler.shutdown(wait=True)

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
                for job in self._scheduler.get_jobs():
                    job.modify(next_run_time=datetime.now(tz=UTC))


def _clock_offset() -> float:
    """The difference between the clock and monotonic time, in seconds. It changes only if the clock is set."""
    return datetime.now(tz=UTC).timestamp() - time.monotonic()


def guarded(job: Job, is_leader: Callable[[], bool]) -> Callable[[], None]:
    """Wrap a job: run it only while `is_leader`, and catch and log every error."""

    def run() -> None:
        try:
            if job.everywhere or is_leader():
                job.run()
        except PortError as error:
            _log.warning("%s failed: %s", job.name, error)
        except Exception:
            _log.exception("%s failed; next run in %s", job.name, job.every)

    return run

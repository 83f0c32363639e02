"""The scheduler: APScheduler starts drift checks, git polling, rollout checks and card updates.

Next to `listeners`, the only place that catches every error: a failed job is logged and runs again at its next time.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from bot.ports.errors import PortError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """A job that runs at once and then periodically, never concurrently; with `everywhere` on every replica."""

    name: str
    every: timedelta
    run: Callable[[], object]
    everywhere: bool = False


class Schedule:
    """Runs jobs independently of each other. A late job runs once, not once for each missed time.

    `wanted` is called before each run: only the replica that leads runs jobs, the others only answer requests.
    """

    def __init__(self, jobs: Sequence[Job], *, wanted: Callable[[], bool]) -> None:
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(max(1, len(jobs)))},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone="UTC",
        )
        for job in jobs:
            self._scheduler.add_job(
                guarded(job, wanted),
                IntervalTrigger(seconds=job.every.total_seconds(), timezone="UTC"),
                id=job.name,
                name=job.name,
                next_run_time=datetime.now(tz=self._scheduler.timezone),
            )

    def start(self) -> None:
        """Start; every job runs once right away."""
        self._scheduler.start()

    def stop(self) -> None:
        """Start no more jobs and wait for running ones."""
        self._scheduler.shutdown(wait=True)


def guarded(job: Job, wanted: Callable[[], bool]) -> Callable[[], None]:
    """Wrap a job: run it only while `wanted`, and catch and log every error."""

    def run() -> None:
        try:
            if job.everywhere or wanted():
                job.run()
        except PortError as error:
            _log.warning("%s failed: %s", job.name, error)
        except Exception:
            _log.exception("%s failed; next run in %s", job.name, job.every)

    return run

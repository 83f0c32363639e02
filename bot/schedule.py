"""The clock's edge: APScheduler starts drift checks, git polling, rollout looks and card reconciliation.

The other place where any error is caught: a job that fails is logged and runs again at its next time.
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
    """Something to do at once and then every so often; never twice at the same time. `everywhere`: on each replica."""

    name: str
    every: timedelta
    run: Callable[[], object]
    everywhere: bool = False


class Schedule:
    """Runs jobs, none of which waits for another. A job that is late runs once, not once for each time it missed.

    `wanted` is asked before each run: of several replicas one leads, and the others only answer people.
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
        """Begin; every job runs once right away."""
        self._scheduler.start()

    def stop(self) -> None:
        """Start nothing new and wait for what runs."""
        self._scheduler.shutdown(wait=True)


def guarded(job: Job, wanted: Callable[[], bool]) -> Callable[[], None]:
    """The job where any error is caught and logged; it runs only while it is wanted."""

    def run() -> None:
        try:
            if job.everywhere or wanted():
                job.run()
        except PortError as error:
            _log.warning("%s: %s", job.name, error)
        except Exception:
            _log.exception("%s failed; it runs again in %s", job.name, job.every)

    return run

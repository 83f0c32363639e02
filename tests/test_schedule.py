"""Jobs go on when somebody sets the clock."""

import threading
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest

from bot import schedule
from bot.adapters.database.leases import SoleLeases
from bot.core.leases import Lease
from bot.schedule import Job, Schedule, guarded
from tests.common.wait import wait_for


class ShiftedClock(datetime):
    """The real time, shifted."""

    shift = timedelta()

    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + cls.shift


@pytest.mark.parametrize("shift", [timedelta(days=-365), timedelta(days=3650)], ids=["back", "ahead"])
def test_jobs_go_on_when_the_clock_is_set(monkeypatch, shift):
    monkeypatch.setattr(schedule, "_CLOCK_WATCHED_EVERY", 0.05)
    monkeypatch.setattr("apscheduler.schedulers.base.datetime", ShiftedClock)
    monkeypatch.setattr(schedule, "datetime", ShiftedClock)
    monkeypatch.setattr(ShiftedClock, "shift", timedelta())
    runs: list[datetime] = []
    ran = threading.Event()

    def run():
        runs.append(ShiftedClock.now(UTC))
        ran.set()

    jobs = Schedule([Job("job", timedelta(seconds=0.1), run)], SoleLeases())
    jobs.start()
    try:
        assert ran.wait(10)
        ShiftedClock.shift = shift
        wait_for(lambda: sum(abs(run - ShiftedClock.now(UTC)) < timedelta(hours=1) for run in runs) > 3, seconds=20)
        assert len(runs) < 1000, "what was missed is not made up for"
    finally:
        jobs.stop()


def test_a_job_whose_lease_was_lost_and_taken_again_runs_again(monkeypatch):
    leases, runs = SoleLeases(), []

    def run():
        runs.append(leases.get("cluster/prod"))
        if len(runs) == 1:
            monkeypatch.setattr(leases, "get", lambda name: Lease(name, 2))
            monkeypatch.setattr(leases, "work", lambda name: nullcontext(Lease(name, 2)))

    guarded(Job("check", timedelta(minutes=5), run, "cluster/prod"), leases)()
    assert [lease.token for lease in runs] == [0, 2]


def test_taking_a_lease_runs_its_jobs_at_once():
    leases, ran = SoleLeases(), threading.Event()
    others = []
    jobs = Schedule(
        [
            Job("check", timedelta(minutes=5), ran.set, "cluster/prod"),
            Job("cards", timedelta(minutes=5), lambda: others.append(1)),
        ],
        leases,
    )
    jobs.start()
    try:
        assert ran.wait(10)
        wait_for(lambda: others)
        ran.clear()
        jobs.run_now("cluster/prod")
        assert ran.wait(10)
        assert others == [1]
    finally:
        jobs.stop()


def test_a_job_that_runs_others_at_once_can_end_while_the_schedule_stops():
    started, ended = threading.Event(), threading.Event()

    def run():
        started.set()
        jobs._stopping.wait(10)
        jobs.run_now("leader")
        ended.set()

    jobs = Schedule(
        [Job("discovery", timedelta(minutes=5), run), Job("cards", timedelta(minutes=5), list)], SoleLeases()
    )
    jobs.start()
    assert started.wait(10)
    stopping = threading.Thread(target=jobs.stop, daemon=True)
    stopping.start()
    stopping.join(10)
    assert ended.is_set()
    assert not stopping.is_alive()

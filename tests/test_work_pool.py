"""The bounded pool: whose turn it is, what it refuses, and how it ends."""

import threading
from contextvars import ContextVar, copy_context

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.work_pool import FullError, WorkPool


class Gate:
    """Jobs that wait until it opens, and the order in which they then ran."""

    def __init__(self):
        self.opened, self.ran = threading.Event(), []

    def job(self, name):
        def run():
            assert self.opened.wait(10)
            self.ran.append(name)

        return run


def submitted(pool, gate, names):
    """Those that the pool took."""
    taken = []
    for name in names:
        try:
            pool.submit(gate.job(name), name)
        except FullError:
            continue
        taken.append(name)
    return taken


def test_more_than_may_wait_is_refused_and_nothing_accepted_is_lost():
    pool, gate = WorkPool("test", workers=1, waiting=8), Gate()
    names = [str(number) for number in range(20)]
    assert submitted(pool, gate, names) == names[:9]
    gate.opened.set()
    assert pool.drain(10)
    assert gate.ran == names[:9]
    with pytest.raises(FullError):
        pool.submit(gate.job("late"), "late")


def test_one_person_has_half_of_the_threads_and_an_eighth_of_the_queue():
    """400 requests of one person kept everybody else waiting."""
    pool, gate = WorkPool("test", workers=4, waiting=80), Gate()
    assert submitted(pool, gate, ["mia"] * 400) == ["mia"] * 12
    assert submitted(pool, gate, ["kit", "lou"]) == ["kit", "lou"]  # at once, on the other two threads
    assert submitted(pool, gate, ["ana", "ben"]) == ["ana", "ben"]
    gate.opened.set()
    assert pool.drain(10)
    assert {"ana", "ben"} <= set(gate.ran[:8])  # after one more job of Mia's at most
    assert gate.ran.count("mia") == 12


def test_one_target_has_three_quarters_of_the_threads_and_nobody_waits_behind_its_jobs():
    pool, gate = WorkPool("test", workers=4, waiting=80), Gate()
    for requester in ("mia", "mia", "mia", "kit", "kit", "lou"):
        pool.submit(gate.job(f"{requester} on a"), requester, "a")
    for requester in ("mia", "lou"):
        started = threading.Event()
        pool.submit(started.set, requester, "b")
        assert started.wait(10)
    gate.opened.set()
    assert pool.drain(10)
    assert len(gate.ran) == 6


def test_slow_jobs_of_others_delay_only_the_first_of_several():
    """Two tenants with slow hosts delayed each chart of all others."""
    pool, first, slow, quick = WorkPool("test", workers=4, waiting=80), Gate(), Gate(), Gate()
    pool.submit(first.job("mia"), "mia")
    for requester in ("mia", "kit", "kit", "mia", "kit", "mia", "kit"):
        pool.submit(slow.job(requester), requester)
    quick.opened.set()
    done = threading.Event()
    for number in range(5):
        pool.submit(quick.job(number), "ana")
    pool.submit(done.set, "ana")
    first.opened.set()
    assert done.wait(10)
    assert quick.ran == list(range(5))
    assert slow.ran == []
    slow.opened.set()
    assert pool.drain(10)
    assert len(slow.ran) == 7


def test_a_full_queue_for_a_busy_target_costs_little_per_job(monkeypatch):
    """With 4,000 jobs for one slow host, each submitted or finished job looked at all the others."""
    looked_at = []
    has_room = WorkPool._has_room
    monkeypatch.setattr(WorkPool, "_has_room", lambda *job: looked_at.append(job) or has_room(*job))
    pool, gate = WorkPool("test", workers=8, waiting=1_600), Gate()
    names = ["ana", "ben", "kit", "lou"] * 200
    for name in names:
        pool.submit(gate.job(name), name, "host")
    gate.opened.set()
    assert pool.drain(10)
    assert sorted(gate.ran) == sorted(names)
    assert len(looked_at) < 10 * len(names)


@given(st.lists(st.sampled_from("abcdef"), max_size=60), st.integers(1, 3), st.integers(0, 20))
def test_everything_accepted_runs_once_whoever_asked(names, workers, waiting):
    pool, gate = WorkPool("test", workers=workers, waiting=waiting), Gate()
    taken = submitted(pool, gate, names)
    gate.opened.set()
    assert pool.drain(10)
    assert sorted(gate.ran) == sorted(taken)
    assert len(taken) <= workers + waiting


def test_a_drain_that_takes_too_long_says_so():
    pool, gate = WorkPool("test", workers=1, waiting=0), Gate()
    pool.submit(gate.job("a"), "a")
    assert not pool.drain(0.01)
    gate.opened.set()


def test_a_job_runs_in_the_context_of_whoever_submits_it_not_of_the_job_that_makes_room():
    variable, seen = ContextVar("variable", default="none"), []
    pool, gate = WorkPool("test", workers=1, waiting=16), Gate()

    def job():
        seen.append(variable.get())
        variable.set("of the job")

    pool.submit(gate.job("first"), "ana")
    for value in ("a", "b"):
        copy_context().run(lambda value=value: (variable.set(value), pool.submit(job, "ana")))
    gate.opened.set()
    assert pool.drain(10)
    assert seen == ["a", "b"]


def test_waiting_jobs_without_progress_are_noticed():
    pool, gate = WorkPool("test", workers=1, waiting=8), Gate()
    pool.submit(gate.job("a"), "a")
    assert (pool.queue_length, pool.seconds_without_progress()) == (0, 0.0)
    pool.submit(gate.job("b"), "b")
    assert pool.queue_length == 1
    assert pool.seconds_without_progress() > 0
    gate.opened.set()
    assert pool.drain(10)
    assert (pool.queue_length, pool.seconds_without_progress()) == (0, 0.0)

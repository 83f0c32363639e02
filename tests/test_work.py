"""The bounded pool: what it takes, what it refuses, and how it ends."""

import threading

import pytest

from bot.work import FullError, WorkPool


def test_more_than_may_wait_is_refused_and_nothing_accepted_is_lost():
    pool, gate, done = WorkPool("test", workers=1, waiting=2), threading.Event(), []

    def job():
        gate.wait(10)
        done.append(1)

    for _ in range(3):
        pool.submit(job)
    with pytest.raises(FullError):
        pool.submit(job)
    gate.set()
    assert pool.drain(10)
    assert len(done) == 3
    with pytest.raises(FullError):
        pool.submit(job)


def test_a_drain_that_takes_too_long_says_so():
    pool, gate = WorkPool("test", workers=1, waiting=0), threading.Event()
    pool.submit(lambda: gate.wait(10) and None)
    assert not pool.drain(0.01)
    gate.set()

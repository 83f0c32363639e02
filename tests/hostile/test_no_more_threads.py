"""For a moment, the process can't have more threads: what needs one fails or waits, and works again afterwards."""

import threading
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from bot.adapters.downloads.background import BackgroundFetches, FetchPendingError
from bot.core.applications.shard import Shard
from bot.handlers.watch.watcher import ShardWatcher
from bot.ports.cluster import Kind
from bot.work_pool import FullError, WorkPool
from tests.common.wait import DEADLINE, wait_for

KINDS = [Kind("", "v1", name, f"{name.lower()}s", namespaced=True) for name in ("ConfigMap", "Secret", "Service")]


@pytest.fixture
def fail_to_start(monkeypatch):
    """Starting the next thread fails whose name begins with `name`, after `first` others."""
    start, failures = threading.Thread.start, []

    def fail_to_start(name, first=0, count=1):
        failures[:] = [name, first, count]

    def failing(thread):
        if failures and thread.name.startswith(failures[0]):
            failures[1] -= 1
            if failures[1] < 0 <= failures[1] + failures[2]:
                raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", failing)
    return fail_to_start


def test_a_pool_refuses_the_job_and_keeps_its_threads(fail_to_start):
    pool, done = WorkPool("pool", workers=2, waiting=8), threading.Event()
    fail_to_start("pool", count=8)
    for number in range(8):
        with pytest.raises(FullError):
            pool.submit(done.set, f"user{number}")
    pool.submit(done.set, "jonas")
    assert done.wait(DEADLINE)
    assert pool.drain(DEADLINE)


def test_a_job_that_waits_runs_on_the_thread_that_ends(fail_to_start):
    pool, opened, ran = WorkPool("pool", workers=1, waiting=80), threading.Event(), []

    def broken():
        assert opened.wait(DEADLINE)
        raise ZeroDivisionError("a defect")

    pool.submit(broken, "jonas")
    for number in range(5):
        pool.submit(lambda number=number: ran.append(number), f"user{number}")
    fail_to_start("pool", count=5)
    opened.set()
    assert pool.drain(DEADLINE)
    assert ran == list(range(5))


def test_a_fetch_is_pending_and_the_next_one_runs(fail_to_start):
    fetches = BackgroundFetches(wait_seconds=3)
    fail_to_start("fetch", count=20)
    for number in range(20):
        with pytest.raises(FetchPendingError):
            fetches.result(f"host{number}", number, lambda: "fetched")
    assert fetches.result("host", 0, lambda: "fetched") == "fetched"


@pytest.mark.parametrize(
    ("scopes", "first"),
    [([], 0), ([], 2), ([], 3), (KINDS[:1], 0), (KINDS[:1], 1)],
)
def test_a_watch_is_complete_the_next_time(fail_to_start, scopes, first):
    """At the start, or when it follows another plan."""
    discovery, state = SimpleNamespace(kinds=(), broken={}), ["state"]
    watched = list(scopes)
    plan = SimpleNamespace(
        discovery=discovery,
        scopes=lambda _refused: [(kind, None) for kind in watched],
        affected=lambda *_: [],
        declared=lambda _: {},
    )
    checks = SimpleNamespace(watched_state=lambda _: state[-1], watch_plan=lambda *_: plan)
    cluster = SimpleNamespace(name="edge", discover=lambda: discovery)
    settle = timedelta(seconds=0.05)
    watcher = ShardWatcher(Shard("edge"), cluster, checks, settle=settle, clock=lambda: datetime.now(UTC))
    try:
        if scopes:
            watcher.keep()
        watched[:] = KINDS
        state.append("next")
        fail_to_start("watch edge", first=first)
        with pytest.raises(RuntimeError, match="new thread"):
            watcher.keep()
        watcher.keep()
        complete = ["watch edge compare", *(f"watch edge {kind.plural}" for kind in KINDS)]
        wait_for(lambda: sorted(running()) == complete)  # those of the first time may still be ending
    finally:
        watcher.stop()
    wait_for(lambda: not running())


def running():
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("watch edge")]

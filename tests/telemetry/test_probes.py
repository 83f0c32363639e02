"""What probes say about the running bot."""

import json
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from bot.handlers.probes import Probe, ProbeCheck
from bot.ports.store import StoreError
from bot.sandbox.cluster import Fault
from tests.common.clock import Clock
from tests.common.wait import DEADLINE, wait_for


@pytest.fixture(autouse=True)
def _always_fresh(monkeypatch):
    monkeypatch.setattr("bot.handlers.probes._FRESH_SECONDS", 0.0)


def probe(demo, path):
    """The status and, by name, what the probe says about each check."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{demo.bot.web.health_port}{path}", timeout=10) as answer:
            status, report = answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        status, report = error.code, json.load(error)
    assert report["status"] == ("ok" if status == 200 else "failing")
    return status, {check["name"]: (check["status"], check["message"]) for check in report["checks"]}


def fail(*_):
    raise StoreError("the database does not respond")


def test_a_bot_that_works_is_alive_and_ready(demo):
    serving = {"schedule": ("ok", "starts jobs"), "requests": ("ok", "answered"), "http": ("ok", "serves")}
    assert probe(demo, "/healthz") == (200, serving)
    status, checks = probe(demo, "/readyz")
    assert status == 200
    assert checks == {
        "slack": ("ok", "Socket Mode"),
        "store": ("ok", "can be read"),
        "replica": ("ok", "holds cluster/prod, cluster/staging, leader"),
        "cluster prod": ("ok", "checked"),
        "cluster staging": ("ok", "checked"),
    }


def test_without_slack_it_is_not_ready_but_alive(demo):
    demo.slack.inject({"down": True, "drop_connections": True})
    try:
        wait_for(lambda: probe(demo, "/readyz")[0] == 503)
        assert probe(demo, "/readyz")[1]["slack"] == ("failing", "not connected (Socket Mode)")
        assert probe(demo, "/healthz")[0] == 200
    finally:
        demo.slack.inject({"up": True})
    wait_for(lambda: probe(demo, "/readyz")[0] == 200)


def test_without_its_database_it_is_not_ready_but_alive(demo, monkeypatch):
    monkeypatch.setattr(demo.bot._ports.store.checks, "latest", fail)
    status, checks = probe(demo, "/readyz")
    assert (status, checks["store"]) == (503, ("failing", "the database does not respond"))
    assert probe(demo, "/healthz")[0] == 200


def test_a_standby_is_ready(demo, monkeypatch):
    monkeypatch.setattr(demo.bot._ports.store.leases, "held", lambda _: [])
    status, checks = probe(demo, "/readyz")
    assert (status, checks["replica"]) == (200, ("ok", "standby"))


def test_a_cluster_that_is_down_is_named_and_does_not_make_the_bot_unready(demo):
    demo.cluster.faults.add(Fault("*", status=503, identity="bot"))
    try:
        wait_for(lambda: probe(demo, "/readyz")[1]["cluster prod"][0] == "failing")
        status, checks = probe(demo, "/readyz")
        assert status == 200
        assert checks["cluster prod"][1].startswith("last checked at 20")
    finally:
        demo.cluster.faults.clear()


@pytest.mark.parametrize(
    ("stuck", "name", "message"),
    [
        ("_schedule.seconds_since_heartbeat", "schedule", "stuck"),
        ("_work.seconds_without_progress", "requests", "stuck"),
    ],
)
def test_a_process_that_is_stuck_is_not_alive(demo, monkeypatch, stuck, name, message):
    owner, method = stuck.split(".")
    monkeypatch.setattr(getattr(demo.bot, owner), method, lambda: 3600.0)
    status, checks = probe(demo, "/healthz")
    assert (status, checks[name]) == (503, ("failing", message))


def test_a_probe_does_not_wait_for_one_that_hangs(monkeypatch):
    monkeypatch.setattr("bot.handlers.probes._PATIENCE", 0.05)
    began, goes_on = threading.Event(), threading.Event()

    def hang():
        began.set()
        assert goes_on.wait(DEADLINE)
        yield ProbeCheck("store", ok=True, message="responds")

    probe = Probe(hang, Clock())
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(probe.report)
        assert began.wait(DEADLINE)
        assert not probe.report().ok
        goes_on.set()
        assert first.result().ok


def test_many_probes_at_once_run_the_checks_once(monkeypatch):
    monkeypatch.setattr("bot.handlers.probes._FRESH_SECONDS", 3600.0)
    runs = []
    probe = Probe(lambda: runs.append("run") or [ProbeCheck("slack", ok=True, message="Socket Mode")], Clock())
    assert [probe.report().ok for _ in range(100)] == [True] * 100
    assert len(runs) == 1


def test_since_is_when_a_check_last_changed():
    clock, state = Clock(), {"message": "leader"}
    probe = Probe(lambda: [ProbeCheck("replica", ok=True, message=state["message"])], clock)

    def since():
        (check,) = probe.report().as_json()["checks"]
        return datetime.fromisoformat(check["since"])

    started = since()
    clock.advance(seconds=60)
    assert since() == started
    state["message"] = "standby"
    assert since() == started + timedelta(seconds=60)
    assert started.tzinfo is UTC

"""The gauges, read from a store."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.applications.discovery import ApplicationInventory
from bot.core.drift.model import Status
from bot.core.incidents.incident import IncidentState
from bot.handlers.gauges import Gauges
from bot.ports.store import StoreError
from bot.ports.telemetry import DRIFTED, INCIDENTS, IS_LEADER, LAST_SUCCESS, UNKNOWN
from tests.common import samples

INVENTORY = ApplicationInventory({name: samples.application(name) for name in ("shop", "docs")}, {})

LEASE_NAMES = ("cluster/prod", "leader")


@pytest.fixture
def read(store, clock):
    """Reads the gauges at the clock's time: by metric, the value for each combination of attributes."""

    def read(inventory=INVENTORY):
        gauges = Gauges(
            store,
            lambda: inventory,
            lambda: 0,
            leases=LEASE_NAMES,
            clock=clock,
            interval=timedelta(minutes=5),
        )
        values = {}
        for sample in gauges.read():
            values.setdefault(sample.metric, {})[tuple(sample.attributes.values())] = sample.value
        return values

    return read


def test_an_old_check_is_unknown_and_does_not_end_drift(store, clock, read):
    drifted = samples.check("shop", at=clock(), drift=(samples.SCALED,))
    store.checks.save([drifted, samples.check("docs", at=clock()), samples.check("removed", at=clock())])
    assert read()[DRIFTED] == {("shop", "prod"): 1, ("docs", "prod"): 0}
    assert read()[UNKNOWN] == {("shop", "prod"): 0, ("docs", "prod"): 0}
    checked_at = clock.timestamp()
    clock.advance(hours=1)
    values = read()
    assert values[DRIFTED] == {("shop", "prod"): 1}
    assert values[UNKNOWN] == {("shop", "prod"): 1, ("docs", "prod"): 1}
    assert values[LAST_SUCCESS] == {("prod",): checked_at}


def test_a_cluster_that_was_never_compared_has_no_last_success(store, clock, read):
    assert read()[LAST_SUCCESS] == {("prod",): 0}
    store.checks.save([samples.check("shop", at=clock(), status=Status.UNKNOWN, error="no route to host")])
    assert read()[LAST_SUCCESS] == {("prod",): 0}


def test_a_cluster_that_discovery_has_not_read_since_the_start_has_its_last_success(store, clock, read):
    unread = replace(INVENTORY, unread_clusters=frozenset({"edge"}))
    assert read(unread)[LAST_SUCCESS] == {("prod",): 0, ("edge",): 0}
    checked_at = clock.timestamp()
    store.checks.save([replace(samples.check("till", at=clock()), cluster="edge")])
    values = read(unread)
    assert values[LAST_SUCCESS] == {("prod",): 0, ("edge",): checked_at}
    assert UNKNOWN not in values


def test_an_open_incident_counts_while_its_application_is_not_read(store, read):
    store.incidents.exchange(None, samples.incident("shop"))
    store.incidents.exchange(None, samples.incident("docs", state=IncidentState.RESOLVED))
    for inventory in (INVENTORY, ApplicationInventory({}, {}, unread_clusters=frozenset({"prod"}))):
        assert sum(read(inventory)[INCIDENTS].values()) == 1


def test_only_the_leader_has_the_stored_state(store, read, monkeypatch):
    monkeypatch.setattr(store.leases, "get", lambda _: None)
    values = read()
    assert values[IS_LEADER] == {(): 0}
    assert LAST_SUCCESS not in values


def test_without_the_database_the_others_remain(store, read, monkeypatch):
    def fail():
        raise StoreError("the database does not respond")

    monkeypatch.setattr(store.checks, "latest", fail)
    values = read()
    assert values[IS_LEADER] == {(): 0}, "so that an alert fires"
    assert LAST_SUCCESS not in values

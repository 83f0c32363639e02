"""Acknowledge and snooze on a real store: SQLite here, both databases in tests/adapters/database/test_store.py."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from bot.adapters.database.store import SqlStore
from bot.core.drift.model import Check, FieldDrift, ObjectDrift, Status
from bot.core.incidents.incident import Incident, IncidentState, apply_check
from bot.handlers.incidents.control import Already, Done, Over, UnknownSubject, acknowledge, change, snooze
from bot.ports.store import Posted

T0 = datetime(2026, 3, 1, 2, 47, tzinfo=UTC)
NOON = T0 + timedelta(hours=9)
DRIFT = (
    ObjectDrift("apps/v1", "Deployment", "shop", "web", "modified", (FieldDrift("changed", "spec.replicas", 2, 7),)),
)
SHOP = Incident("shop@1", "shop", "prod", "C1", IncidentState.OPEN, T0, T0, "a" * 40, DRIFT, worst=DRIFT)
MANY = [replace(SHOP, id=f"{name}@1", application=name, group="many") for name in ("api", "web", "db")]


@pytest.fixture
def ports(tmp_path):
    store = SqlStore(f"sqlite:///{tmp_path}/state.db")
    for incident in (SHOP, *MANY):
        store.incidents.exchange(None, incident)
    yield SimpleNamespace(store=store)
    store.close()


def states(ports):
    return {each.application: each.state.value for each in ports.store.incidents.unsettled()}


def test_one_is_acknowledged_once_and_says_by_whom(ports):
    outcome = acknowledge(ports, "shop@1", "U1", T0)
    assert isinstance(outcome, Done)
    assert [each.acknowledged_by for each in outcome.incidents] == ["U1"]
    again = acknowledge(ports, "shop@1", "U2", T0)
    assert (type(again), again.by) == (Already, "U1")
    assert states(ports) == {"shop": "acknowledged", "api": "open", "web": "open", "db": "open"}


def test_a_shared_card_is_snoozed_as_a_whole(ports):
    acknowledge(ports, "web@1", "U1", T0)
    outcome = snooze(ports, "many", "U2", NOON, T0)
    assert sorted(each.application for each in outcome.incidents) == ["api", "db", "web"]
    assert states(ports) == {"shop": "open", "api": "snoozed", "web": "snoozed", "db": "snoozed"}
    assert snooze(ports, "many", "U3", NOON, T0).by == "U2"


def test_a_snooze_into_the_past_is_refused(ports):
    with pytest.raises(ValueError, match="2026"):
        snooze(ports, "shop@1", "U1", T0, T0)


def test_what_is_over_says_so_and_what_never_was_is_unknown(ports):
    synced = Check("shop", "prod", "a" * 40, Status.SYNCED, None, 1, T0)
    ports.store.incidents.exchange(SHOP, apply_check(SHOP, synced, channel="C1", rolling=False))
    assert isinstance(acknowledge(ports, "shop@1", "U1", T0), Over)
    ports.store.cards.save("shop@1", Posted("C1", "1.2", "digest", T0))
    ports.store.settle("shop@1")
    assert acknowledge(ports, "shop@1", "U1", T0) == Over(())
    assert snooze(ports, "forged", "U1", NOON, T0) == UnknownSubject()


def test_a_suspicion_is_nothing_to_acknowledge(ports):
    ports.store.incidents.exchange(SHOP, replace(SHOP, state=IncidentState.SUSPECTED))
    assert acknowledge(ports, "shop@1", "U1", T0) == UnknownSubject()


def test_a_check_between_reading_and_writing_is_not_lost(ports):
    seen = []

    def decide(incident):
        if not seen:  # a check is recorded meanwhile
            ports.store.incidents.exchange(incident, replace(incident, blind="503"))
        seen.append(incident.blind)
        return replace(incident, acknowledged_by="U1")

    incident, changed = change(ports.store, SHOP, decide)
    assert (seen, changed) == ([None, "503"], True)
    assert (incident.blind, incident.acknowledged_by) == ("503", "U1")
    assert ports.store.incidents.open_for("shop") == incident


def test_what_is_resolved_between_is_left_alone(ports):
    def decide(incident):
        synced = Check("shop", "prod", "a" * 40, Status.SYNCED, None, 1, T0)
        ports.store.incidents.exchange(incident, apply_check(incident, synced, channel="C1", rolling=False))
        return replace(incident, acknowledged_by="U1")

    assert change(ports.store, SHOP, decide) == (SHOP, False)
    assert states(ports)["shop"] == "resolved"

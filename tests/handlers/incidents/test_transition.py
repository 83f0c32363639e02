"""Acknowledge and snooze on a real store: SQLite here, both databases in tests/adapters/database/test_store.py."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest

from bot.core.incidents.detection import apply_check
from bot.core.incidents.incident import IncidentState
from bot.handlers.incidents.transition import (
    AllResolved,
    AlreadyDone,
    Changed,
    UnknownSubject,
    acknowledge,
    change,
    snooze,
)
from bot.ports.store import Posted
from tests.common.samples import T0, check, incident

NOON = T0 + timedelta(hours=9)
SHOP = incident()
SYNCED = check(at=T0)
MANY = [incident(name, group="many") for name in ("api", "web", "db")]


@pytest.fixture
def ports(store):
    for stored in (SHOP, *MANY):
        store.incidents.exchange(None, stored)
    return SimpleNamespace(store=store)


def states(ports):
    return {stored.application: stored.state.value for stored in ports.store.incidents.unsettled()}


def test_an_incident_is_acknowledged_once_and_says_by_whom(ports):
    outcome = acknowledge(ports, ["shop@1"], "U1", T0)
    assert isinstance(outcome, Changed)
    assert [changed.acknowledged_by for changed in outcome.incidents] == ["U1"]
    again = acknowledge(ports, ["shop@1"], "U2", T0)
    assert (type(again), again.by) == (AlreadyDone, "U1")
    assert states(ports) == {"shop": "acknowledged", "api": "open", "web": "open", "db": "open"}


def test_a_shared_card_is_snoozed_as_a_whole(ports):
    acknowledge(ports, ["web@1"], "U1", T0)
    outcome = snooze(ports, ["many"], "U2", NOON, T0)
    assert sorted(changed.application for changed in outcome.incidents) == ["api", "db", "web"]
    assert states(ports) == {"shop": "open", "api": "snoozed", "web": "snoozed", "db": "snoozed"}
    assert snooze(ports, ["many"], "U3", NOON, T0).by == "U2"


def test_a_shared_card_is_never_seen_half_acknowledged(ports, monkeypatch):
    """The reply in its thread names those that are acknowledged when it is posted, and is never updated."""
    exchange, seen = ports.store.incidents.exchange, []

    def read_by_others(before, after):
        exchanged = exchange(before, after)
        with ThreadPoolExecutor() as others:
            seen.append(others.submit(states, ports).result())
        return exchanged

    before = states(ports)
    monkeypatch.setattr(ports.store.incidents, "exchange", read_by_others)
    assert isinstance(acknowledge(ports, [one.id for one in MANY], "U1", T0), Changed)
    assert seen == [before] * len(MANY)
    assert states(ports) == {"shop": "open"} | dict.fromkeys(("api", "web", "db"), "acknowledged")


def test_a_snooze_into_the_past_is_refused(ports):
    with pytest.raises(ValueError, match="2026"):
        snooze(ports, ["shop@1"], "U1", T0, T0)


def test_a_resolved_incident_is_over_and_any_other_unknown(ports):
    resolved = apply_check(SHOP, SYNCED, channel=SHOP.channel, rolling=False)
    ports.store.incidents.exchange(SHOP, resolved)
    assert isinstance(acknowledge(ports, ["shop@1"], "U1", T0), AllResolved)
    ports.store.cards.save("shop@1", Posted("C1", "1.2", "digest", T0))
    ports.store.settle(resolved)
    assert acknowledge(ports, ["shop@1"], "U1", T0) == AllResolved(())
    assert snooze(ports, ["forged"], "U1", NOON, T0) == UnknownSubject()


def test_a_suspected_incident_cannot_be_acknowledged(ports):
    ports.store.incidents.exchange(SHOP, replace(SHOP, state=IncidentState.SUSPECTED))
    assert acknowledge(ports, ["shop@1"], "U1", T0) == UnknownSubject()


def test_a_concurrent_check_is_not_lost(ports):
    seen = []

    def decide(incident):
        if not seen:  # a check is recorded meanwhile
            ports.store.incidents.exchange(incident, replace(incident, check_error="503"))
        seen.append(incident.check_error)
        return replace(incident, acknowledged_by="U1")

    incident, changed = change(ports.store, SHOP, decide)
    assert (seen, changed) == ([None, "503"], True)
    assert (incident.check_error, incident.acknowledged_by) == ("503", "U1")
    assert ports.store.incidents.open_for("shop") == incident


def test_an_incident_resolved_meanwhile_is_left_alone(ports):
    def decide(incident):
        ports.store.incidents.exchange(incident, apply_check(incident, SYNCED, channel=SHOP.channel, rolling=False))
        return replace(incident, acknowledged_by="U1")

    assert change(ports.store, SHOP, decide) == (SHOP, False)
    assert states(ports)["shop"] == "resolved"

"""However much an application differs, what is stored about it is bounded, and the worst of it is kept."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.drift import differences
from bot.core.drift.bounded import (
    MAX_OF_APPLICATION,
    MAX_VALUES,
    MAX_WORST,
    bounded_check,
    count,
    values_size,
)
from bot.core.drift.differences import merge_worst
from bot.core.drift.merge import object_key, with_objects
from bot.core.drift.model import Check, FieldDrift, ObjectDrift, Status
from bot.core.incidents import bounded as incident_bounds
from bot.core.incidents.bounded import bounded_incident
from bot.core.incidents.detection import apply_check
from bot.core.incidents.incident import MAX_EVENTS, IncidentEventType, IncidentState
from bot.core.objects.credentials import HIDDEN

AT = datetime(2026, 11, 22, tzinfo=UTC)
PRIVILEGED = ObjectDrift(
    "apps/v1",
    "Deployment",
    "shop",
    "web",
    "modified",
    (FieldDrift("added", "spec.template.spec.containers[name=web].securityContext.privileged", None, True),),
)


def config_map(count, *, name="settings", first=0):
    fields = (FieldDrift("changed", f"metadata.labels.k{index}", "1", "2") for index in range(first, first + count))
    return ObjectDrift("v1", "ConfigMap", "shop", name, "modified", tuple(fields))


def check(*drift):
    return Check("shop", "prod", "a" * 40, Status.OUT_OF_SYNC, None, 2, AT, drift)


def test_the_most_severe_differences_are_kept_and_the_others_counted():
    missing = ObjectDrift("v1", "Service", "shop", "web", "missing")
    bounded = bounded_check(check(config_map(MAX_OF_APPLICATION), missing, PRIVILEGED))
    assert bounded.drift == (config_map(MAX_OF_APPLICATION - 2), missing, PRIVILEGED)
    assert bounded.omitted == 2
    assert bounded_check(bounded) == bounded


@pytest.mark.parametrize("drift", [(config_map(MAX_OF_APPLICATION),), (), (PRIVILEGED,)])
def test_what_is_within_the_bounds_stays_as_it_is(drift):
    assert bounded_check(check(*drift)) == check(*drift)


def test_a_check_with_omitted_differences_is_not_in_sync_without_the_others():
    bounded = bounded_check(check(config_map(MAX_OF_APPLICATION + 1)))
    after = with_objects(bounded, {object_key(item) for item in bounded.drift}, (), AT)
    assert (after.status, after.drift) == (Status.OUT_OF_SYNC, ())


def test_values_that_are_too_large_together_are_hidden():
    large = FieldDrift("changed", "data.large", "x" * MAX_VALUES, "y")
    small = FieldDrift("added", "data.small", None, "z" * 100)
    bounded = bounded_check(check(ObjectDrift("v1", "ConfigMap", "shop", "a", "modified", (large, small))))
    shown = [(field.path, field.desired, field.live) for field in bounded.drift[0].fields]
    assert shown == [("data.large", HIDDEN, HIDDEN), ("data.small", None, "z" * 100)]


def test_values_that_are_as_large_as_allowed_are_kept():
    """Each counts as ten characters more."""
    drift = ObjectDrift(
        "v1", "ConfigMap", "shop", "a", "modified", (FieldDrift("changed", "data.a", "x" * (4_000_000 - 21), "y"),)
    )
    assert bounded_check(check(drift)) == check(drift)


def test_an_incident_that_keeps_changing_does_not_grow_without_end():
    worst = (PRIVILEGED,)
    for first in range(0, 2 * MAX_WORST, MAX_OF_APPLICATION):
        worst = merge_worst(worst, [config_map(MAX_OF_APPLICATION, first=first)])
    assert count(worst) == MAX_WORST
    assert worst[0] == PRIVILEGED


LARGE = "x" * 130_000
SIDECAR = FieldDrift(
    "added",
    "spec.template.spec.containers[name=sidecar]",
    None,
    {"args": [LARGE] * 10, "securityContext": {"privileged": True}},
)
LASTING = replace(PRIVILEGED, fields=(SIDECAR, FieldDrift("changed", "spec.replicas", 2, 0)))


def edited(number, *lasting):
    """A check after an edit that replaces every key of a ConfigMap: twenty small ones and eight large ones."""
    fields = [FieldDrift("added", f"data.k{number}-{index}", None, "x") for index in range(20)]
    fields += [FieldDrift("added", f"data.large{number}-{index}", None, LARGE) for index in range(8)]
    edit = ObjectDrift("v1", "ConfigMap", "shop", "settings", "modified", tuple(fields))
    return bounded_check(replace(check(*lasting, edit), at=AT + timedelta(seconds=5 * number)))


@pytest.mark.parametrize("error", [None, "503"], ids=["complete", "incomplete"])
@pytest.mark.parametrize("rolling", [False, True], ids=["settled", "rolling"])
def test_an_incident_stores_a_bounded_amount_however_often_an_object_is_edited(error, rolling, monkeypatch):
    """What lasts is reported once, also where its values are no longer stored, and what is held back is released."""
    for module in (incident_bounds, differences):
        monkeypatch.setattr(module, "MAX_WORST", 300)
    incident = apply_check(None, edited(0), channel="C1", rolling=False, required_looks=1)
    longest = timedelta(seconds=5 * 30)
    for number in range(1, 41):
        seen = replace(edited(number, LASTING), error=error)
        incident = apply_check(incident, seen, channel="C1", rolling=rolling, longest_hold=longest)
        incident = bounded_incident(incident)
        assert bounded_incident(incident) == incident
    reported = [item for event in incident.history for item in event.drift]
    assert (incident.state, sum(item.name == LASTING.name for item in reported)) == (IncidentState.OPEN, 1)
    stored = (*incident.drift, *incident.worst, *reported, *(item.drift for item in incident.held))
    assert (values_size(stored) <= MAX_VALUES, count(reported) <= 300 + MAX_EVENTS) == (True, True)
    assert len(incident.held) <= 300


def test_a_hidden_value_that_becomes_more_severe_is_reported_once():
    plain = replace(SIDECAR, live={"args": SIDECAR.live["args"]})
    settings = ObjectDrift(
        "v1", "ConfigMap", "shop", "settings", "modified", (FieldDrift("added", "data.a", None, LARGE * 12),)
    )
    incident, events = None, []
    for number, sidecar in enumerate((plain, plain, SIDECAR, SIDECAR, SIDECAR)):
        seen = bounded_check(check(replace(PRIVILEGED, fields=(sidecar,)), settings))
        seen = replace(seen, at=AT + timedelta(minutes=number))
        incident = bounded_incident(apply_check(incident, seen, channel="C1", rolling=False, required_looks=1))
        events.append([event.kind for event in incident.history])
        if sidecar is plain:
            incident = replace(incident, state=IncidentState.ACKNOWLEDGED)
    assert SIDECAR in incident.drift[0].fields
    assert SIDECAR not in incident.worst[0].fields
    assert incident.state is IncidentState.OPEN
    assert events == [[], [], *[[IncidentEventType.WORSENED]] * 3]

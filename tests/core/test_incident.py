"""An incident from detection to resolution."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.drift import Check, FieldDrift, ObjectDrift, Status
from bot.core.incident import IncidentState, advance

T0 = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
REPLICAS = ObjectDrift(
    "apps/v1", "Deployment", "shop", "web", "modified", (FieldDrift("changed", "spec.replicas", 2, 7, "kubectl", T0),)
)
IMAGE = ObjectDrift(
    "apps/v1", "Deployment", "shop", "api", "modified", (FieldDrift("changed", "spec.image", "a", "b"),)
)


def check(minutes, *drift, revision="a" * 40, status=None, error=None):
    status = status or (Status.OUT_OF_SYNC if drift else Status.SYNCED)
    return Check("shop", "prod", revision, status, error, 3, T0 + timedelta(minutes=minutes), drift)


def walk(*checks, rolling=False, looks=2):
    incident = None
    for each in checks:
        incident = advance(incident, each, channel="C1", rolling=rolling, looks=looks)
    return incident


def test_the_first_look_tells_nobody():
    assert walk(check(0, REPLICAS)).state is IncidentState.SUSPECTED


def test_the_second_look_at_the_same_revision_opens_since_the_first():
    incident = walk(check(0, REPLICAS), check(1, REPLICAS))
    assert incident.state is IncidentState.OPEN
    assert incident.since == T0


def test_a_difference_that_was_gone_at_the_second_look_is_forgotten():
    assert walk(check(0, REPLICAS), check(1)) is None


def test_another_difference_at_the_second_look_is_a_suspicion_of_its_own():
    incident = walk(check(0, REPLICAS), check(1, IMAGE))
    assert incident.state is IncidentState.SUSPECTED
    assert incident.since == T0 + timedelta(minutes=1)


def test_two_looks_at_two_revisions_are_not_two_looks():
    assert walk(check(0, REPLICAS), check(1, REPLICAS, revision="b" * 40)).state is IncidentState.SUSPECTED


@pytest.mark.parametrize("looks", [1, 2, 3, 5])
def test_so_many_looks_in_a_row_open_an_incident(looks):
    seen = [check(minute, REPLICAS) for minute in range(looks)]
    assert looks == 1 or walk(*seen[:-1], looks=looks).state is IncidentState.SUSPECTED
    incident = walk(*seen, looks=looks)
    assert incident.state is IncidentState.OPEN
    assert incident.since == T0


def test_a_blind_look_between_counts_for_nothing_and_another_revision_begins_anew():
    blind = check(2, status=Status.UNKNOWN, error="503")
    assert walk(check(0, REPLICAS), check(1, REPLICAS), blind, looks=3).state is IncidentState.SUSPECTED
    assert walk(check(0, REPLICAS), blind, check(3, REPLICAS), check(4, REPLICAS), looks=3).state is IncidentState.OPEN
    moved = [check(minute, REPLICAS, revision="b" * 40) for minute in (2, 3)]
    assert walk(check(0, REPLICAS), check(1, REPLICAS), *moved, looks=3).state is IncidentState.SUSPECTED


def test_nothing_opens_while_a_rollout_moves():
    assert walk(check(0, REPLICAS), check(1, REPLICAS), check(2, REPLICAS), rolling=True) is None


def test_an_open_incident_keeps_what_it_says_while_a_rollout_moves():
    incident = walk(check(0, REPLICAS), check(1, REPLICAS))
    assert advance(incident, check(2, REPLICAS, IMAGE), channel="C1", rolling=True) == incident


@pytest.mark.parametrize(("revision", "ended"), [("a" * 40, "cluster"), ("b" * 40, "git")])
def test_it_resolves_and_says_which_side_moved(revision, ended):
    incident = walk(check(0, REPLICAS), check(1, REPLICAS), check(9, revision=revision))
    assert (incident.state, incident.ended) == (IncidentState.RESOLVED, ended)
    assert incident.resolved_at == T0 + timedelta(minutes=9)
    assert incident.drift == (REPLICAS,)


def test_a_check_that_could_not_look_never_resolves():
    incident = walk(
        check(0, REPLICAS), check(1, REPLICAS), check(2, status=Status.UNKNOWN, error="the cluster does not answer")
    )
    assert incident.state is IncidentState.OPEN
    assert incident.blind == "the cluster does not answer"
    assert incident.drift == (REPLICAS,)


def test_a_check_that_could_not_look_opens_nothing():
    assert walk(check(0, status=Status.UNKNOWN, error="403")) is None


def test_what_a_partial_check_could_not_see_is_kept():
    incident = walk(check(0, REPLICAS, IMAGE), check(1, REPLICAS, IMAGE))
    incident = advance(
        incident, check(2, IMAGE, status=Status.UNKNOWN, error="403 on some"), channel="C1", rolling=False
    )
    assert set(incident.drift) == {REPLICAS, IMAGE}


def test_what_comes_while_it_is_open_is_told_once_and_kept():
    incident = walk(check(0, REPLICAS), check(1, REPLICAS), check(2, REPLICAS, IMAGE), check(3, REPLICAS, IMAGE))
    (growth,) = incident.grown
    assert (growth.at, growth.drift) == (T0 + timedelta(minutes=2), (IMAGE,))
    ended = walk(check(0, REPLICAS), check(1, REPLICAS), check(2, REPLICAS, IMAGE), check(3, IMAGE), check(4))
    assert set(ended.worst) == {REPLICAS, IMAGE}


def test_of_a_known_object_only_the_new_fields_are_growth():
    paused = replace(REPLICAS, fields=(*REPLICAS.fields, FieldDrift("added", "spec.paused", None, True)))
    (growth,) = walk(check(0, REPLICAS), check(1, REPLICAS), check(2, paused)).grown
    assert [field.path for found in growth.drift for field in found.fields] == ["spec.paused"]


def test_what_was_gone_and_came_back_is_no_growth():
    incident = walk(check(0, REPLICAS, IMAGE), check(1, REPLICAS, IMAGE), check(2, REPLICAS), check(3, REPLICAS, IMAGE))
    assert incident.grown == ()


def test_drift_after_a_resolution_is_a_new_incident():
    first = walk(check(0, REPLICAS), check(1, REPLICAS))
    again = walk(check(20, REPLICAS), check(21, REPLICAS))
    assert first.id != again.id

"""An incident from detection to resolution."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest

from bot.core.drift.bounded import bounded_check
from bot.core.drift.differences import MAX_REPORTS
from bot.core.drift.model import Check, FieldDrift, ObjectDrift, Status
from bot.core.incidents.detection import MAX_THREAD_UPDATES, apply_check, resolve_unwatched
from bot.core.incidents.incident import (
    MAX_EVENTS,
    UNKNOWN_RESOLUTION,
    IncidentEventType,
    IncidentState,
    Resolution,
    acknowledge,
    escalate,
    expire_snooze,
    mark_announced,
    release,
    remind,
    snooze,
    without_future,
)
from bot.core.incidents.selection import active_incidents, incidents_on_card
from bot.core.objects.credentials import HIDDEN
from bot.i18n.catalogue import reason as reasons
from bot.i18n.language import LocalizedText

T0 = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
REPLICAS = ObjectDrift(
    "apps/v1", "Deployment", "shop", "web", "modified", (FieldDrift("changed", "spec.replicas", 2, 7, "kubectl", T0),)
)
IMAGE = ObjectDrift(
    "apps/v1", "Deployment", "shop", "api", "modified", (FieldDrift("changed", "spec.image", "a", "b"),)
)


def check(minutes, *drift, revision="a" * 40, status=None, error=None, unchecked=None):
    status = status or (Status.UNKNOWN if error else Status.OUT_OF_SYNC if drift else Status.SYNCED)
    at = T0 + timedelta(minutes=minutes)
    return Check("shop", "prod", revision, status, error, 3, at, drift, unchecked=unchecked)


def after_checks(*checks, rolling=False, looks=2, **options):
    incident = None
    for check in checks:
        incident = apply_check(incident, check, channel="C1", rolling=rolling, required_looks=looks, **options)
    return incident


def worsenings(incident):
    return [event for event in incident.history if event.kind is IncidentEventType.WORSENED]


def test_the_first_check_only_suspects():
    assert after_checks(check(0, REPLICAS)).state is IncidentState.SUSPECTED


def test_the_second_check_at_the_same_revision_opens_it_since_the_first():
    incident = after_checks(check(0, REPLICAS), check(1, REPLICAS))
    assert incident.state is IncidentState.OPEN
    assert incident.since == T0


def test_a_difference_that_is_gone_at_the_second_check_is_dropped():
    assert after_checks(check(0, REPLICAS), check(1)) is None


def test_a_different_difference_at_the_second_check_starts_over():
    incident = after_checks(check(0, REPLICAS), check(1, IMAGE))
    assert incident.state is IncidentState.SUSPECTED
    assert incident.since == T0 + timedelta(minutes=1)


def test_checks_at_different_revisions_add_up_if_the_values_are_the_same():
    """A commit elsewhere in the repository changes nothing."""
    other = replace(REPLICAS, fields=(replace(REPLICAS.fields[0], desired=3),))
    assert after_checks(check(0, REPLICAS), check(1, other, revision="b" * 40)).state is IncidentState.SUSPECTED
    assert after_checks(check(0, REPLICAS), check(1, REPLICAS, IMAGE, revision="b" * 40)).state is IncidentState.OPEN


@pytest.mark.parametrize("looks", [1, 2, 3, 5])
def test_the_required_number_of_checks_opens_an_incident(looks):
    seen = [check(minute, REPLICAS) for minute in range(looks)]
    assert looks == 1 or after_checks(*seen[:-1], looks=looks).state is IncidentState.SUSPECTED
    incident = after_checks(*seen, looks=looks)
    assert incident.state is IncidentState.OPEN
    assert incident.since == T0


def test_a_failed_check_does_not_count():
    blind = check(2, status=Status.UNKNOWN, error="503")
    assert after_checks(check(0, REPLICAS), check(1, REPLICAS), blind, looks=3).state is IncidentState.SUSPECTED
    assert (
        after_checks(check(0, REPLICAS), blind, check(3, REPLICAS), check(4, REPLICAS), looks=3).state
        is IncidentState.OPEN
    )


def test_rollouts_hold_a_difference_back_only_until_it_has_lasted_for_too_long():
    """Of other differences, such as those of a newer merge, none is reported. Each has its own time."""
    newer = [replace(IMAGE, fields=(replace(IMAGE.fields[0], desired=f"v{minute // 8}"),)) for minute in range(15)]
    checks = [check(minute, REPLICAS, newer[minute], revision=f"{minute:040}") for minute in range(15)]
    hold = {"rolling": True, "longest_hold": timedelta(minutes=9)}
    assert {after_checks(*checks[:number], **hold).state for number in range(1, 11)} == {IncidentState.SUSPECTED}
    opened = after_checks(*checks, **hold)
    assert (opened.state, opened.since, opened.drift) == (IncidentState.OPEN, T0, (REPLICAS,))
    only_newer = after_checks(*(check(minute, newer[minute]) for minute in range(15)), **hold)
    assert only_newer.state is IncidentState.SUSPECTED
    late = after_checks(
        *(check(minute, newer[minute], *([REPLICAS] if minute else [])) for minute in range(12)), **hold
    )
    assert (late.state, late.since, late.drift) == (IncidentState.OPEN, T0 + timedelta(minutes=1), (REPLICAS,))


def test_a_clock_that_was_ahead_does_not_lengthen_a_hold():
    hold = {"rolling": True, "longest_hold": timedelta(minutes=9)}
    minutes = [5000, 1, 5, 11]
    assert after_checks(*(check(minute, REPLICAS) for minute in minutes[:3]), **hold).state is IncidentState.SUSPECTED
    assert after_checks(*(check(minute, REPLICAS) for minute in minutes), **hold).state is IncidentState.OPEN


def test_a_check_between_two_rollouts_does_not_restart_a_hold():
    hold = {"channel": "C1", "longest_hold": timedelta(minutes=9)}
    incident = None
    for minute in range(11):
        assert incident is None or incident.state is IncidentState.SUSPECTED
        seen = check(minute, REPLICAS, revision="ab"[minute > 5] * 40)
        incident = apply_check(incident, seen, rolling=minute != 5, **hold)
    assert (incident.state, incident.since, incident.held) == (IncidentState.OPEN, T0, ())


def test_an_incomplete_check_neither_restarts_a_hold_nor_makes_a_difference_return():
    partial = check(5, IMAGE, revision="b" * 40, status=Status.UNKNOWN, error="503")
    hold = {"rolling": True, "longest_hold": timedelta(minutes=9)}
    assert after_checks(check(0, REPLICAS), partial, check(10, REPLICAS), check(11, REPLICAS), **hold).since == T0
    opened = after_checks(check(0, REPLICAS, HOST), check(1, REPLICAS, HOST))
    silenced = acknowledge(opened, by="U1", at=T0 + timedelta(minutes=1))
    less = replace(HOST, fields=(FieldDrift("changed", "spec.paused", False, True),))
    for seen in (check(2, REPLICAS, less, status=Status.UNKNOWN, error="503"), check(3, REPLICAS, less, HOST)):
        silenced = apply_check(silenced, seen, channel="C1", rolling=False)
    assert "hostNetwork" not in str([event.drift for event in silenced.history])


def test_what_a_rollout_held_back_opens_only_after_enough_checks_without_it():
    held = after_checks(check(0, REPLICAS), check(1, REPLICAS), rolling=True)
    first = apply_check(held, check(2, REPLICAS), channel="C1", rolling=False)
    assert first.state is IncidentState.SUSPECTED
    assert apply_check(first, check(3, REPLICAS), channel="C1", rolling=False).state is IncidentState.OPEN


@pytest.mark.parametrize("resolution", [Resolution("cluster"), Resolution("set_aside", "a rule"), UNKNOWN_RESOLUTION])
def test_it_resolves_with_its_cause(resolution):
    incident = after_checks(check(0, REPLICAS), check(1, REPLICAS), check(9), resolution=resolution)
    assert (incident.state, Resolution(incident.ended, incident.ended_reason)) == (IncidentState.RESOLVED, resolution)
    assert incident.resolved_at == T0 + timedelta(minutes=9)
    assert incident.drift == (REPLICAS,)


def test_a_failed_check_never_resolves():
    incident = after_checks(
        check(0, REPLICAS), check(1, REPLICAS), check(2, status=Status.UNKNOWN, error="the cluster does not answer")
    )
    assert incident.state is IncidentState.OPEN
    assert incident.check_error == "the cluster does not answer"
    assert incident.drift == (REPLICAS,)


def test_a_failed_check_opens_nothing():
    assert after_checks(check(0, status=Status.UNKNOWN, error="403")) is None


def test_drift_that_a_partial_check_could_not_see_is_kept():
    incident = after_checks(check(0, REPLICAS, IMAGE), check(1, REPLICAS, IMAGE))
    incident = apply_check(
        incident, check(2, IMAGE, status=Status.UNKNOWN, error="403 on some"), channel="C1", rolling=False
    )
    assert set(incident.drift) == {REPLICAS, IMAGE}


def test_new_drift_while_it_is_open_is_recorded_once():
    incident = after_checks(
        check(0, REPLICAS), check(1, REPLICAS), check(2, REPLICAS, IMAGE), check(3, REPLICAS, IMAGE)
    )
    (worsening,) = worsenings(incident)
    assert (worsening.at, worsening.drift) == (T0 + timedelta(minutes=2), (IMAGE,))
    ended = after_checks(check(0, REPLICAS), check(1, REPLICAS), check(2, REPLICAS, IMAGE), check(3, IMAGE), check(4))
    assert set(ended.worst) == {REPLICAS, IMAGE}


def test_only_the_new_fields_of_a_drifting_object_are_recorded():
    paused = replace(REPLICAS, fields=(*REPLICAS.fields, FieldDrift("added", "spec.paused", None, True)))
    (worsening,) = after_checks(check(0, REPLICAS), check(1, REPLICAS), check(2, paused)).history
    assert [field.path for drift in worsening.drift for field in drift.fields] == ["spec.paused"]


def test_drift_that_comes_back_is_not_recorded_again():
    incident = after_checks(
        check(0, REPLICAS, IMAGE), check(1, REPLICAS, IMAGE), check(2, REPLICAS), check(3, REPLICAS, IMAGE)
    )
    assert worsenings(incident) == []


def test_drift_after_a_resolution_is_a_new_incident():
    first = after_checks(check(0, REPLICAS), check(1, REPLICAS))
    again = after_checks(check(20, REPLICAS), check(21, REPLICAS))
    assert first.id != again.id


# ---------------------------------------------------------------- people and time

LABEL = ObjectDrift("v1", "Service", "shop", "web", "modified", (FieldDrift("added", "metadata.labels.x", None, "y"),))
CONFIG = ObjectDrift("v1", "ConfigMap", "shop", "web", "modified")
HOST = replace(REPLICAS, fields=(FieldDrift("added", "spec.template.spec.hostNetwork", None, True),))


def at(minutes):
    return T0 + timedelta(minutes=minutes)


def opened(*drift):
    return mark_announced(after_checks(check(0, *drift or (REPLICAS,)), looks=1), at(0))


def acknowledged_incident(incident=None, minute=1):
    return acknowledge(incident or opened(), by="U1", at=at(minute))


def snoozed_incident(incident=None, minute=1, until=60):
    return snooze(incident or opened(), by="U2", until=at(until), at=at(minute))


def after(incident, minute, *drift, **more):
    return apply_check(incident, check(minute, *drift, **more), channel="C1", rolling=False)


def posted_events(incident):
    return [event.kind.value for event in incident.history if event.in_thread]


SUSPECTED = after_checks(check(0, REPLICAS))
RESOLVED = after_checks(check(0, REPLICAS), check(1, REPLICAS), check(9))
BY_STATE = {
    "suspected": SUSPECTED,
    "open": opened(),
    "acknowledged": acknowledged_incident(),
    "snoozed": snoozed_incident(),
    "resolved": RESOLVED,
}


@pytest.mark.parametrize(
    ("before", "acknowledged", "snoozed", "expired"),
    [
        ("suspected", "suspected", "suspected", "suspected"),
        ("open", "acknowledged", "snoozed", "open"),
        ("acknowledged", "acknowledged", "snoozed", "acknowledged"),
        ("snoozed", "acknowledged", "snoozed", "open"),
        ("resolved", "resolved", "resolved", "resolved"),
    ],
)
def test_every_state_under_every_transition(before, acknowledged, snoozed, expired):
    incident = BY_STATE[before]
    results = [
        acknowledge(incident, by="U3", at=at(30)),
        snooze(incident, by="U3", until=at(90), at=at(30)),
        expire_snooze(incident, at(60)),
    ]
    assert [result.state.value for result in results] == [acknowledged, snoozed, expired]
    for result in results:
        # A transition without effect leaves no trace.
        assert result.state is not incident.state or result == incident or before == "snoozed"
        assert len(result.history) - len(incident.history) == (result != incident)
    assert acknowledge(results[0], by="U4", at=at(31)) == results[0]
    assert snooze(results[1], by="U4", until=at(90), at=at(31)) == results[1]
    assert expire_snooze(results[2], at(61)) == results[2]


@pytest.mark.parametrize("is_snoozed", [False, True])
def test_nobody_takes_over_silently(is_snoozed):
    """U1 has it; U3 presses Acknowledge, then takes it over, then gives it back."""
    before = snoozed_incident(acknowledged_incident()) if is_snoozed else acknowledged_incident()
    assert acknowledge(before, by="U3", at=at(30)) == before
    taken = acknowledge(before, by="U3", at=at(30), name="uma", take_over=True)
    event = taken.history[-1]
    assert (taken.state, taken.acknowledged_by, taken.snoozed_by) == (IncidentState.ACKNOWLEDGED, "U3", None)
    assert (event.by, event.name, event.previous) == ("U3", "uma", "U1")
    assert release(taken, by="U1", at=at(31)) == taken
    released = release(taken, by="U3", at=at(31))
    assert (released.state, released.acknowledged_by, released.opened_at) == (IncidentState.OPEN, None, at(31))


def test_releasing_a_snoozed_incident_leaves_it_snoozed():
    released = release(snoozed_incident(acknowledged_incident()), by="U1", at=at(30))
    assert (released.state, released.acknowledged_by, released.snoozed_by) == (IncidentState.SNOOZED, None, "U2")
    assert expire_snooze(released, at(60)).state is IncidentState.OPEN


def test_an_acknowledgement_outlasts_a_snooze():
    incident = snoozed_incident(acknowledged_incident())
    assert (incident.state, incident.acknowledged_by) == (IncidentState.SNOOZED, "U1")
    expired = expire_snooze(incident, at(60))
    assert (expired.state, expired.acknowledged_by, expired.snoozed_by) == (IncidentState.ACKNOWLEDGED, "U1", None)


@pytest.mark.parametrize(("minute", "state"), [(59.99, IncidentState.SNOOZED), (60, IncidentState.OPEN)])
def test_a_snooze_ends_on_time(minute, state):
    assert expire_snooze(snoozed_incident(), at(minute)).state is state


@pytest.mark.parametrize("until", [0, 1])
def test_a_snooze_into_the_past_does_nothing(until):
    assert snoozed_incident(until=until) == opened()


def test_a_snooze_can_be_made_longer_or_shorter():
    incident = snoozed_incident(snoozed_incident(), minute=2, until=30)
    assert (incident.snoozed_until, posted_events(incident)) == (at(30), ["snoozed", "snoozed"])


def test_an_active_incident_reports_only_what_outlasts_rollouts():
    """An acknowledged label stays on the card, HOST is set by hand, and each merge changes IMAGE."""
    incident = silenced = acknowledged_incident(opened(LABEL))
    for minute in range(2, 13):
        assert (incident.drift, incident.history) == (silenced.drift, silenced.history)
        image = replace(IMAGE, fields=(replace(IMAGE.fields[0], desired=f"v{minute}"),))
        hold = {"rolling": True, "longest_hold": timedelta(minutes=9)}
        incident = apply_check(incident, check(minute, HOST, image, revision=f"{minute:040}"), channel="C1", **hold)
        partial = check(minute, REPLICAS, status=Status.UNKNOWN, error="503")  # neither adds to the hold nor ends it
        incident = apply_check(incident, partial, channel="C1", **hold) if incident.held else incident
    assert (incident.state, incident.drift, incident.worst) == (IncidentState.OPEN, (LABEL, HOST), (LABEL, HOST))
    assert [event.drift for event in worsenings(incident)] == [(HOST,)]
    assert after(incident, 14, LABEL, HOST).history == incident.history


@pytest.mark.parametrize(
    ("drift", "added"),
    [
        (LABEL, (replace(LABEL, fields=(*LABEL.fields, FieldDrift("changed", "spec.type", "ClusterIP", "NodePort"))),)),
        (LABEL, (ObjectDrift("v1", "Service", "shop", "web", "missing"),)),
        (ObjectDrift("v1", "Service", "shop", "web", "missing"), (LABEL,)),
    ],
    ids=["another-field", "missing", "back"],
)
def test_what_outlasts_rollouts_replaces_the_same_difference(drift, added):
    incident = opened(drift)
    for minute in (2, 5, 12):
        incident = apply_check(
            incident, check(minute, *added), channel="C1", rolling=True, longest_hold=timedelta(minutes=9)
        )
    assert incident.drift == added


def test_a_hold_ends_with_the_rollouts_or_after_a_while():
    """Differences that no longer exist, or that an incomplete check can't see, don't hold back newer ones."""
    hold = {"channel": "C1", "rolling": True, "longest_hold": timedelta(minutes=9)}
    held = apply_check(opened(LABEL), check(2, LABEL, IMAGE), **hold)
    reported = after(held, 3, LABEL, IMAGE)
    assert reported.held == ()
    partial = [check(minute, LABEL, HOST, revision="b" * 40, error="403") for minute in range(3, 33)]
    for before in (held, after_checks(check(2, IMAGE), rolling=True)):
        after_partial = reduce(lambda incident, seen: apply_check(incident, seen, **hold), partial, before)
        assert (after_partial.state, "hostNetwork" in str(after_partial.drift)) == (IncidentState.OPEN, True)


SECRETS = {"error": "403", "unchecked": frozenset({("", "Secret", "shop", "token", "")})}


@pytest.mark.parametrize("rolling", [False, True])
@pytest.mark.parametrize("looks", [1, 2])
def test_objects_that_can_never_be_checked_hold_back_no_others(looks, rolling):
    """The suspicion of the first checks is gone, and other commits follow."""
    unfounded = after_checks(check(0, IMAGE, **SECRETS), check(1, **SECRETS), looks=2)
    assert unfounded is None
    suspected = after_checks(check(0, IMAGE, **SECRETS), rolling=rolling)
    edited = [check(minute, HOST, revision="b" * 40, **SECRETS) for minute in range(1, 1 + looks)]
    incident = reduce(
        lambda incident, seen: apply_check(incident, seen, channel="C1", rolling=False, required_looks=looks),
        edited,
        suspected,
    )
    assert (incident.state, incident.drift) == (IncidentState.OPEN, (HOST,))


@pytest.mark.parametrize("silence", [acknowledged_incident, snoozed_incident], ids=["acknowledged", "snoozed"])
def test_the_only_difference_returns_after_an_incomplete_check_that_sees_none(silence):
    """The card still shows it meanwhile, since only a complete check resolves an incident."""
    incident = silence(opened(HOST))
    for seen in (check(2, **SECRETS), check(3, error="503"), check(4, **SECRETS)):
        incident = apply_check(incident, seen, channel="C1", rolling=False)
        assert (incident.state, incident.drift) == (silence(opened(HOST)).state, (HOST,))
    incident = apply_check(incident, check(5, HOST, **SECRETS), channel="C1", rolling=False)
    assert (incident.state, worsenings(incident)[-1].drift) == (IncidentState.OPEN, (HOST,))
    assert apply_check(incident, check(6, HOST, **SECRETS), channel="C1", rolling=False).history == incident.history


def test_what_outlasts_rollouts_does_not_bring_back_what_is_gone():
    incident = apply_check(acknowledged_incident(opened(HOST)), check(2, **SECRETS), channel="C1", rolling=False)
    hold = {"channel": "C1", "rolling": True, "longest_hold": timedelta(minutes=9)}
    for minute in (3, 13):
        incident = apply_check(incident, check(minute, IMAGE, **SECRETS), **hold)
    assert incident.drift == (IMAGE,)


@pytest.mark.parametrize("between", [check(3, REPLICAS, error="503"), check(3, error="503")], ids=["partial", "failed"])
@pytest.mark.parametrize("options", [{}, SECRETS], ids=["complete", "incomplete"])
def test_a_difference_that_was_fixed_returns_after_incomplete_checks(between, options):
    silenced = acknowledge(opened(REPLICAS, HOST), by="U1", at=T0)
    for seen in (check(2, REPLICAS, **options), between, check(4, REPLICAS, HOST, **options)):
        silenced = apply_check(silenced, seen, channel="C1", rolling=False)
    assert (silenced.state, worsenings(silenced)[-1].drift) == (IncidentState.OPEN, (HOST,))


@pytest.mark.parametrize("silence", [acknowledged_incident, snoozed_incident], ids=["acknowledged", "snoozed"])
@pytest.mark.parametrize(
    ("drift", "new", "reopens"),
    [
        (REPLICAS, LABEL, False),
        (REPLICAS, IMAGE, False),
        (REPLICAS, HOST, True),
        (IMAGE, ObjectDrift("v1", "Service", "shop", "web", "missing"), True),
        (REPLICAS, replace(REPLICAS, fields=(FieldDrift("changed", "spec.replicas", 2, 0),)), True),
        (HOST, LABEL, False),
    ],
    ids=["label", "unknown-field", "critical", "as-serious", "the-same-field-worse", "less"],
)
def test_worse_drift_reopens_a_silenced_incident(silence, drift, new, reopens):
    incident = after(silence(opened(drift)), 5, drift, new) if new.fields[:1] != drift.fields[:1] else None
    incident = incident or after(silence(opened(drift)), 5, new)
    assert (incident.state is IncidentState.OPEN) == reopens
    assert posted_events(incident)[1:] == (["grew"] if reopens else [])
    if reopens:
        assert (incident.acknowledged_by, incident.snoozed_by, incident.opened_at) == (None, None, at(5))
        assert incident.history[-1].by in {"U1", "U2"}
    assert after(incident, 6, *incident.drift).history == incident.history


MANY = replace(CONFIG, fields=tuple(FieldDrift("changed", f"data.k{index:04}", "a", "b") for index in range(1_100)))


@pytest.mark.parametrize(
    ("drift", "reopens"),
    [
        ((replace(MANY, fields=MANY.fields[1:]),), False),
        ((replace(MANY, fields=MANY.fields[150:]),), False),
        ((MANY, HOST), True),
        ((replace(MANY, fields=(replace(MANY.fields[0], live="c"), *MANY.fields[1:])),), True),
    ],
    ids=["one-repaired", "many-repaired", "critical", "another-value"],
)
def test_a_difference_that_was_omitted_before_does_not_reopen_an_incident(drift, reopens):
    first, later = (bounded_check(check(minute, *some)) for minute, some in ((0, (MANY,)), (5, drift)))
    incident = acknowledge(after_checks(first, looks=1), by="U1", at=at(1))
    assert incident.omitted == 100
    incident = apply_check(incident, later, channel="C1", rolling=False)
    assert (incident.state is IncidentState.OPEN) == reopens


def test_a_difference_that_is_worse_than_what_was_omitted_reopens_an_incident():
    """The incident had one that is even worse."""
    path = "spec.template.spec.containers[name=api].image"
    image = replace(IMAGE, fields=(FieldDrift("changed", path, "api:1", "api:2", "kubectl-edit"),))
    labels = tuple(FieldDrift("added", f"metadata.labels.k{index:04}", None, "x") for index in range(1_100))
    before = HOST, replace(LABEL, fields=labels)
    first, later = (bounded_check(check(*seen)) for seen in ((0, *before), (5, *before, image)))
    incident = acknowledge(after_checks(first, looks=1), by="U1", at=at(1))
    incident = apply_check(incident, later, channel="C1", rolling=False)
    assert (incident.state, worsenings(incident)[-1].drift) == (IncidentState.OPEN, (image,))


@pytest.mark.parametrize("error", [None, "the cluster does not answer"])
def test_an_incident_shows_the_latest_check_also_during_a_rollout(error):
    incident = replace(after_checks(check(0, HOST), looks=1), check_error="an earlier error", is_gone=True)
    later = apply_check(incident, check(5, HOST, error=error), channel="C1", rolling=True)
    assert (later.check_error, later.checked_at) == (error, at(5))


def test_differences_omitted_during_a_rollout_hide_no_later_one():
    """A difference that outlasts the rollout's hold is reported, while 1,100 less severe ones are held back."""
    path = "spec.template.spec.containers[name=api].image"
    first, second = (
        replace(IMAGE, name=name, fields=(FieldDrift("changed", path, "api:1", "api:2", "kubectl-edit"),))
        for name in ("first", "second")
    )
    labels = tuple(FieldDrift("added", f"metadata.labels.k{index:04}", None, "x") for index in range(1_100))
    many, hold = replace(LABEL, fields=labels), {"channel": "C1", "longest_hold": timedelta(minutes=10)}
    incident = acknowledge(after_checks(check(0, HOST), looks=1), by="U1", at=at(1))
    for minute, drift in ((5, (HOST, first)), (10, (HOST, first, many)), (16, (HOST, first, many))):
        incident = apply_check(incident, bounded_check(check(minute, *drift)), rolling=True, **hold)
    incident = acknowledge(incident, by="U1", at=at(17))
    incident = apply_check(incident, bounded_check(check(20, HOST, first, second, many)), rolling=False, **hold)
    assert (incident.state, worsenings(incident)[-1].drift[:1]) == (IncidentState.OPEN, (second,))


GATEWAY = ObjectDrift("networking.istio.io/v1", "Gateway", "shop", "main", "missing")


@pytest.mark.parametrize(
    ("api_version", "reopens"), [("gateway.networking.k8s.io/v1", True), ("networking.istio.io/v1beta1", False)]
)
def test_kinds_of_one_name_in_different_groups_are_different_objects(api_version, reopens):
    incident = after(acknowledged_incident(opened(GATEWAY)), 5, GATEWAY, replace(GATEWAY, api_version=api_version))
    assert (incident.state is IncidentState.OPEN) == reopens


EDITED = FieldDrift("changed", "data.level", "info", "debug", "kubectl-edit", T0)
EDITED_AGAIN = replace(EDITED, live="trace")
WRITTEN = LocalizedText(reasons.WRITTEN, manager="operator")
EDITS = {
    "another value": ([EDITED, EDITED_AGAIN, replace(EDITED_AGAIN, time=at(2))], 1),
    "removed": ([EDITED, replace(EDITED, change="removed", live=None, manager=None)], 1),
    "kubectl apply": ([EDITED, replace(EDITED_AGAIN, manager="kubectl-client-side-apply")], 1),
    "no field manager": ([EDITED, replace(EDITED_AGAIN, manager=None)], 1),
    "a controller": ([EDITED, replace(EDITED_AGAIN, manager="operator", reason=WRITTEN)], 0),
    "a deployer": ([EDITED, replace(EDITED_AGAIN, manager="argocd-controller")], 0),
    "another value in git": ([EDITED, replace(EDITED, desired="warn")], 0),
    "hidden": ([replace(EDITED, live=HIDDEN), replace(EDITED, live=HIDDEN, time=at(2))], 0),
    "no longer hidden": ([replace(EDITED, live=HIDDEN), EDITED, replace(EDITED, live=HIDDEN)], 2),
    "hidden since an upgrade": ([replace(EDITED, live="token sesame-1"), replace(EDITED, live="token (hidden)")], 0),
    "an item hidden since an upgrade": (
        [replace(EDITED, live=["--password", "sesame"]), replace(EDITED, live=["--password", HIDDEN])],
        0,
    ),
    "another item hidden": ([replace(EDITED, live=["a", "b"]), replace(EDITED, live=["a", HIDDEN])], 1),
    "minor": ([replace(edit, path="metadata.labels.x") for edit in (EDITED, EDITED_AGAIN)], 0),
    "back and forth": ([EDITED, EDITED_AGAIN] * 5, 2),
    "always another value": ([replace(EDITED, live=str(number)) for number in range(9)], MAX_REPORTS),
}


@pytest.mark.parametrize("silence", [acknowledged_incident, snoozed_incident], ids=["acknowledged", "snoozed"])
@pytest.mark.parametrize(("edits", "reopened"), EDITS.values(), ids=EDITS)
def test_another_value_that_someone_sets_reopens_a_silenced_incident(silence, edits, reopened):
    times = 0
    first, *later = (replace(CONFIG, fields=(edit,)) for edit in edits)
    incident = opened(first)
    for minute, drift in enumerate(later, start=2):
        incident = after(silence(incident, minute - 1), minute, drift)
        times += incident.state is IncidentState.OPEN
    assert times == reopened


@pytest.mark.parametrize("silence", [acknowledged_incident, snoozed_incident], ids=["acknowledged", "snoozed"])
@pytest.mark.parametrize(
    ("drift", "reopens"),
    [(HOST, True), (LABEL, False), (ObjectDrift("v1", "ConfigMap", "shop", "web", "missing"), True)],
)
def test_a_serious_difference_that_returns_reopens_a_silenced_incident(silence, drift, reopens):
    incident = after(silence(opened(REPLICAS, drift)), 5, REPLICAS)
    states = []
    for minute in range(6, 6 + 2 * MAX_REPORTS + 2, 2):
        incident = after(incident, minute, REPLICAS, drift)
        states.append(incident.state)
        incident = silence(after(incident, minute + 1, REPLICAS), minute + 1)
    assert [state is IncidentState.OPEN for state in states] == [reopens] * MAX_REPORTS + [False]


def test_an_object_deleted_while_it_drifts_is_recorded_once():
    gone = ObjectDrift("apps/v1", "Deployment", "shop", "web", "missing")
    incident = after(after(opened(), 1, gone), 2, gone)
    assert posted_events(incident) == ["grew"]
    assert set(incident.worst) == {REPLICAS, gone}


def test_thread_updates_are_limited_unless_serious():
    incident = opened(IMAGE)
    for number in range(MAX_THREAD_UPDATES + 3):
        label = replace(LABEL, fields=(FieldDrift("added", f"metadata.labels.l{number}", None, "y"),))
        incident = after(incident, number, IMAGE, label)
    assert posted_events(incident) == ["grew"] * MAX_THREAD_UPDATES
    assert posted_events(after(incident, 60, IMAGE, HOST))[-1] == "grew"
    assert len(posted_events(after(incident, 60, IMAGE, HOST))) == MAX_THREAD_UPDATES + 1


def test_many_differences_escalate_once_and_are_posted_as_often_as_a_few():
    incident = escalate(opened(IMAGE), at(5), timedelta(minutes=5))
    for number in range(2 * MAX_EVENTS):
        label = replace(LABEL, fields=(FieldDrift("added", f"metadata.labels.l{number}", None, "y"),))
        incident = after(incident, 6 + number, IMAGE, label)
        assert escalate(incident, at(6 + number), timedelta(minutes=5)) == incident
    assert posted_events(incident) == ["escalated", *["grew"] * MAX_THREAD_UPDATES]
    assert len(incident.history) == MAX_EVENTS


@pytest.mark.parametrize("silence", [opened, acknowledged_incident, snoozed_incident])
def test_a_resolution_is_posted_once_from_any_state(silence):
    ended = after(silence(), 5)
    assert (ended.state, posted_events(ended).count("resolved")) == (IncidentState.RESOLVED, 1)
    assert ended.history[-1].at == ended.resolved_at == at(5)


@pytest.mark.parametrize(
    ("incident", "minute", "count"),
    [
        (opened(), 239.9, 0),
        (opened(), 240, 1),
        (opened(), 1000, 1),
        (acknowledged_incident(), 1000, 0),
        (snoozed_incident(until=2000), 1000, 0),
        (RESOLVED, 1000, 0),
        (SUSPECTED, 1000, 0),
        (replace(opened(), announced_at=None), 1000, 0),
        (expire_snooze(snoozed_incident(until=60), at(60)), 299.9, 0),
        (expire_snooze(snoozed_incident(until=60), at(60)), 300, 1),
    ],
)
def test_a_reminder_comes_once_per_interval_while_it_is_open(incident, minute, count):
    every = timedelta(hours=4)
    reminded = remind(incident, at(minute), every)
    assert len(reminded.history) - len(incident.history) == count
    assert remind(reminded, at(minute + 239.9), every) == reminded or not count
    assert posted_events(remind(reminded, at(minute + 240), every)).count("reminded") == 2 * count or not count


@pytest.mark.parametrize(
    ("incident", "minute", "count"),
    [
        (opened(), 29.9, 0),
        (opened(), 30, 1),
        (acknowledged_incident(), 30, 0),
        (snoozed_incident(), 30, 0),
        (RESOLVED, 60, 0),
    ],
)
def test_an_escalation_comes_once(incident, minute, count):
    limit = timedelta(minutes=30)
    escalated = escalate(incident, at(minute), limit)
    assert posted_events(escalated).count("escalated") == count
    assert escalate(escalated, at(5000), limit) == escalated or not count


def test_a_reopened_incident_escalates_again():
    incident = escalate(opened(), at(30), timedelta(minutes=30))
    incident = expire_snooze(snoozed_incident(incident, minute=31, until=60), at(60))
    assert escalate(incident, at(89.9), timedelta(minutes=30)) == incident
    assert posted_events(escalate(incident, at(90), timedelta(minutes=30))).count("escalated") == 2


def test_a_clock_that_was_ahead_changes_neither_the_history_nor_how_often_it_escalates():
    after_30 = timedelta(minutes=30)
    ahead = escalate(opened(), at(90), after_30)
    incident = without_future(replace(ahead, opened_at=at(60), announced_at=at(60)), at(1))
    assert (incident.history, incident.opened_at) == (ahead.history, at(1))
    assert without_future(incident, at(2)) is incident
    assert escalate(incident, at(40), after_30) == incident
    incident = release(acknowledge(incident, by="U1", at=at(41)), by="U1", at=at(42))
    assert posted_events(escalate(incident, at(72), after_30)).count("escalated") == 2


def test_a_reminder_from_a_clock_that_was_ahead_delays_no_other():
    ahead = remind(opened(), at(5000), timedelta(hours=4))
    assert posted_events(remind(ahead, at(240), timedelta(hours=4))).count("reminded") == 2


def test_the_history_keeps_the_newest_events_and_numbers_all():
    incident = opened()
    for hour in range(1, MAX_EVENTS + 6):
        incident = remind(incident, at(60 * hour), timedelta(hours=1))
    assert len(incident.history) == MAX_EVENTS
    assert [event.id for event in incident.history] == [str(number) for number in range(5, MAX_EVENTS + 5)]


def test_active_incidents_by_application_and_by_card():
    other = replace(acknowledged_incident(), application="api", id="api@1", group="many")
    incidents = [SUSPECTED, opened(), other, RESOLVED]
    assert active_incidents(incidents) == [opened(), other]
    assert active_incidents(incidents, ["api"]) == [other]
    assert incidents_on_card(incidents, "many") == incidents_on_card(incidents, "api@1") == [other]
    assert (opened().card_id, other.card_id) == (opened().id, "many")


OPENED = after_checks(check(0, REPLICAS), check(1, REPLICAS))


@pytest.mark.parametrize(
    "incident",
    [
        OPENED,
        acknowledge(OPENED, by="U1", at=T0),
        snooze(OPENED, by="U1", until=T0 + timedelta(hours=1), at=T0),
        replace(OPENED, check_error="the cluster is silent"),
    ],
    ids=["open", "acknowledged", "snoozed", "blind"],
)
def test_an_unwatched_incident_is_resolved(incident):
    at = T0 + timedelta(hours=2)
    resolved = resolve_unwatched(incident, at)
    assert (resolved.state, resolved.ended, resolved.resolved_at) == (IncidentState.RESOLVED, "unwatched", at)
    assert resolved.check_error is None
    assert resolved.checked_at == incident.checked_at  # it was not checked again
    assert [event.kind for event in resolved.history[len(incident.history) :]] == [IncidentEventType.RESOLVED]
    assert resolve_unwatched(resolved, at + timedelta(hours=1)) == resolved
    assert (
        expire_snooze(remind(resolved, at + timedelta(days=9), timedelta(hours=1)), at + timedelta(days=9)) == resolved
    )


def test_unwatched_suspicions_are_dropped_and_resolved_incidents_stay():
    assert resolve_unwatched(after_checks(check(0, REPLICAS)), T0) is None
    back = after_checks(check(0, REPLICAS), check(1, REPLICAS), check(2))
    assert resolve_unwatched(back, T0 + timedelta(hours=1)) == back

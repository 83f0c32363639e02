"""An incident from detection to resolution."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.drift.model import Check, FieldDrift, ObjectDrift, Status
from bot.core.incidents.incident import (
    MAX_EVENTS,
    MAX_THREAD_UPDATES,
    IncidentEventType,
    IncidentState,
    acknowledge,
    active_incidents,
    apply_check,
    escalate,
    expire_snooze,
    incidents_on_card,
    mark_announced,
    remind,
    resolve_unwatched,
    snooze,
)

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
        incident = apply_check(incident, each, channel="C1", rolling=rolling, required_looks=looks)
    return incident


def grown(incident):
    return [event for event in incident.history if event.kind is IncidentEventType.WORSENED]


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
    assert apply_check(incident, check(2, REPLICAS, IMAGE), channel="C1", rolling=True) == incident


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
    incident = apply_check(
        incident, check(2, IMAGE, status=Status.UNKNOWN, error="403 on some"), channel="C1", rolling=False
    )
    assert set(incident.drift) == {REPLICAS, IMAGE}


def test_what_comes_while_it_is_open_is_told_once_and_kept():
    incident = walk(check(0, REPLICAS), check(1, REPLICAS), check(2, REPLICAS, IMAGE), check(3, REPLICAS, IMAGE))
    (growth,) = grown(incident)
    assert (growth.at, growth.drift) == (T0 + timedelta(minutes=2), (IMAGE,))
    ended = walk(check(0, REPLICAS), check(1, REPLICAS), check(2, REPLICAS, IMAGE), check(3, IMAGE), check(4))
    assert set(ended.worst) == {REPLICAS, IMAGE}


def test_of_a_known_object_only_the_new_fields_are_growth():
    paused = replace(REPLICAS, fields=(*REPLICAS.fields, FieldDrift("added", "spec.paused", None, True)))
    (growth,) = walk(check(0, REPLICAS), check(1, REPLICAS), check(2, paused)).history
    assert [field.path for found in growth.drift for field in found.fields] == ["spec.paused"]


def test_what_was_gone_and_came_back_is_no_growth():
    incident = walk(check(0, REPLICAS, IMAGE), check(1, REPLICAS, IMAGE), check(2, REPLICAS), check(3, REPLICAS, IMAGE))
    assert grown(incident) == []


def test_drift_after_a_resolution_is_a_new_incident():
    first = walk(check(0, REPLICAS), check(1, REPLICAS))
    again = walk(check(20, REPLICAS), check(21, REPLICAS))
    assert first.id != again.id


# ---------------------------------------------------------------- people and time

LABEL = ObjectDrift("v1", "Service", "shop", "web", "modified", (FieldDrift("added", "metadata.labels.x", None, "y"),))
HOST = replace(REPLICAS, fields=(FieldDrift("added", "spec.template.spec.hostNetwork", None, True),))


def at(minutes):
    return T0 + timedelta(minutes=minutes)


def opened(*drift):
    return mark_announced(walk(check(0, *drift or (REPLICAS,)), looks=1), at(0))


def taken(incident=None, minute=1):
    return acknowledge(incident or opened(), by="U1", at=at(minute))


def asleep(incident=None, minute=1, until=60):
    return snooze(incident or opened(), by="U2", until=at(until), at=at(minute))


def after(incident, minute, *drift, **more):
    return apply_check(incident, check(minute, *drift, **more), channel="C1", rolling=False)


def happened(incident):
    return [event.kind.value for event in incident.history if event.told]


SUSPECTED = walk(check(0, REPLICAS))
RESOLVED = walk(check(0, REPLICAS), check(1, REPLICAS), check(9))
EVERY = {"suspected": SUSPECTED, "open": opened(), "acknowledged": taken(), "snoozed": asleep(), "resolved": RESOLVED}


@pytest.mark.parametrize(
    ("before", "acknowledged", "snoozed", "woken"),
    [
        ("suspected", "suspected", "suspected", "suspected"),
        ("open", "acknowledged", "snoozed", "open"),
        ("acknowledged", "acknowledged", "snoozed", "acknowledged"),
        ("snoozed", "acknowledged", "snoozed", "open"),
        ("resolved", "resolved", "resolved", "resolved"),
    ],
)
def test_every_state_under_every_transition(before, acknowledged, snoozed, woken):
    incident = EVERY[before]
    results = [
        acknowledge(incident, by="U3", at=at(30)),
        snooze(incident, by="U3", until=at(90), at=at(30)),
        expire_snooze(incident, at(60)),
    ]
    assert [each.state.value for each in results] == [acknowledged, snoozed, woken]
    for each in results:
        # What did not move an incident left no trace in it, and a second time does nothing.
        assert each.state is not incident.state or each == incident or before == "snoozed"
        assert len(each.history) - len(incident.history) == (each != incident)
    assert acknowledge(results[0], by="U4", at=at(31)) == results[0]
    assert snooze(results[1], by="U4", until=at(90), at=at(31)) == results[1]
    assert expire_snooze(results[2], at(61)) == results[2]


def test_who_acknowledged_is_kept_behind_a_snooze():
    incident = asleep(taken())
    assert (incident.state, incident.acknowledged_by) == (IncidentState.SNOOZED, "U1")
    woken = expire_snooze(incident, at(60))
    assert (woken.state, woken.acknowledged_by, woken.snoozed_by) == (IncidentState.ACKNOWLEDGED, "U1", None)


@pytest.mark.parametrize(("minute", "state"), [(59.99, IncidentState.SNOOZED), (60, IncidentState.OPEN)])
def test_a_snooze_ends_at_its_instant(minute, state):
    assert expire_snooze(asleep(), at(minute)).state is state


@pytest.mark.parametrize("until", [0, 1])
def test_a_snooze_into_the_past_is_none(until):
    assert asleep(until=until) == opened()


def test_a_snooze_can_be_made_longer_or_shorter():
    incident = asleep(asleep(), minute=2, until=30)
    assert (incident.snoozed_until, happened(incident)) == (at(30), ["snoozed", "snoozed"])


@pytest.mark.parametrize("silence", [taken, asleep], ids=["acknowledged", "snoozed"])
@pytest.mark.parametrize(
    ("known", "new", "ends"),
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
def test_what_is_worse_ends_a_silence_and_is_told(silence, known, new, ends):
    incident = after(silence(opened(known)), 5, known, new) if new.fields[:1] != known.fields[:1] else None
    incident = incident or after(silence(opened(known)), 5, new)
    assert (incident.state is IncidentState.OPEN) == ends
    assert happened(incident)[1:] == (["grew"] if ends else [])
    if ends:
        assert (incident.acknowledged_by, incident.snoozed_by, incident.opened_at) == (None, None, at(5))
        assert incident.history[-1].by in {"U1", "U2"}
    assert after(incident, 6, *incident.drift).history == incident.history


def test_an_object_that_is_deleted_while_it_drifts_is_told_once():
    gone = ObjectDrift("apps/v1", "Deployment", "shop", "web", "missing")
    incident = after(after(opened(), 1, gone), 2, gone)
    assert happened(incident) == ["grew"]
    assert set(incident.worst) == {REPLICAS, gone}


def test_growth_is_told_so_often_and_what_is_serious_always():
    incident = opened(IMAGE)
    for number in range(MAX_THREAD_UPDATES + 3):
        label = replace(LABEL, fields=(FieldDrift("added", f"metadata.labels.l{number}", None, "y"),))
        incident = after(incident, number, IMAGE, label)
    assert happened(incident) == ["grew"] * MAX_THREAD_UPDATES
    assert happened(after(incident, 60, IMAGE, HOST))[-1] == "grew"
    assert len(happened(after(incident, 60, IMAGE, HOST))) == MAX_THREAD_UPDATES + 1


@pytest.mark.parametrize("silence", [opened, taken, asleep])
def test_an_end_is_told_once_whatever_state_it_was_in(silence):
    ended = after(silence(), 5)
    assert (ended.state, happened(ended).count("resolved")) == (IncidentState.RESOLVED, 1)
    assert ended.history[-1].at == ended.resolved_at == at(5)


@pytest.mark.parametrize(
    ("incident", "minute", "told"),
    [
        (opened(), 239.9, 0),
        (opened(), 240, 1),
        (opened(), 1000, 1),
        (taken(), 1000, 0),
        (asleep(until=2000), 1000, 0),
        (RESOLVED, 1000, 0),
        (SUSPECTED, 1000, 0),
        (replace(opened(), announced_at=None), 1000, 0),
        (expire_snooze(asleep(until=60), at(60)), 299.9, 0),
        (expire_snooze(asleep(until=60), at(60)), 300, 1),
    ],
)
def test_a_reminder_comes_once_a_period_while_nobody_has_it(incident, minute, told):
    every = timedelta(hours=4)
    reminded = remind(incident, at(minute), every)
    assert len(reminded.history) - len(incident.history) == told
    assert remind(reminded, at(minute + 239.9), every) == reminded or not told
    assert happened(remind(reminded, at(minute + 240), every)).count("reminded") == 2 * told or not told


@pytest.mark.parametrize(
    ("incident", "minute", "told"),
    [(opened(), 29.9, 0), (opened(), 30, 1), (taken(), 30, 0), (asleep(), 30, 0), (RESOLVED, 60, 0)],
)
def test_an_escalation_comes_once(incident, minute, told):
    limit = timedelta(minutes=30)
    escalated = escalate(incident, at(minute), limit)
    assert happened(escalated).count("escalated") == told
    assert escalate(escalated, at(5000), limit) == escalated or not told


def test_what_was_silenced_and_came_back_is_escalated_anew():
    incident = escalate(opened(), at(30), timedelta(minutes=30))
    incident = expire_snooze(asleep(incident, minute=31, until=60), at(60))
    assert escalate(incident, at(89.9), timedelta(minutes=30)) == incident
    assert happened(escalate(incident, at(90), timedelta(minutes=30))).count("escalated") == 2


def test_the_history_keeps_the_newest_and_numbers_all():
    incident = opened()
    for hour in range(1, MAX_EVENTS + 6):
        incident = remind(incident, at(60 * hour), timedelta(hours=1))
    assert len(incident.history) == MAX_EVENTS
    assert [event.id for event in incident.history] == [str(number) for number in range(5, MAX_EVENTS + 5)]


def test_open_ones_are_found_by_application_and_by_card():
    other = replace(taken(), application="api", id="api@1", group="many")
    known = [SUSPECTED, opened(), other, RESOLVED]
    assert active_incidents(known) == [opened(), other]
    assert active_incidents(known, ["api"]) == [other]
    assert incidents_on_card(known, "many") == incidents_on_card(known, "api@1") == [other]
    assert (opened().card_id, other.card_id) == (opened().id, "many")


OPENED = walk(check(0, REPLICAS), check(1, REPLICAS))


@pytest.mark.parametrize(
    "incident",
    [
        OPENED,
        acknowledge(OPENED, by="U1", at=T0),
        snooze(OPENED, by="U1", until=T0 + timedelta(hours=1), at=T0),
        replace(OPENED, blind="the cluster is silent"),
    ],
    ids=["open", "acknowledged", "snoozed", "blind"],
)
def test_what_is_not_watched_any_more_is_over(incident):
    at = T0 + timedelta(hours=2)
    over = resolve_unwatched(incident, at)
    assert (over.state, over.ended, over.resolved_at) == (IncidentState.RESOLVED, "unwatched", at)
    assert over.blind is None
    assert over.checked_at == incident.checked_at  # nobody has looked
    assert [event.kind for event in over.history[len(incident.history) :]] == [IncidentEventType.RESOLVED]
    assert resolve_unwatched(over, at + timedelta(hours=1)) == over
    assert expire_snooze(remind(over, at + timedelta(days=9), timedelta(hours=1)), at + timedelta(days=9)) == over


def test_what_was_only_suspected_is_forgotten_and_what_is_over_stays():
    assert resolve_unwatched(walk(check(0, REPLICAS)), T0) is None
    back = walk(check(0, REPLICAS), check(1, REPLICAS), check(2))
    assert resolve_unwatched(back, T0 + timedelta(hours=1)) == back

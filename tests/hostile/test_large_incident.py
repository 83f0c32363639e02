"""One application's incident is as large as the store allows: it delays no other application's card for long."""

import time
from dataclasses import replace
from datetime import time as time_of_day
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.drift.severity import MAX_STEPS, Rating, Reason, Severity, rate_field
from bot.core.incidents.alerting import AlertPolicy
from bot.core.incidents.bounded import bounded_incident
from bot.core.incidents.incident import IncidentEventType, IncidentState, add_event
from bot.core.incidents.quiet_hours import QuietHours
from bot.handlers.incidents.record import apply_timers_to_all
from bot.handlers.slack.cards import CardReconciler
from bot.i18n.language import ENGLISH, Language, Translator
from tests.common.clock import Clock
from tests.common.samples import SCALED, T0, incident
from tests.common.slack import JONAS


def list_drift(count, name="large", last=0):
    """All items of a list of a custom resource differ, which no merge key aligns."""
    desired, live = ([{"a": number + more, "b": [number]} for number in range(count)] for more in (0, 1))
    live.append({"securityContext": {"privileged": True}} if last else {})
    return ObjectDrift(
        "example.com/v1", "Foo", "shop", name, "modified", (FieldDrift("changed", "spec.x", desired, live),)
    )


class Chat:
    """Keeps the text of each message by its ts."""

    def __init__(self):
        self.texts = {}

    def post(self, _channel, message, **_options):
        ts = f"{len(self.texts)}"
        self.texts[ts] = message.text
        return ts

    def update(self, _channel, ts, message):
        self.texts[ts] = message.text


def test_an_unchanged_large_incident_costs_no_time_again(store):
    drift = tuple(list_drift(5_500, f"large-{number}") for number in range(3))
    store.incidents.exchange(None, bounded_incident(incident("large", drift=drift, worst=drift)))
    chat = Chat()
    reconciler = CardReconciler(store, chat, Clock(T0), lambda _: ENGLISH, AlertPolicy())
    began = time.process_time()
    reconciler.reconcile()
    first = time.process_time() - began
    store.incidents.exchange(None, incident("other"))
    began = time.process_time()
    reconciler.reconcile()
    assert time.process_time() - began < max(0.5, first / 2)
    assert [text.partition(":")[0] for text in chat.texts.values()] == [
        "Critical drift in large on prod",
        "Minor drift in other on prod",
    ]


def test_quiet_hours_rate_a_large_incident_only_once(store):
    drift = tuple(list_drift(2_500, f"large-{number}") for number in range(10))
    store.incidents.exchange(None, bounded_incident(incident("large", drift=drift, worst=drift)))
    began = time.process_time()
    apply_timers_to_all(store, T0 - timedelta(minutes=1), QUIET)
    first = time.process_time() - began
    began = time.process_time()
    apply_timers_to_all(store, T0 - timedelta(seconds=55), QUIET)
    assert time.process_time() - began < max(0.5, first / 2)


@pytest.mark.parametrize(
    ("count", "last", "expected"),
    [
        (2_000, False, Rating(Severity.SERIOUS, Reason.CUSTOM)),
        (2_000, True, Rating(Severity.CRITICAL, Reason.PRIVILEGED)),
        (5_500, True, Rating(Severity.CRITICAL, Reason.CUSTOM)),
        (MAX_STEPS, True, Rating(Severity.CRITICAL, Reason.CUSTOM)),
    ],
)
def test_a_difference_that_takes_too_long_to_rate_is_critical(count, last, expected):
    drift = list_drift(count, last=last)
    began = time.process_time()
    assert rate_field(drift, drift.fields[0]) == expected
    assert time.process_time() - began < 2


def test_a_long_list_of_strings_has_its_own_severity():
    lists = ([f"--flag-{number}={more}" for number in range(7_000)] for more in (0, 1))
    field = FieldDrift("changed", "spec.template.spec.containers[name=web].args", *lists)
    drift = replace(SCALED, fields=(field,))
    assert rate_field(drift, field) == Rating(Severity.SERIOUS, Reason.COMMAND)


OPEN = incident("shop", opened_at=T0)
FLAG = replace(SCALED, fields=(FieldDrift("changed", "spec.flag", 0, 1),))
QUIET = AlertPolicy(quiet_hours=QuietHours(ZoneInfo("UTC"), time_of_day(0), T0.time()))


def acknowledged(before):
    return replace(before, state=IncidentState.ACKNOWLEDGED, acknowledged_by=JONAS, acknowledged_at=T0)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (OPEN, acknowledged(OPEN)),
        (acknowledged(OPEN), replace(acknowledged(OPEN), state=IncidentState.SNOOZED, snoozed_by=JONAS)),
        (
            replace(OPEN, drift=(FLAG,)),
            replace(OPEN, drift=(replace(FLAG, fields=(replace(FLAG.fields[0], live=True),)),)),
        ),
        (OPEN, replace(OPEN, omitted=3)),
        (OPEN, replace(OPEN, check_error="No access.")),
        (OPEN, replace(OPEN, check_error="No access.", is_gone=True)),
        (OPEN, add_event(OPEN, IncidentEventType.REMINDED, T0)),
        (OPEN, replace(OPEN, state=IncidentState.RESOLVED, resolved_at=T0, ended="cluster")),
        (replace(OPEN, group="C/cluster/prod@x"), replace(acknowledged(OPEN), group="C/cluster/prod@x")),
    ],
)
def test_a_kept_card_shows_what_changed(store, before, after):
    shown = []
    for states in ([before, after], [after]):  # with and without an earlier card to keep
        reconciler = CardReconciler(store, Chat(), Clock(T0), lambda _: ENGLISH, AlertPolicy())
        for state in states:
            stored = store.incidents.unsettled()
            assert store.incidents.exchange(stored[0] if stored else None, state)
            cards = reconciler._desired_cards(reconciler._unsettled())
        shown.append([(card.digest, card) for card in cards])
    assert shown[0] == shown[1]


def test_a_kept_card_follows_the_time_and_the_language(store):
    chat, clock, languages = Chat(), Clock(T0 - timedelta(minutes=1)), [ENGLISH]
    store.incidents.exchange(None, OPEN)
    reconciler = CardReconciler(store, chat, clock, lambda _: languages[-1], QUIET)
    reconciler.reconcile()
    assert not chat.texts, "it is held during quiet hours"
    clock.advance(seconds=60)
    reconciler.reconcile()
    assert chat.texts["0"].startswith("Minor drift in shop")
    languages.append(Translator(Language.SPANISH))
    reconciler.reconcile()
    assert not chat.texts["0"].startswith("Minor drift in shop")

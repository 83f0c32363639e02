"""Whatever checks, people and time do: no drift is lost, and nothing is posted twice."""

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot.core.drift.differences import MAX_REPORTS, identities
from bot.core.drift.model import Check, FieldDrift, ObjectDrift, Status
from bot.core.incidents.alerting import AlertPolicy, Escalation, announcements, apply_timers
from bot.core.incidents.detection import apply_check
from bot.core.incidents.incident import ACTIVE_STATES, IncidentEventType, IncidentState, acknowledge, release, snooze
from bot.core.incidents.quiet_hours import QuietHours
from bot.core.incidents.selection import active_incidents, incidents_on_card
from bot.i18n.language import ENGLISH
from bot.messages.incident_cards import incident_cards, resolved_unannounced

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMES = ("api", "cart", "shop", "web")
PATHS = {
    "label": FieldDrift("added", "metadata.labels.x", None, "y"),
    "scale": FieldDrift("changed", "spec.replicas", 2, 7),
    "stop": FieldDrift("changed", "spec.replicas", 2, 0),
    "image": FieldDrift("changed", "spec.template.spec.containers[name=web].image", "a", "b"),
    "host": FieldDrift("added", "spec.template.spec.hostNetwork", None, True),
}
PEOPLE = ("U0ANA", "U0BO")
REMIND, ESCALATE = timedelta(hours=4), timedelta(minutes=30)
NIGHT = QuietHours(ZoneInfo("Europe/Madrid"), time(22), time(7))


class Incidents(RuleBasedStateMachine):
    """The stored incidents, and the cards that Slack shows for them."""

    @initialize(group=st.sampled_from([2, 3, 5]), quiet=st.sampled_from([None, NIGHT]))
    def start(self, group, quiet):
        self.policy = AlertPolicy(group, REMIND, Escalation(ESCALATE, ("U0ANA",)), quiet)
        self.now = T0
        self.stored = {}
        self.settled = []
        self.cards = {}  # by key: the card as Slack shows it
        self.posted = []  # the keys of the cards, in the order they were posted
        self.first_cards = {}  # the card that first showed each incident
        self.seen = dict.fromkeys(NAMES, ())  # the drift of the latest successful check

    def unresolved(self, name):
        incidents = (incident for incident in self.stored.values() if incident.application == name)
        return next((incident for incident in incidents if incident.state is not IncidentState.RESOLVED), None)

    def store(self, before, after):
        if before is not None and (after is None or after.id != before.id):
            del self.stored[before.id]
        if after is not None:
            self.stored[after.id] = after

    @rule(names=st.sets(st.sampled_from(NAMES), min_size=1), what=st.sets(st.sampled_from(sorted(PATHS)), max_size=4))
    def check_objects(self, names, what):
        for name in sorted(names):
            fields = {PATHS[key].path: PATHS[key] for key in sorted(what)}
            modified = ObjectDrift("apps/v1", "Deployment", name, "web", "modified", tuple(fields.values()))
            drift = (modified,) if fields else ()
            status = Status.OUT_OF_SYNC if drift else Status.SYNCED
            self.seen[name] = drift
            self.record_check(name, Check(name, "prod", "a" * 40, status, None, 1, self.now, drift))
        self.post()

    @rule(name=st.sampled_from(NAMES))
    def fail_check(self, name):
        self.record_check(name, Check(name, "prod", "a" * 40, Status.UNKNOWN, "503", 0, self.now))
        self.post()

    def record_check(self, name, check):
        before = self.unresolved(name)
        self.store(
            before,
            apply_check(before, check, channel="C1", rolling=False, required_looks=1, repository="platform"),
        )

    @rule(name=st.sampled_from(NAMES), on_card=st.booleans(), by=st.sampled_from(PEOPLE), take_over=st.booleans())
    def click_acknowledge(self, name, on_card, by, take_over):
        for incident in self.clicked(name, on_card=on_card):
            acknowledged = acknowledge(incident, by=by, at=self.now, take_over=take_over)
            assert take_over or incident.acknowledged_by in (None, acknowledged.acknowledged_by)
            self.store(incident, acknowledged)
        self.post()

    @rule(name=st.sampled_from(NAMES), on_card=st.booleans(), by=st.sampled_from(PEOPLE))
    def click_release(self, name, on_card, by):
        for incident in self.clicked(name, on_card=on_card):
            self.store(incident, release(incident, by=by, at=self.now))
        self.post()

    @rule(name=st.sampled_from(NAMES), on_card=st.booleans(), hours=st.integers(1, 20))
    def click_snooze(self, name, on_card, hours):
        for incident in self.clicked(name, on_card=on_card):
            self.store(incident, snooze(incident, by="U0ANA", until=self.now + timedelta(hours=hours), at=self.now))
        self.post()

    def clicked(self, name, *, on_card):
        incident = self.unresolved(name)
        return incidents_on_card(self.stored.values(), incident.card_id if on_card else incident.id) if incident else []

    @rule(minutes=st.sampled_from([1, 3, 29, 30, 120, 239, 240, 600]))
    def wait(self, minutes):
        self.now += timedelta(minutes=minutes)
        self.post()

    def post(self):
        for _ in range(2):
            due = announcements(list(self.stored.values()), self.now, self.policy)
            for incident in list(self.stored.values()):
                self.store(incident, apply_timers(incident, self.now, self.policy, due.get(incident.id)))
        self.now += timedelta(seconds=1)
        ends = {}
        for card in incident_cards(lambda _: ENGLISH, list(self.stored.values()), self.now, self.policy):
            if card.key not in self.cards and card.held:
                ends[card.settles] = False
                continue
            if card.key not in self.cards:
                self.posted.append(card.key)
            if card.key not in self.cards or not card.once:
                self.cards[card.key] = card
            ends[card.settles] = ends.get(card.settles, True) and card.last
        over = [id_ for ids, end in ends.items() if end for id_ in ids] + resolved_unannounced(
            list(self.stored.values())
        )
        for id_ in over:
            self.settled.append(self.stored.pop(id_))

    @invariant()
    def no_drift_is_lost(self):
        for name, drift in self.seen.items():
            incident = self.unresolved(name)
            assert (incident is not None) == bool(drift)
            if incident:
                assert identities(incident.drift) == identities(drift)
                assert identities(drift) <= identities(incident.worst)

    @invariant()
    def each_announced_incident_stays_on_one_card(self):
        for incident in active_incidents(self.stored.values()):
            muted = self.policy.mutes(incident, self.now)
            assert incident.announced_at or muted or incident.state is IncidentState.SNOOZED
            if incident.announced_at:
                assert self.first_cards.setdefault(incident.id, incident.card_id) == incident.card_id
            if incident.announced_at and not muted:
                assert incident.application in str(self.cards[incident.card_id].message)
                assert incident.id in self.cards[incident.card_id].settles

    @invariant()
    def nothing_is_posted_twice(self):
        assert len(self.posted) == len(set(self.posted))
        for incident in [*self.stored.values(), *self.settled]:
            events = {kind: [event for event in incident.history if event.kind is kind] for kind in IncidentEventType}
            assert len(events[IncidentEventType.RESOLVED]) == (incident.state is IncidentState.RESOLVED)
            worsened = [
                field for event in events[IncidentEventType.WORSENED] for drift in event.drift for field in drift.fields
            ]
            reports = Counter((field.path, str(field.live)) for field in worsened)
            assert all(number <= MAX_REPORTS for number in reports.values())
            reminded = [event.at for event in events[IncidentEventType.REMINDED]]
            assert all(later - earlier >= REMIND for earlier, later in pairwise(reminded))
            openings = (
                1
                + len(events[IncidentEventType.SNOOZE_ENDED])
                + len(events[IncidentEventType.RELEASED])
                + sum(event.by is not None for event in events[IncidentEventType.WORSENED])
            )
            assert len(events[IncidentEventType.ESCALATED]) <= openings

    @invariant()
    def silenced_incidents_stay_silent(self):
        for incident in self.stored.values():
            if incident.state is IncidentState.SNOOZED:
                assert incident.snoozed_until > self.now - timedelta(seconds=1)
            if incident.state in ACTIVE_STATES - {IncidentState.OPEN}:
                silent_since = incident.history[-1].at if incident.history else self.now
                calls = {IncidentEventType.REMINDED, IncidentEventType.ESCALATED}
                assert not [event for event in incident.history if event.kind in calls and event.at > silent_since]

    def teardown(self):
        """Once everything is in sync and quiet hours are over, all that was shown is resolved."""
        if not hasattr(self, "policy"):
            return
        self.check_objects(set(NAMES), set())
        for _ in range(2):
            self.wait(600)
        assert self.stored == {}
        for incident in self.settled:
            assert incident.state is IncidentState.RESOLVED
            if incident.announced_at:
                assert "Resolved" in self.cards[incident.card_id].message.text


Incidents.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestIncidents = Incidents.TestCase

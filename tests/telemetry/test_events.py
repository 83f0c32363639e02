"""CloudEvents, as another program receives them."""

import logging
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from bot.adapters.events.webhook import EventWebhook
from bot.config.load import load
from bot.config.sections.events import EventsConfig
from bot.core.events import MAX_AGE, Event, EventType
from bot.core.incidents.incident import acknowledge
from bot.handlers.events import EventDispatcher
from bot.ports.events import DeliveryError
from bot.ports.telemetry import NO_TELEMETRY
from bot.sandbox.cluster.person import Person as ClusterPerson
from tests.common import samples
from tests.common.demo import bot_pull_requests, remote, running_demo
from tests.common.event_receiver import SECRET, running_receiver
from tests.common.slack import Person
from tests.common.wait import wait_for


@pytest.fixture
def receiver():
    with running_receiver() as receiver:
        yield receiver


def load_with_events(file, environ, url):
    return replace(load(file, {**environ, "EVENTS_SECRET": SECRET}), events=EventsConfig(url=url))


def test_the_running_bot_sends_what_happens(receiver, monkeypatch):
    monkeypatch.setattr("bot.app._RECONCILE_EVERY", timedelta(seconds=0.5))
    monkeypatch.setattr("bot.sandbox.demo.load", partial(load_with_events, url=receiver.url))
    with running_demo(repository_settings={"approvals": {"grace": "1s"}}) as demo:
        person, hosted, on_call = Person(demo.slack), remote(demo), ClusterPerson(demo.cluster.api, "shop")

        on_call.do("scale")
        wait_for(lambda: "incident.opened" in receiver.types())
        person.type("ack shop")
        wait_for(lambda: "incident.acknowledged" in receiver.types())
        on_call.do("undo")
        wait_for(lambda: "incident.resolved" in receiver.types())
        person.type(f"revert {demo.shop.bad_commit[:8]}")
        wait_for(lambda: "revert.opened" in receiver.types())
        hosted.merge(bot_pull_requests(demo)[0].number, "mira")
        wait_for(lambda: {"revert.merged", "rollout.live", "commits.unapproved"} <= set(receiver.types()))

    assert len({event.get_id() for event in receiver.events}) == len(receiver.events)
    assert {event.get_source() for event in receiver.events} == {"gitops-bot"}
    opened = next(event for event in receiver.events if event.get_type() == EventType.INCIDENT_OPENED)
    assert opened.get_subject() == "shop"
    data = opened.get_data()
    assert (data["application"], data["cluster"], data["severity"]) == ("shop", "prod", "minor")
    assert data["objects"][0]["paths"] == ["spec.replicas"]
    acknowledged = next(event for event in receiver.events if event.get_type() == EventType.INCIDENT_ACKNOWLEDGED)
    assert acknowledged.get_data()["by"]["name"] == "jonas"
    resolved = next(event for event in receiver.events if event.get_type() == EventType.INCIDENT_RESOLVED)
    assert resolved.get_data()["cause"] == "cluster"


class Sending:
    """A dispatcher on a store with incidents, whose time the test moves."""

    def __init__(self, store, clock, url):
        self.store, self.clock, self.url = store, clock, url
        self.restart()
        self.run()

    def restart(self):
        webhook = EventWebhook(self.url, SECRET, "gitops-bot")
        self.dispatcher = EventDispatcher(self.store, webhook, self.clock, NO_TELEMETRY)

    def run(self, **later):
        self.clock.advance(**later)
        self.dispatcher.run()

    def open(self, application):
        incident = samples.incident(application, opened_at=self.clock())
        assert self.store.incidents.exchange(None, incident)
        return incident


@pytest.fixture
def sending(store, clock, receiver):
    return Sending(store, clock, receiver.url)


def test_only_what_happens_after_events_are_configured_is_sent(store, clock, receiver):
    before = samples.incident("shop", opened_at=clock() - timedelta(minutes=1))
    store.incidents.exchange(None, before)
    sending = Sending(store, clock, receiver.url)
    sending.open("docs")
    sending.run(seconds=5)
    assert [event.get_subject() for event in receiver.events] == ["docs"]


def test_an_event_is_sent_once_also_over_a_restart(sending, receiver):
    sending.open("shop")
    sending.run(seconds=5)
    sending.run(seconds=5)
    sending.restart()
    sending.run(days=2)
    assert receiver.types() == ["incident.opened"]


def test_a_rejected_event_is_sent_again_later_and_later_and_holds_up_only_its_own_subject(sending, receiver):
    incident = sending.open("shop")
    receiver.reject = [(500, {})] * 3
    sending.run()
    sending.store.incidents.exchange(incident, acknowledge(incident, by="U1", at=sending.clock()))
    sending.open("docs")
    requests = []
    for _ in range(40):
        before = receiver.requests
        sending.run(seconds=1)
        requests += [sending.clock.now] * (receiver.requests > before)
    subjects = [(event.get_subject(), event.get_type().rpartition(".")[2]) for event in receiver.events]
    assert sorted(subjects) == [("docs", "opened"), ("shop", "acknowledged"), ("shop", "opened")]
    assert subjects.index(("shop", "opened")) < subjects.index(("shop", "acknowledged"))
    assert sending.store.events.waiting() == []


def test_the_receiver_says_when_to_try_again(sending, receiver):
    sending.open("shop")
    receiver.reject = [(429, {"Retry-After": "600"})]
    sending.run()
    sending.run(seconds=599)
    assert receiver.requests == 1
    sending.run(seconds=1)
    assert receiver.types() == ["incident.opened"]


def test_one_that_is_not_accepted_for_a_day_is_dropped_and_logged(sending, receiver, caplog):
    sending.open("shop")
    receiver.reject = [(400, {})] * 3
    sending.run()
    with caplog.at_level(logging.ERROR):
        sending.run(seconds=MAX_AGE.total_seconds())
    assert "dropped event shop@1/opened" in caplog.text
    assert sending.store.events.waiting_count() == 0
    assert "token-in-the-path" not in caplog.text


def test_while_the_receiver_is_down_one_request_is_tried_and_nothing_is_lost(sending, receiver):
    sent = []

    class Down:
        def send(self, event):
            sent.append(event.id)
            raise DeliveryError("events.example.com does not respond.", answered=False)

    for name in ("a", "b", "c"):
        sending.open(name)
    EventDispatcher(sending.store, Down(), sending.clock, NO_TELEMETRY).run()
    assert len(sent) == 1
    sending.run(seconds=5)
    assert sorted(event.get_subject() for event in receiver.events) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("status", "headers"), [(503, {"Retry-After": "soon"}), (302, {"Location": "http://169.254.169.254/"})]
)
def test_an_error_is_one_sentence_without_the_url(receiver, status, headers):
    event = Event("1", EventType.INCIDENT_OPENED, "shop", samples.T0, {})
    receiver.reject = [(status, headers)]
    with pytest.raises(DeliveryError, match=rf"^127\.0\.0\.1 returned {status}\.$") as rejected:
        EventWebhook(receiver.url, SECRET, "gitops-bot").send(event)
    with pytest.raises(DeliveryError, match=r"^127\.0\.0\.1 does not respond \(NewConnectionError\)\.$") as unreachable:
        EventWebhook("http://127.0.0.1:1/token-in-the-path", SECRET, "gitops-bot").send(event)
    assert (rejected.value.answered, unreachable.value.answered) == (True, False)

"""CloudEvents, as another program receives them."""

import itertools
import logging
import math
import socket
import threading
import time
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from types import SimpleNamespace

import pytest

from bot.adapters.events.webhook import EventWebhook
from bot.config.load import load
from bot.config.sections.events import EventsConfig
from bot.core.drift.model import FieldDrift
from bot.core.events import MAX_AGE, Event, EventType, incident_events, next_retry, rollout_events
from bot.core.incidents.detection import resolve_unwatched
from bot.core.incidents.incident import acknowledge
from bot.core.rollouts.rollout import ApplicationRollout, Rollout, RolloutState
from bot.handlers.events import EventDispatcher
from bot.ports.events import DeliveryError
from bot.ports.telemetry import NO_TELEMETRY
from bot.sandbox.cluster.person import Person as ClusterPerson
from tests.common import samples
from tests.common.demo import bot_pull_requests, remote, running_demo
from tests.common.event_receiver import SECRET, running_receiver
from tests.common.slack import ALERTS, Person
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
        person, on_call = Person(demo.slack), ClusterPerson(demo.cluster.api, "payments")
        person.type(f"revert {demo.shop.bad_commit[:8]}")
        wait_for(lambda: "revert.opened" in receiver.types())
        remote(demo).merge(bot_pull_requests(demo)[0].number, "mira")
        on_call.do("image")
        wait_for(lambda: "incident.opened" in receiver.types())
        person.type("ack payments")
        wait_for(lambda: "incident.acknowledged" in receiver.types())
        on_call.do("undo")
        expected = {"incident.resolved", "revert.merged", "rollout.live", "commits.unapproved"}
        wait_for(lambda: expected <= set(receiver.types()))

    assert len({event.get_id() for event in receiver.events}) == len(receiver.events)
    assert {event.get_source() for event in receiver.events} == {"gitops-bot"}
    opened = next(event for event in receiver.events if event.get_type() == EventType.INCIDENT_OPENED)
    assert opened.get_subject() == "payments"
    data = opened.get_data()
    assert (data["application"], data["cluster"], data["severity"]) == ("payments", "prod", "serious")
    assert data["objects"][0]["paths"] == ["spec.template.spec.containers[name=api].image"]
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
    clock.advance(milliseconds=900)
    sending = Sending(store, clock, receiver.url)
    sending.clock.advance(milliseconds=-900)  # a forge's time, in whole seconds
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


@pytest.mark.parametrize("restart", [True, False])
def test_what_ends_before_a_stop_is_sent_hours_later(sending, receiver, restart):
    incident = sending.open("shop")
    sending.run(seconds=5)
    resolved = resolve_unwatched(incident, sending.clock())
    assert sending.store.incidents.exchange(incident, resolved)
    sending.store.settle(resolved)
    if restart:
        sending.restart()
    sending.run(hours=20)
    assert receiver.types() == ["incident.opened", "incident.resolved"]


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
    receiver.reject = [(400, {})]
    sending.run()
    with caplog.at_level(logging.ERROR):
        sending.run(seconds=MAX_AGE.total_seconds())
    assert receiver.requests == 1  # even though the receiver would accept it now
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
    ("status", "headers", "remedy"),
    [
        (503, {"Retry-After": "soon"}, ""),
        (503, {"Retry-After": "9" * 9000}, ""),
        (302, {"Location": "http://169.254.169.254/"}, ": correct events.url"),
    ],
)
def test_an_error_is_one_sentence_without_the_url(receiver, status, headers, remedy):
    event = Event("1", EventType.INCIDENT_OPENED, "shop", samples.T0, {})
    receiver.reject = [(status, headers)]
    with pytest.raises(DeliveryError, match=rf"^127\.0\.0\.1 returned {status}{remedy}\.$") as rejected:
        EventWebhook(receiver.url, SECRET, "gitops-bot").send(event)
    with pytest.raises(DeliveryError, match=r"^127\.0\.0\.1 does not respond \(NewConnectionError\)\.$") as unreachable:
        EventWebhook("http://127.0.0.1:1/token-in-the-path", SECRET, "gitops-bot").send(event)
    assert (rejected.value.answered, unreachable.value.answered) == (True, False)


def test_a_receiver_that_drips_its_response_is_given_up(monkeypatch):
    monkeypatch.setattr("bot.adapters.events.webhook.RESPONSE_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip():
            connection, _ = server.accept()
            with connection, suppress(OSError):
                for byte in itertools.cycle(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 50):
                    connection.sendall(bytes([byte]))
                    time.sleep(0.02)

        thread = threading.Thread(target=drip)
        thread.start()
        event = Event("1", EventType.INCIDENT_OPENED, "shop", samples.T0, {})
        with pytest.raises(DeliveryError, match="does not respond"):
            EventWebhook(f"http://127.0.0.1:{server.getsockname()[1]}/", SECRET, "gitops-bot").send(event)
        thread.join()


def test_one_run_sends_a_hundred_events(sending, receiver, monkeypatch):
    monkeypatch.setattr("bot.handlers.events._RUN_SECONDS", math.inf)
    for number in range(101):
        sending.open(f"app-{number}")
    sending.run()
    assert len(receiver.events) == 100
    sending.run(seconds=5)
    assert len(receiver.events) == 101


def test_a_run_ends_after_five_seconds(sending, receiver, monkeypatch):
    clock = itertools.count()  # a second passes before each event
    monkeypatch.setattr("bot.handlers.events.time", SimpleNamespace(monotonic=lambda: next(clock)))
    for number in range(10):
        sending.open(f"app-{number}")
    sending.run()
    assert len(receiver.events) == 4


def test_an_event_lists_some_objects_and_paths_and_counts_all():
    fields = tuple(FieldDrift("changed", f"spec.f{number}", 1, 2) for number in range(11))
    drift = tuple(replace(samples.SCALED, name=f"web-{number}", fields=fields) for number in range(21))
    (opened,) = incident_events(samples.incident(opened_at=samples.T0, drift=drift, worst=drift))
    assert (len(opened.data["objects"]), opened.data["objectCount"]) == (20, 21)
    assert {len(listed["paths"]) for listed in opened.data["objects"]} == {10}


@pytest.mark.parametrize(
    ("attempts", "asked", "seconds"),
    [
        *((1, None, 5), (2, None, 10), (5, None, 80), (10, None, 2560), (11, None, 3600), (10**6, None, 3600)),
        *((1, 60, 60), (5, 60, 80), (1, 10**9, 3600)),
    ],
)
def test_the_next_attempt_is_later_each_time_and_no_earlier_than_asked(attempts, asked, seconds):
    retry_after = None if asked is None else timedelta(seconds=asked)
    assert next_retry(attempts, retry_after) == timedelta(seconds=seconds)


def rollout(state, live_at=None, **values):
    part = ApplicationRollout("shop", "prod", ALERTS, live_at=live_at)
    merge = ("platform@abc", "platform", "main", "abc", None, "Subject", "Ana", samples.T0, (part,))
    return Rollout(*merge, state=state, ended_at=live_at, **values)


@pytest.mark.parametrize(
    ("rollout", "expected"),
    [
        (rollout(RolloutState.ROLLING), []),
        (rollout(RolloutState.LATE), ["late"]),
        (rollout(RolloutState.LIVE, samples.T0), ["live"]),
        (rollout(RolloutState.DEGRADED, samples.T0, degradations=1), ["live", "degraded-1"]),
        (rollout(RolloutState.LIVE, samples.T0, degradations=1), ["live", "live-1"]),
        (rollout(RolloutState.DEGRADED, samples.T0, degradations=2), ["live", "degraded-2"]),
        (rollout(RolloutState.SUPERSEDED, samples.T0), ["live"]),
        (rollout(RolloutState.SUPERSEDED, samples.T0, degradations=1), ["live", "live-1"]),
        (rollout(RolloutState.SUPERSEDED), []),
    ],
)
def test_each_outcome_of_a_rollout_is_an_event_of_its_own(rollout, expected):
    events = list(rollout_events(rollout, samples.T0))
    assert [event.id.removeprefix("platform@abc/") for event in events] == expected
    assert [event.type.rpartition(".")[2] for event in events] == [name.partition("-")[0] for name in expected]


def test_an_event_goes_through_the_proxy_of_the_environment(receiver, monkeypatch):
    monkeypatch.setenv("http_proxy", receiver.url)
    event = Event("1", EventType.INCIDENT_OPENED, "shop", samples.T0, {})
    EventWebhook("http://events.example.com/gitops", SECRET, "gitops-bot").send(event)
    assert receiver.types() == ["incident.opened"]

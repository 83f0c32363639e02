"""A diff that is too long for a message is a file in the alert's thread, once."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from slack_sdk import WebClient

from bot.adapters.database.store import SqlStore
from bot.adapters.rendering.programs import Programs
from bot.adapters.slack.chat import SlackChat
from bot.core.drift.model import Check, FieldDrift, ObjectDrift, Status
from bot.core.incidents.alerting import AlertPolicy
from bot.core.incidents.incident import Incident, IncidentState
from bot.handlers.queries.diff import diff
from bot.handlers.slack.cards import CardReconciler
from bot.i18n.language import ENGLISH
from bot.ports import Ports
from bot.sandbox.slack import SandboxSlack

T0 = datetime(2026, 3, 1, 2, 47, tzinfo=UTC)
CHANNEL = "C0ALERTS01"
MANY = tuple(
    ObjectDrift(
        "v1", "ConfigMap", "shop", f"settings-{n}", "modified", (FieldDrift("changed", "data.limit", "1", "2"),)
    )
    for n in range(200)
)
CHECK = Check("shop", "prod", "a" * 40, Status.OUT_OF_SYNC, None, 200, T0, MANY)
INCIDENT = Incident("shop@1", "shop", "prod", CHANNEL, IncidentState.OPEN, T0, T0, "a" * 40, MANY, announced_at=T0)


@pytest.fixture
def slack():
    with SandboxSlack(seed=1).serve() as running:
        yield running


@pytest.fixture
def ports(slack, tmp_path):
    client = WebClient(token="xoxb-sandbox", base_url=slack.api_url, retry_handlers=[])
    store = SqlStore(f"sqlite:///{tmp_path}/state.db")
    yield Ports({}, {}, {}, Programs(), store, SlackChat(client), lambda: T0)
    store.close()


def alert(ports):
    ports.store.incidents.exchange(None, INCIDENT)
    CardReconciler(ports.store, ports.chat, ports.clock, lambda _: ENGLISH, AlertPolicy()).reconcile()


def said(ports, check):
    return diff(ENGLISH, ports, check, everything=False, translator_for=lambda _: ENGLISH)


def files(slack):
    return [file for message in slack.messages(CHANNEL) for file in message.files or []]


def test_everything_is_in_a_file_below_the_alert_and_only_once(slack, ports):
    alert(ports)
    for _ in range(2):
        assert "text file in the alert's thread" in said(ports, CHECK).text
    (shared,) = files(slack)
    text = shared.content.decode()
    assert all(f"ConfigMap shop/settings-{n}: modified" in text for n in range(200))
    assert slack.thread(CHANNEL, slack.messages(CHANNEL)[0].ts)


def test_a_new_difference_is_a_new_file(slack, ports):
    alert(ports)
    said(ports, CHECK)
    said(ports, replace(CHECK, drift=MANY[1:]))
    assert len(files(slack)) == 2


def test_a_short_diff_shares_nothing(slack, ports):
    alert(ports)
    assert "text file" not in said(ports, replace(CHECK, drift=MANY[:2])).text
    assert files(slack) == []


def test_without_an_alert_there_is_no_thread_to_share_it_in(slack, ports):
    assert "text file" not in said(ports, CHECK).text
    assert slack.messages(CHANNEL) == []


def test_a_slack_that_refuses_the_file_still_answers(slack, ports):
    alert(ports)
    slack.faults.refuse["files.getUploadURLExternal"] = "missing_scope"
    assert "differ" in said(ports, CHECK).text

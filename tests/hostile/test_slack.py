"""What people of other workspaces, and one person with many requests, can do through Slack."""

import socket
import threading
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from urllib.error import URLError

import pytest
from slack_bolt import App
from slack_sdk import WebClient

from bot.adapters.forges.forge import make_check
from bot.adapters.slack.chat import SlackChat
from bot.adapters.slack.middleware import is_from_own_workspace, log_error
from bot.app import _Socket
from bot.core.git.commit_check import CheckState
from bot.core.incidents.alerting import AlertPolicy
from bot.handlers.slack import cards
from bot.i18n.language import ENGLISH
from bot.messages import adopt, incident, revert, snooze_modal
from bot.messages.blocks import Message
from bot.messages.card import Card
from bot.ports.chat import ChatError
from tests.common import samples
from tests.common.clock import Clock
from tests.common.demo import IDLE_SCHEDULE, running_demo
from tests.common.slack import JONAS, MIRA, TOMAS, Person, methods_called
from tests.common.wait import wait_for
from tests.hostile.server import HostileServer, send

OTHER = "T0OTHER001"


@pytest.fixture(scope="module")
def demo():
    with running_demo(schedule=IDLE_SCHEDULE) as demo:
        yield demo


class Relay:
    """Delivers payloads as if the person belonged elsewhere; `change` edits a copy of each."""

    def __init__(self, demo, change):
        self._delivery, self._change = demo.slack.services.delivery, change
        self._inner = self._delivery.transport
        self.timeout_reason = self._inner.timeout_reason
        self.acks = []

    def __enter__(self):
        self._delivery.transport = self
        return self

    def __exit__(self, *_):
        self._delivery.transport = self._inner

    async def send(self, kind, payload, attempt, reason):
        payload = deepcopy(payload)
        self._change(payload)
        self.acks.append(await self._inner.send(kind, payload, attempt, reason))
        return self.acks[-1]


def of_another_workspace(payload):
    """As Slack sends what a person of another company does in a shared channel."""
    if "event" in payload:
        payload["event"] |= {"user_team": OTHER, "source_team": OTHER}
    elif "user" in payload:
        payload["user"]["team_id"] = OTHER
    else:
        payload["team_id"] = OTHER


def of_another_organization(payload):
    of_another_workspace(payload)
    if "event" in payload:
        payload["event"] |= {"user_team": "E0OTHER001", "source_team": None}


def of_an_unknown_workspace(payload):
    payload.pop("team", None)
    payload.pop("team_id", None)
    payload.get("user", {}).pop("team_id", None)
    payload.get("event", {}).pop("team", None)


ACTIONS = {
    "command": lambda person: person.slack.command(person.user, person.channel, "revert #1"),
    "mention": lambda person: person.slack.say(person.user, person.channel, "@gitops drift"),
    "home": lambda person: person.slack.open_home(person.user),
    **{
        action: lambda person, action=action: person.click_forged(action, "shop")
        for action in (
            *(incident.SHOW_DIFF, incident.CHECK_NOW, incident.ACKNOWLEDGE, incident.SNOOZE),
            *(adopt.ADOPT, revert.REVERT_THIS),
        )
    },
}


def effects(demo):
    """What the bot has stored and told Slack so far."""
    with demo.bot._ports.store.database.begin() as connection:
        entries = [
            connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()  # noqa: S608  names of this test's own
            for table in ("audit_log", "claims", "homes", "incidents", "pull_requests")
        ]
    return entries, methods_called(demo.slack)


@pytest.mark.parametrize("change", [of_another_workspace, of_another_organization, of_an_unknown_workspace])
@pytest.mark.parametrize("action", ACTIONS)
def test_people_of_other_workspaces_have_no_effect(demo, action, change):
    mira = Person(demo.slack, MIRA)
    assert "applications" in mira.type("status").text  # whatever was under way has ended
    before = effects(demo)
    with Relay(demo, change) as relay:
        interaction = ACTIONS[action](mira)
        acks = wait_for(lambda: relay.acks)
        if action not in ("mention", "home"):
            answers = wait_for(lambda: interaction.responses)
            assert ["only members of the workspace" in answer.text for answer in answers] == [True]
    assert ["only members of the workspace" in ack.get("text", "") for ack in acks] == [action == "command"]
    assert "applications" in mira.type("status").text
    assert effects(demo) == before


def test_a_modal_that_another_workspace_submits_has_no_effect(demo):
    mira = Person(demo.slack, MIRA)
    now = datetime.now(tz=UTC)
    times = dict.fromkeys(("since", "checked_at", "opened_at", "announced_at"), now)
    opened = samples.incident("shop", id="shop@hostile", repository="platform", **times)
    assert demo.bot._ports.store.incidents.exchange(None, opened)
    mira.click_forged(incident.SNOOZE, opened.id)
    view = mira.modal("picked")
    wait_for(lambda: "chat.postMessage" in methods_called(demo.slack))  # the card of the incident
    before = effects(demo)
    with Relay(demo, of_another_workspace) as relay:
        mira.submit(view, {snooze_modal.PICKED: "4h"})
        wait_for(lambda: relay.acks)
    assert "applications" in mira.type("status").text
    assert effects(demo) == before


@pytest.mark.parametrize(
    ("body", "own"),
    [
        ({"team_id": "T1"}, True),
        ({"team_id": "T2"}, False),
        ({}, False),
        ({"team": {"id": "T1"}, "user": {"id": "U1", "team_id": "T1"}}, True),
        ({"team": {"id": "T1"}, "user": {"id": "U1", "team_id": "T2"}}, False),
        ({"team": None, "user": {"id": "U1", "team_id": "T1"}}, True),
        ({"team": "T1", "user": "U1"}, False),
        # The owner of a shared channel is another workspace, the person is ours.
        ({"team_id": "T2", "event": {"user_team": "T1", "team": "T1"}}, True),
        ({"team_id": "T1", "event": {"user_team": "T2"}}, False),
        ({"team_id": "T1", "event": {"user_team": "E1", "team": "T1"}}, True),
        ({"team_id": "T1", "event": {"user_team": "E2", "team": "T1"}}, False),
        ({"team_id": "T1", "event": {"tab": "home"}}, True),
    ],
)
def test_every_workspace_that_a_payload_names_must_be_the_bots_own(body, own):
    assert is_from_own_workspace(body, "T1", "E1") is own
    assert not is_from_own_workspace(body, None, None)


def test_one_persons_many_commands_keep_nobody_waiting(demo, monkeypatch):
    gate = threading.Event()
    monkeypatch.setattr(demo.bot._monitor, "check", lambda *_, **__: gate.wait(60) and [])
    tomas, jonas = Person(demo.slack, TOMAS), Person(demo.slack, JONAS)
    try:
        many = [demo.slack.command(TOMAS, tomas.channel, "drift") for _ in range(400)]
        wait_for(lambda: all(interaction.done for interaction in many))
        assert "applications" in jonas.type("status").text
        assert [answer for interaction in many for answer in interaction.responses if "Too many" in answer.text]
    finally:
        gate.set()


# ---------------------------------------------------------------- messages that Slack rejects


class PickyChat:
    """Rejects one reply: its blocks, and with `rejects_text` its text too."""

    def __init__(self, code, *, rejects_text):
        self.code, self.rejects_text = code, rejects_text
        self.tries = self.updates = 0
        self.posted = {}

    def update(self, *_):
        self.updates += 1

    def post(self, channel, message, *, key, **_):
        if key == "bad":
            self.tries += 1
            if message.blocks or self.rejects_text:
                raise ChatError(f"error {self.code}", code=self.code)
        self.posted[key] = message
        return f"{len(self.posted)}.0"


@pytest.fixture
def reconciled(store, monkeypatch):
    """Reconciles a reply that Slack rejects and a card that it accepts, every minute for an hour."""
    messages = {key: Message(f"The {key} card.", ({"type": "divider"},)) for key in ("parent", "bad", "good")}
    shown = [Card(key, key, "C1", message) for key, message in messages.items()]
    shown[1] = replace(shown[1], thread_of="parent")
    monkeypatch.setattr(cards.CardReconciler, "_desired_cards", lambda *_: shown)

    def reconcile(chat):
        clock = Clock()
        reconciler = cards.CardReconciler(store, chat, clock, lambda _: ENGLISH, AlertPolicy())
        for _ in range(60):
            reconciler.reconcile()
            clock.advance(seconds=60)
        return reconciler

    return reconcile


CODES = ["invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"]


@pytest.mark.parametrize("code", CODES)
def test_a_card_whose_blocks_slack_rejects_is_posted_as_text(reconciled, caplog, code):
    chat = PickyChat(code, rejects_text=False)
    assert reconciled(chat).problems() == []
    assert chat.posted.keys() == {"parent", "bad", "good"}
    text = chat.posted["bad"].text
    assert text.startswith("The bad card. An unexpected error occurred in the bot. Log reference: ")
    assert text[-9:-1] in caplog.text
    assert chat.tries == 2


@pytest.mark.parametrize(
    "code", [*CODES, "cannot_reply_to_message", "restricted_action_non_threadable_channel", "an_error_of_tomorrow"]
)
def test_a_card_that_slack_rejects_does_not_hold_up_its_channel(reconciled, code):
    chat = PickyChat(code, rejects_text=True)
    problems = reconciled(chat).problems()
    assert chat.posted.keys() == {"parent", "good"}
    assert list(map(str, problems)) == [f"C1: error {code}"]
    assert max(chat.tries, chat.updates) < 50  # it is tried less and less often


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("https://ci.example/job/7", "https://ci.example/job/7"),
        ("https://ci.example/a job", "https://ci.example/a%20job"),
        *(
            (url, None)
            for url in ("https://", "https://a b/", "https://a<b>/", "http://ci:99999/", "http://[::1", "ftp://ci/", 7)
        ),
    ],
)
def test_the_page_of_a_check_is_a_link_that_slack_accepts(url, page):
    assert make_check("test", CheckState.FAILURE, url).url == page


# ---------------------------------------------------------------- DNS, TLS, and HTTP


@pytest.fixture
def hostile():
    with HostileServer().serve() as server:
        yield server


def test_a_name_that_cannot_be_resolved_is_said():
    chat = SlackChat(WebClient("xoxb-1", base_url="https://nowhere.invalid/api/", timeout=5))
    with pytest.raises(ChatError, match=r"The name of Slack's server cannot be resolved\. Check slack\.api_url"):
        chat.user("U1")


def test_an_untrusted_certificate_names_the_remedy_which_works(untrusted_server, monkeypatch):
    url, ca = untrusted_server
    chat = SlackChat(WebClient("xoxb-1", base_url=f"{url}/", timeout=5, retry_handlers=[]))
    with pytest.raises(ChatError, match=r"not trusted \(self-signed certificate\).* SSL_CERT_FILE"):
        chat.user("U1")
    monkeypatch.setenv("SSL_CERT_FILE", ca)
    with pytest.raises(ChatError, match="HTTP 404"):
        chat.user("U1")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("0.5", 0.5), *((header, None) for header in ("inf", "nan", "1e300", "-1", "soon", ""))],
)
def test_only_a_plausible_time_to_wait_counts(hostile, header, seconds):
    hostile.respond = lambda handler: send(handler, b'{"ok": false, "error": "ratelimited"}', 429, Retry_After=header)
    with pytest.raises(ChatError) as raised:
        SlackChat(WebClient("xoxb-1", base_url=f"{hostile.url}/api/", retry_handlers=[])).user("U1")
    assert (raised.value.code, raised.value.retry_after) == ("ratelimited", seconds)


@pytest.mark.parametrize("body", [b"null", b"[]", b"\xff", None], ids=repr)
def test_any_response_to_the_request_for_a_connection_is_survived(hostile, body):
    """Such as of a proxy while the bot starts: otherwise it would never connect, and answer no one until a restart."""

    def respond(handler):
        if body is None:
            handler.wfile.write(b"no HTTP at all\r\n\r\n")
        else:
            send(handler, body)
        handler.close_connection = True

    hostile.respond = respond
    client = WebClient("xoxb-1", base_url=f"{hostile.url}/api/", timeout=5, retry_handlers=[])
    connecting = _Socket(App(client=client, signing_secret="x", token_verification_enabled=False), "xapp-1")
    connecting.start()
    try:
        wait_for(lambda: len(hostile.paths) > 1)
    finally:
        connecting.stop()


def test_what_fails_before_a_listener_runs_is_one_line(caplog):
    """Bolt asks Slack once who the bot is: while that failed, each payload left a traceback in the log."""
    log_error(URLError(socket.gaierror(-2, "Name or service not known")))
    assert "The name of Slack's server cannot be resolved" in caplog.text
    assert "Traceback" not in caplog.text

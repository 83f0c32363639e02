"""Who may press and type what: each action and role through the real Bolt app, with payloads forged and replayed."""

import json
import re
import threading
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.adapters.database.store import SqlStore
from bot.app import Bot
from bot.core.access.audit import Origin
from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.incidents.incident import ACTIVE_STATES, Incident, IncidentState
from bot.core.pull_requests.change_ref import Sha
from bot.core.pull_requests.revert import RevertRequest
from bot.messages import diff_pages
from bot.messages import incident as card
from bot.messages import revert as revert_message
from bot.messages import snooze as form
from bot.messages.blocks import actions, button
from bot.sandbox.cluster import Fault
from bot.sandbox.demo import ALERTS, Demo
from bot.sandbox.slack.interactions import Interaction
from bot.sandbox.slack.model import BOT_USER, Message

# Nothing is checked but at the start: what these tests open stays open.
SLOW = dict.fromkeys(("drift", "git", "second_look", "rollout", "rollout_deadline"), "24h")
JONAS, MIRA, PRIYA, TOMAS = "U0JONAS001", "U0MIRA0001", "U0PRIYA001", "U0TOMAS001"
PLATFORM = "S0PLATFORM"  # Jonas and Mira
SETTINGS = {
    "shop": {"silence_allowed": [TOMAS], "revert_allowed": [PRIYA]},
    "payments": {"silence_allowed": [], "revert_allowed": []},
    "search": {"silence_allowed": ["*"], "owners": [TOMAS, PLATFORM]},
}
PATIENCE = 60.0
HOME = ZoneInfo("Europe/Madrid")  # of everybody in the sandbox's Slack
FIELD = FieldDrift("changed", "spec.replicas", 2, 7, "kubectl", datetime(2026, 3, 1, tzinfo=UTC))
DRIFT = (ObjectDrift("apps/v1", "Deployment", "shop", "web", "modified", (FIELD,)),)


@pytest.fixture(scope="module")
def demo():
    made = Demo(
        schedule=SLOW,
        deploy_delay=0.2,
        revert_allowed=(PLATFORM,),
        slack_settings={"silence_allowed": [PLATFORM]},
        application_settings=SETTINGS,
    )
    with made as running:
        running.slack.wait_for(lambda: running.slack.connections > 0, PATIENCE)
        until(lambda: len(running.checks()) == 6)
        yield running


def until(condition):
    """Wait for a state that nobody announces."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, "it never came to be"
        threading.Event().wait(0.02)
    return found


@pytest.fixture
def store(demo):
    """The bot's own database, with no incident open."""
    with closing(SqlStore(demo.config.store)) as opened:
        for incident in opened.incidents.unsettled():
            if incident.state in ACTIVE_STATES:
                ended = replace(incident, state=IncidentState.RESOLVED, resolved_at=incident.since, ended="cluster")
                assert opened.incidents.exchange(incident, ended)
        yield opened


def drifting(store, application, **more):
    """An incident as a check would have opened it."""
    now = datetime.now(tz=UTC)
    made = Incident(
        id=f"{application}@{now.isoformat()}",
        application=application,
        cluster="prod",
        channel=ALERTS,
        state=IncidentState.OPEN,
        since=now,
        checked_at=now,
        revision="a" * 40,
        drift=DRIFT,
        worst=DRIFT,
        repository="platform",
        opened_at=now,
        announced_at=now,
        **more,
    )
    assert store.incidents.exchange(None, made)
    return made


def restart(demo):
    """Another bot on the same state, once it has made the check that it begins with."""
    demo.bot.stop()
    began = datetime.now(tz=UTC)
    demo.bot = Bot(demo.config).start()
    demo.slack.wait_for(lambda: demo.slack.connections > 0, PATIENCE)
    until(lambda: all(check.at > began for check in demo.checks().values()))


@pytest.fixture
def blind(demo):
    """A bot that starts anew does not see that what these tests open is no drift."""
    demo.cluster.faults.add(Fault("*", status=503, identity="bot"))
    yield
    demo.cluster.faults.clear()


class Hands:
    """What people do, and what they then read."""

    def __init__(self, demo):
        self.slack = demo.slack

    def answer(self, asked):
        """The last answer to a command or a click; an opening one ends in an ellipsis."""
        self.slack.wait_for(lambda: any(not said.text.endswith("…") for said in asked.responses), PATIENCE)
        return asked.responses[-1].text

    def type(self, user, text):
        return self.answer(self.slack.command(user, ALERTS, text))

    def click(self, user, action, value):
        """Press a button that says anything."""
        workspace = self.slack.workspace
        blocks = [{**actions(button("Press", action, value)), "block_id": "forged"}]
        message = workspace.post(Message(ALERTS, workspace.ts(), BOT_USER, "A button", blocks))
        return self.slack.click(user, message, action)

    def press(self, user, action, value):
        return self.answer(self.click(user, action, value))

    def window(self, user):
        """The modal once it is filled in."""

        def filled():
            views = [view for view in self.slack.views if view.user == user]
            return views and "…" not in str(views[-1].blocks) and views[-1]

        return self.slack.wait_for(filled, PATIENCE)

    def whispered(self, user, act):
        """What is whispered to somebody after `act`."""
        before = len(self.slack.ephemerals(user))
        act()
        self.slack.wait_for(lambda: len(self.slack.ephemerals(user)) > before, PATIENCE)
        return self.slack.ephemerals(user)[-1]

    def answered(self, user, before):
        """What was whispered since there were so many whispers, and is no opening of an answer."""
        whispers = [said.text for said in self.slack.ephemerals(user)[before:]]
        return next((text for text in whispers if not text.endswith("…")), None)

    def snooze(self, user, subject, values):
        """Through the modal: what it refuses with, or what is whispered after its submit."""
        self.click(user, card.SNOOZE, subject)
        view = self.window(user)
        if "submit" not in view.content:
            self.slack.close_view(user, view)
            return json.dumps(view.blocks, ensure_ascii=False)
        return self.whispered(user, lambda: self.slack.submit_view(user, view, values)).text

    def again(self, interaction):
        """Slack's payload comes a second time; returns once it is taken."""
        copy = Interaction(interaction.kind, interaction.user, interaction.channel, interaction.payload)
        self.slack._send(copy, lambda _: None)
        self.slack.wait_for(lambda: copy.done, PATIENCE)
        return copy


@pytest.fixture
def hands(demo):
    made = Hands(demo)
    for view in demo.slack.views:
        demo.slack.close_view(view.user, view)
    return made


# ---------------------------------------------------------------- each action and role

SILENCE = [
    # by the workspace's list, a user group
    ("shop-staging", JONAS, True),
    ("shop-staging", PRIYA, False),
    ("shop-staging", TOMAS, False),
    # by the application's own, which replaces it
    ("shop", JONAS, False),
    ("shop", TOMAS, True),
    ("payments", JONAS, False),
    ("payments", TOMAS, False),
    ("search", PRIYA, True),
]
WAYS = {
    "ack": (lambda hands, user, incident: hands.type(user, f"ack {incident.application}"), Origin.COMMAND),
    "snooze": (lambda hands, user, incident: hands.type(user, f"snooze {incident.application} 2d"), Origin.COMMAND),
    "ack button": (lambda hands, user, incident: hands.press(user, card.ACKNOWLEDGE, incident.id), Origin.BUTTON),
    "snooze form": (lambda hands, user, incident: hands.snooze(user, incident.id, {form.PICKED: "4h"}), Origin.MODAL),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("application", "user", "may"), SILENCE)
def test_who_may_silence_what(hands, store, application, user, may, way):
    act, origin = WAYS[way]
    incident = drifting(store, application)
    before = len(list(store.audit_log.entries()))
    said = act(hands, user, incident)
    state = store.incidents.open_for(application).state
    entries = list(store.audit_log.entries())[before:]
    if may:
        assert state is (IncidentState.ACKNOWLEDGED if way.startswith("ack") else IncidentState.SNOOZED), said
        assert [entry.result for entry in entries] == ["Done"]
        (entry,) = entries
        assert (entry.who, entry.applications, entry.channel) == (user, (application,), ALERTS)
        assert entry.origin is origin
    else:
        assert state is IncidentState.OPEN
        assert "You are not allowed to acknowledge or snooze incidents here" in said
        (entry,) = entries
        assert entry.result.startswith("denied: ")
        assert (entry.who, entry.applications) == (user, (application,))


REVERTS = [
    (("shop",), PRIYA, True),
    (("shop",), JONAS, False),
    (("search",), JONAS, True),
    (("search",), PRIYA, False),
    (("search",), TOMAS, False),
    (("payments",), JONAS, False),
    (("shop", "search"), PRIYA, False),
    (("shop", "search"), JONAS, False),
    (("search", "shop-staging"), JONAS, True),
    ((), JONAS, True),
    ((), PRIYA, False),
]


@pytest.fixture
def remote(demo):
    return demo.forge.repositories[demo.shop.repository]


def change(demo, remote, applications):
    """A commit that touches these applications; its sha."""
    stamp = f"# {time.monotonic_ns()}\n"
    roots = {each.name: each.path for each in demo.shop.applications}
    paths = [f"{roots[name]}/note.yaml" for name in applications] or ["NOTES.md"]
    return remote.commit(demo.shop.branch, dict.fromkeys(paths, stamp), "Note something\n", "ana")


def opened_by_bot(remote):
    return [pull for pull in remote.listed() if pull.head.startswith("gitops-bot/")]


@pytest.mark.parametrize("way", ["command", "button", "mention"])
@pytest.mark.parametrize(("applications", "user", "may"), REVERTS)
def test_who_may_revert_what(demo, hands, store, remote, applications, user, may, way):
    sha = change(demo, remote, applications)
    before, written = len(opened_by_bot(remote)), len(list(store.audit_log.entries()))
    match way:
        case "command":
            said = hands.type(user, f"revert {sha}")
        case "button":
            said = hands.press(
                user, revert_message.REVERT_THIS, revert_message.button_value(RevertRequest("", Sha(sha)))
            )
        case _:
            before_whispers = len(demo.slack.ephemerals(user))
            demo.slack.say(user, ALERTS, f"@gitops revert {sha}")
            said = demo.slack.wait_for(lambda: hands.answered(user, before_whispers), PATIENCE)
    (entry,) = list(store.audit_log.entries())[written:]
    assert (entry.who, entry.what, entry.origin.value) == (user, f"revert {sha}", way)
    if may:
        assert "is open" in said
        assert len(opened_by_bot(remote)) == before + 1
        assert entry.result.startswith("Opened http")
        assert set(entry.applications) == set(applications)
    else:
        assert "You are not allowed to open pull requests here" in said
        assert len(opened_by_bot(remote)) == before
        assert entry.result.startswith("denied: ")


@pytest.mark.usefixtures("blind")
def test_a_group_that_slack_does_not_tell_allows_nobody(demo, hands, store):
    restart(demo)  # what Slack told of the group a moment ago is forgotten
    drifting(store, "shop-staging")
    demo.slack.services.scopes.discard("usergroups:read")
    try:
        said = hands.type(JONAS, "ack shop-staging")
    finally:
        demo.slack.services.scopes.add("usergroups:read")
    assert (
        "the bot could not get its members from Slack. Slack rejected the request: the Slack app is missing a scope"
        in said
    )
    assert store.incidents.open_for("shop-staging").state is IncidentState.OPEN
    assert list(store.audit_log.entries())[-1].result.startswith(f"denied, could not ask: {PLATFORM}")


def test_a_card_of_several_needs_the_right_on_each(hands, store):
    mine, other = (drifting(store, name, group="group-1") for name in ("search", "shop"))
    assert "You are not allowed" in hands.press(PRIYA, card.ACKNOWLEDGE, "group-1")
    assert {store.incidents.open_for(each.application).state for each in (mine, other)} == {IncidentState.OPEN}
    assert "You acknowledged" in hands.press(TOMAS, card.ACKNOWLEDGE, "group-1")
    assert {store.incidents.open_for(each.application).state for each in (mine, other)} == {IncidentState.ACKNOWLEDGED}


# ---------------------------------------------------------------- forged


FORGED = {
    "no such incident": "shop@2026-01-01T00:00:00+00:00",
    "no such application": "warehouse",
    "random": "".join(chr(33 + (7919 * number) % 90) for number in range(2_000)),
    "deep JSON": "[" * 2_000,
    "deep objects": '{"a":' * 400,
    "a huge number": "9" * 2_000,
    "wrong types": json.dumps({"text": ["x"], "application": {}, "flags": 7}),
    "a list": "[]",
    "an application that does not exist": json.dumps({"text": "abcdef1", "application": "warehouse", "flags": []}),
    "an option of git": json.dumps({"text": "--output=/tmp/x", "application": None, "flags": ["large", "only"]}),
    "markup": "<!channel> <@U0ANA> *bold*",
    "another language's digits": "\uff11\uff12\uff13",
}


@pytest.mark.parametrize("action", [card.ACKNOWLEDGE, card.CHECK_NOW, revert_message.REVERT_THIS])
@pytest.mark.parametrize("value", FORGED.values(), ids=FORGED)
def test_a_forged_value_does_nothing_and_is_answered_in_a_sentence(hands, store, remote, action, value):
    incident = drifting(store, "shop-staging")
    before = len(opened_by_bot(remote))
    said = hands.press(JONAS, action, value)
    assert said.endswith(".")
    assert "Something went wrong" not in said
    assert "<!channel>" not in said
    assert store.incidents.open_for("shop-staging") == incident
    assert len(opened_by_bot(remote)) == before


@pytest.mark.parametrize("action", [card.SNOOZE, card.SHOW_DIFF])
@pytest.mark.parametrize("value", FORGED.values(), ids=FORGED)
def test_a_forged_value_opens_a_window_that_says_so(hands, store, action, value):
    hands.click(JONAS, action, value)
    view = hands.window(JONAS)
    assert "submit" not in view.content
    assert re.search("no longer|no open incident", str(view.blocks))


def test_somebody_elses_incident_is_authorised_as_what_it_is(hands, store):
    theirs = drifting(store, "payments")
    for user in (JONAS, PRIYA, TOMAS):
        assert "You are not allowed" in hands.press(user, card.ACKNOWLEDGE, theirs.id)
    assert store.incidents.open_for("payments") == theirs


@pytest.mark.parametrize(
    "forge",
    [
        lambda theirs: f"{ALERTS} {theirs.id}",
        lambda theirs: f"C0NOWHERE {theirs.id}",
        lambda theirs: theirs.id,
        lambda _: f"{ALERTS} nothing",
        lambda _: "",
        lambda _: "x" * 3_000,
        lambda _: "[" * 3_000,
    ],
)
def test_forged_private_metadata_gives_no_right(demo, hands, store, forge):
    mine, theirs = drifting(store, "shop"), drifting(store, "payments")
    hands.click(TOMAS, card.SNOOZE, mine.id)
    view = hands.window(TOMAS)
    view.content["private_metadata"] = forge(theirs)
    before = len(list(store.audit_log.entries()))
    demo.slack.submit_view(TOMAS, view, {form.PICKED: "4h"})
    until(lambda: len(list(store.audit_log.entries())) > before)
    assert store.incidents.open_for("shop") == mine
    assert store.incidents.open_for("payments") == theirs


@pytest.mark.parametrize("typed", ["soon", "4m", "8d", "[" * 40, "until 25:00"])
def test_what_cannot_be_read_is_said_beside_the_input(demo, hands, store, typed):
    incident = drifting(store, "shop")
    hands.click(TOMAS, card.SNOOZE, incident.id)
    view = hands.window(TOMAS)
    demo.slack.submit_view(TOMAS, view, {form.PICKED: "4h", form.TYPED: typed})
    demo.slack.wait_for(lambda: view.errors, PATIENCE)
    assert "at least 5 minutes, at most 7 days" in view.errors[form.TYPED]
    assert store.incidents.open_for("shop") == incident


def test_what_is_typed_counts_before_what_is_picked_and_by_the_persons_own_clock(hands, store):
    incident = drifting(store, "shop")
    hands.snooze(TOMAS, incident.id, {form.PICKED: "4h", form.TYPED: "until 09:00"})
    until_when = store.incidents.open_for("shop").snoozed_until
    assert until_when.astimezone(HOME).strftime("%H:%M") == "09:00"
    assert timedelta(0) < until_when - datetime.now(tz=UTC) <= timedelta(days=1, hours=1)


def test_a_trigger_that_expired_says_to_press_again(demo, hands, store):
    incident = drifting(store, "shop")
    demo.slack.faults.refuse["views.open"] = "expired_trigger_id"
    try:
        for action, value in ((card.SNOOZE, incident.id), (card.SHOW_DIFF, "shop")):
            assert "click again" in hands.press(TOMAS, action, value)
    finally:
        demo.slack.faults.refuse.clear()


# ---------------------------------------------------------------- replayed


def reopened(store, application):
    """As something worse would have done."""
    incident = store.incidents.open_for(application)
    again = replace(incident, state=IncidentState.OPEN, acknowledged_by=None, snoozed_by=None, snoozed_until=None)
    assert store.incidents.exchange(incident, again)
    return again


@pytest.mark.usefixtures("blind")
@pytest.mark.parametrize("between", [lambda _: None, restart], ids=["at once", "after a restart"])
def test_a_replayed_click_and_submit_do_nothing(demo, hands, store, remote, between):
    """The replay of what was undone since would do it again; each is claimed once."""
    incident = drifting(store, "search")
    clicked = hands.click(PRIYA, card.ACKNOWLEDGE, incident.id)
    hands.answer(clicked)
    open_again = reopened(store, "search")
    hands.click(PRIYA, card.SNOOZE, incident.id)
    view = hands.window(PRIYA)
    submitted = demo.slack.submit_view(PRIYA, view, {form.PICKED: "4h"})
    until(lambda: store.incidents.open_for("search").state is IncidentState.SNOOZED)
    open_again = reopened(store, "search")
    sha = change(demo, remote, ("search",))
    value = revert_message.button_value(RevertRequest("", Sha(sha)))
    reverted = hands.click(JONAS, revert_message.REVERT_THIS, value)
    hands.answer(reverted)
    (pull,) = [pull for pull in opened_by_bot(remote) if pull.state == "open" and sha[:12] in pull.head]
    remote.close(pull.number)
    written, pulls = len(list(store.audit_log.entries())), len(opened_by_bot(remote))

    between(demo)
    for interaction in (clicked, submitted, reverted):
        hands.again(interaction)
    # The same person's next click is taken, and it stands behind the replays in time.
    assert "You acknowledged" in hands.press(PRIYA, card.ACKNOWLEDGE, open_again.id)
    demo.bot._work.drain(PATIENCE)
    restart(demo)

    assert [entry.result for entry in list(store.audit_log.entries())[written:]] == ["Done"]
    assert store.incidents.open_for("search").state is IncidentState.ACKNOWLEDGED
    assert len(opened_by_bot(remote)) == pulls


@pytest.mark.usefixtures("blind")
def test_an_event_that_slack_sends_again_is_heeded_once(demo, hands, store):
    drifting(store, "search")
    before = len(list(store.audit_log.entries()))
    demo.slack.faults.lost_acks = 1
    demo.slack.say(PRIYA, ALERTS, "@gitops ack search")
    (mention,) = [each for each in demo.slack.interactions if each.kind == "events_api"][-1:]
    demo.slack.wait_for(lambda: mention.done, PATIENCE)
    assert mention.deliveries == 2
    demo.bot._work.drain(PATIENCE)
    restart(demo)
    assert len(list(store.audit_log.entries())) == before + 1


# ---------------------------------------------------------------- mentions, who, pages


def test_a_mention_in_a_thread_is_answered_in_that_thread_to_who_asked(demo, hands):
    root = demo.slack.say(JONAS, ALERTS, "Is it all fine?")
    said = hands.whispered(PRIYA, lambda: demo.slack.say(PRIYA, ALERTS, "@gitops status", thread_ts=root.ts))
    assert said.text.startswith("6 applications")
    assert (said.thread_ts, said.ephemeral_for) == (root.ts, PRIYA)
    assert all(reply.user != BOT_USER for reply in demo.slack.thread(ALERTS, root.ts))


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("@gitops", "Type /gitops"),
        ("@gitops statsu", "Did you mean “status”"),
        ("@gitops who shop", "Who to ask"),
    ],
)
def test_a_mention_is_answered_like_the_command(demo, hands, text, answer):
    assert answer in hands.whispered(MIRA, lambda: demo.slack.say(MIRA, ALERTS, text)).text


def test_who_names_owners_whoever_has_it_and_the_people_of_its_commits(demo, hands, store, remote):
    drifting(store, "search", acknowledged_by=MIRA, acknowledged_at=datetime.now(tz=UTC))
    sha = change(demo, remote, ("search",))
    hands.type(JONAS, f"revert {sha}")
    (pull,) = [pull for pull in opened_by_bot(remote) if sha[:12] in pull.head]
    remote.review(pull.number, "bo", "APPROVED")
    remote.merge(pull.number, by="carla")
    asked = demo.slack.command(PRIYA, ALERTS, "who search")
    assert "owned by" in hands.answer(asked)
    blocks = str(asked.responses[-1].blocks)
    for part in (TOMAS, PLATFORM, MIRA, "merged by carla", "approved by bo", sha[:8]):
        assert part in blocks


@pytest.mark.parametrize("command", ["ack", "snooze"])
def test_an_application_without_an_incident_is_said_so(hands, store, command):
    said = hands.type(TOMAS, f"{command} shop")
    assert said == "shop: no open incident, so there is nothing to acknowledge or snooze."


def test_a_long_diff_is_turned_page_by_page(demo, hands):
    path = demo.cluster.api.path_of({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}}, "shop")
    added = {f"KEY_{number:03}": "x" * 200 for number in range(150)}
    patch = {"content_type": "application/merge-patch+json", "user_agent": "kubectl/v1.36.2"}
    demo.cluster.api.call("PATCH", path, {"data": added}, **patch)
    try:
        hands.click(PRIYA, card.SHOW_DIFF, "shop")
        seen, pages = set(), []
        view = hands.window(PRIYA)
        while True:
            seen |= set(re.findall(r"KEY_\d{3}", str(view.blocks)))
            pages.append(re.search(r"Page (\d+) of (\d+)", str(view.blocks)).groups())
            if diff_pages.NEXT not in str(view.blocks):
                break
            shown = view.hash
            demo.slack.click(PRIYA, view, diff_pages.NEXT)
            demo.slack.wait_for(lambda shown=shown, view=view: view.hash != shown, PATIENCE)
        assert seen == set(added)
        assert pages == [(str(number), str(len(pages))) for number in range(1, len(pages) + 1)]
        shown = view.hash
        demo.slack.click(PRIYA, view, diff_pages.PREVIOUS)
        demo.slack.wait_for(lambda: view.hash != shown, PATIENCE)
        assert f"Page {len(pages) - 1} of" in str(view.blocks)
    finally:
        demo.cluster.api.call("PATCH", path, {"data": dict.fromkeys(added)}, **patch)

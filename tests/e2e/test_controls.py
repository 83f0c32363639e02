"""Who may press and type what: each action and role through the real Bolt app, with payloads forged and replayed."""

import json
import re
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest

from bot.adapters.database.store import SqlStore
from bot.core.access.audit import Origin
from bot.core.incidents.incident import ACTIVE_STATES, IncidentEventType, IncidentState, add_event
from bot.core.pull_requests.change_ref import Sha
from bot.core.pull_requests.revert import RevertRequest
from bot.i18n.catalogue import store as store_texts
from bot.i18n.language import ENGLISH, LocalizedText
from bot.messages import diff_pages
from bot.messages import incident as card
from bot.messages import revert as revert_message
from bot.messages import snooze_modal as form
from bot.messages.adopt import ADOPT
from bot.messages.blocks import actions, button, overflow
from bot.ports.errors import PortError
from bot.sandbox.cluster import Fault
from bot.sandbox.slack import Message
from bot.sandbox.slack.interactions import Interaction
from bot.sandbox.slack.model import BOT_USER
from bot.work_pool import FullError
from tests.common import samples
from tests.common.demo import IDLE_SCHEDULE, bot_pull_requests, remote, restart_bot, running_demo
from tests.common.slack import ALERTS, JONAS, MIRA, PLATFORM, PRIYA, TOMAS, Person, content, methods_called
from tests.common.wait import DEADLINE, wait_for

SETTINGS = {
    "shop": {"silence_allowed": [TOMAS], "revert_allowed": [PRIYA]},
    "payments": {"silence_allowed": [], "revert_allowed": []},
    "search": {"silence_allowed": ["*"], "owners": [TOMAS, PLATFORM]},
}
HOME = ZoneInfo("Europe/Madrid")  # of everybody in the sandbox's Slack
NUMBERS = count()


@pytest.fixture(scope="module")
def demo():
    with running_demo(
        schedule=IDLE_SCHEDULE,
        revert_allowed=(PLATFORM,),
        slack_settings={"silence_allowed": [PLATFORM]},
        application_settings=SETTINGS,
    ) as demo:
        yield demo


def active(store):
    return [incident for incident in store.incidents.unsettled() if incident.state in ACTIVE_STATES]


def resolve(store, incident):
    ended = replace(incident, state=IncidentState.RESOLVED, resolved_at=incident.since, ended="cluster")
    return store.incidents.exchange(incident, ended)


@pytest.fixture
def store(demo):
    """The bot's own database, with no incident open."""
    with closing(SqlStore(demo.config.store)) as store:
        wait_for(lambda: not [incident for incident in active(store) if not resolve(store, incident)])
        yield store


@pytest.fixture
def audit_log(store):
    """Returns the entries that were added since the test began."""
    before = len(list(store.audit_log.entries()))
    return lambda: list(store.audit_log.entries())[before:]


def open_incident(store, application, **values):
    """Store an incident as a check would have opened it, whose suspects have been searched for."""
    now = datetime.now(tz=UTC)
    times = dict.fromkeys(("since", "checked_at", "opened_at", "announced_at"), now)
    id_ = f"{application}@{now.isoformat()}"
    cluster = "staging" if application.endswith("-staging") else "prod"
    incident = samples.incident(
        application, id=id_, cluster=cluster, repository="platform", suspects=(), **times, **values
    )
    assert store.incidents.exchange(None, incident)
    return incident


def state_of(store, application):
    return store.incidents.open_for(application).state


@pytest.fixture
def blind(demo):
    """A bot that restarts does not see that what these tests open is not drift."""
    demo.cluster.faults.add(Fault("*", status=503, identity="bot"))
    yield
    demo.cluster.faults.clear()


@pytest.fixture
def people(demo):
    """Everybody in Slack, by user id, with no modal open."""
    for view in demo.slack.views:
        demo.slack.close_view(view.user, view)
    return {user: Person(demo.slack, user) for user in (JONAS, MIRA, PRIYA, TOMAS)}


def press(person, action, value):
    """Press a button with any value; the answer's text."""
    return person.answer(person.click_forged(action, value)).text


def open_modal(person, action, value):
    """Press a button with any value; the modal that opens."""
    person.click_forged(action, value)
    return person.modal()


def snooze(person, subject, values):
    """Snooze through the modal: the text that refuses it, or the answer to its submission."""
    view = open_modal(person, card.SNOOZE, subject)
    if "submit" not in view.content:
        person.slack.close_view(person.user, view)
        return content(view)
    return person.ephemeral_after(lambda: person.submit(view, values)).text


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
WAYS_TO_SILENCE = {
    "ack": (lambda person, incident: person.type(f"ack {incident.application}").text, Origin.COMMAND),
    "snooze": (lambda person, incident: person.type(f"snooze {incident.application} 2d").text, Origin.COMMAND),
    "ack button": (lambda person, incident: press(person, card.ACKNOWLEDGE, incident.id), Origin.BUTTON),
    "snooze form": (lambda person, incident: snooze(person, incident.id, {form.PICKED: "4h"}), Origin.MODAL),
}


@pytest.mark.parametrize(
    ("way", "application", "user", "allowed"),
    [
        *(("ack", *row) for row in SILENCE),
        *((way, *row) for way in ("snooze", "ack button", "snooze form") for row in SILENCE[3:5]),
    ],
)
def test_who_may_silence_what(people, store, audit_log, application, user, allowed, way):
    act, origin = WAYS_TO_SILENCE[way]
    answer = act(people[user], open_incident(store, application))
    (entry,) = audit_log()
    assert (entry.who, entry.applications) == (user, (application,))
    if allowed:
        silenced = IncidentState.ACKNOWLEDGED if way.startswith("ack") else IncidentState.SNOOZED
        assert state_of(store, application) is silenced, answer
        assert (entry.result, entry.channel, entry.origin) == ("Done", ALERTS, origin)
    else:
        assert state_of(store, application) is IncidentState.OPEN
        assert "You are not allowed to acknowledge or snooze incidents here" in answer
        assert entry.result.startswith("denied: ")


def change(demo, applications):
    """A commit that touches these applications; its sha."""
    roots = {application.name: application.path for application in demo.shop.applications}
    paths = [f"{roots[name]}/note.yaml" for name in applications] or ["NOTES.md"]
    files = dict.fromkeys(paths, f"# {next(NUMBERS)}\n")
    return remote(demo).commit(demo.shop.branch, files, "Note something\n", "ana")


def revert_value(sha):
    """The value of a button that reverts a commit."""
    return revert_message.button_value(RevertRequest("", Sha(sha)))


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


@pytest.mark.parametrize(
    ("way", "applications", "user", "allowed"),
    [
        *(("command", *row) for row in REVERTS),
        *(
            (way, *row)
            for way in ("button", "mention")
            for row in ((("shop",), PRIYA, True), (("shop",), JONAS, False))
        ),
    ],
)
def test_who_may_revert_what(demo, people, audit_log, applications, user, allowed, way):
    person, sha = people[user], change(demo, applications)
    before = len(bot_pull_requests(demo))
    match way:
        case "command":
            answer = person.type(f"revert {sha}").text
        case "button":
            answer = press(person, revert_message.REVERT_THIS, revert_value(sha))
        case _:
            answer = person.ephemeral_after(lambda: demo.slack.say(user, ALERTS, f"@gitops revert {sha}")).text
    (entry,) = audit_log()
    assert (entry.who, entry.what, entry.origin.value) == (user, f"revert {sha}", way)
    if allowed:
        assert ": opened #" in answer
        assert len(bot_pull_requests(demo)) == before + 1
        assert entry.result.startswith("Opened http")
        assert set(entry.applications) == set(applications)
    else:
        assert "You are not allowed to open pull requests here" in answer
        assert len(bot_pull_requests(demo)) == before
        assert entry.result.startswith("denied: ")


@pytest.mark.usefixtures("blind")
def test_a_group_that_cannot_be_read_permits_nobody(demo, people, store, audit_log):
    restart_bot(demo)  # what Slack said about the group a moment ago is forgotten
    open_incident(store, "shop-staging")
    demo.slack.services.scopes.discard("usergroups:read")
    try:
        answer = people[JONAS].type("ack shop-staging").text
    finally:
        demo.slack.services.scopes.add("usergroups:read")
    assert (
        "the bot could not get the group's members from Slack. "
        "Slack rejected the request: the Slack app is missing a scope"
    ) in answer
    assert state_of(store, "shop-staging") is IncidentState.OPEN
    assert audit_log()[-1].result.startswith(f"denied, could not ask: {PLATFORM}")


def test_a_shared_card_needs_the_permission_on_each_application(people, store):
    names = ("search", "shop")
    for name in names:
        open_incident(store, name, group="group-1")
    assert "You are not allowed" in press(people[PRIYA], card.ACKNOWLEDGE, "group-1")
    assert {state_of(store, name) for name in names} == {IncidentState.OPEN}
    assert "You acknowledged" in press(people[TOMAS], card.ACKNOWLEDGE, "group-1")
    assert {state_of(store, name) for name in names} == {IncidentState.ACKNOWLEDGED}


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
def test_a_forged_value_does_nothing_and_is_answered_in_a_sentence(demo, people, store, action, subtests):
    incident = open_incident(store, "shop-staging")
    before = len(bot_pull_requests(demo))
    for name, value in FORGED.items():
        with subtests.test(name):
            answer = press(people[JONAS], action, value)
            assert answer.endswith(".")
            assert "Something went wrong" not in answer
            assert "<!channel>" not in answer
    assert store.incidents.open_for("shop-staging") == incident
    assert len(bot_pull_requests(demo)) == before


def choose(person, value):
    """Choose an entry of a menu, with any value."""
    workspace = person.slack.workspace
    menu = {**actions(overflow(card.MORE, [("This", value), ("Other", "other")])), "block_id": "forged"}
    message = workspace.post(Message(person.channel, workspace.ts(), BOT_USER, "A menu", [menu]))
    return person.click(message, card.MORE, value)


def test_the_entries_of_a_menu_do_what_the_buttons_do(people, store):
    incident = open_incident(store, "search")
    tomas = people[TOMAS]
    choose(tomas, f"{card.SNOOZE} {incident.id}")
    tomas.slack.close_view(TOMAS, tomas.modal("Or another duration"))
    assert "Check finished" in tomas.answer(choose(tomas, f"{card.CHECK_NOW} search")).text
    explained = content(tomas.answer(choose(tomas, f"{card.EXPLAIN} search")))
    assert "set aside because they are not drift" in explained


@pytest.mark.parametrize(("user", "answer"), [(MIRA, "is in sync with git"), (TOMAS, "You are not allowed")])
def test_adopting_from_the_menu_asks_first_and_is_authorized_when_confirmed(people, user, answer):
    person = people[user]
    choose(person, f"{ADOPT} search")
    asks = person.modal("Nothing changes until someone merges it")
    assert answer in person.ephemeral_after(lambda: person.submit(asks, {})).text


@pytest.mark.parametrize("value", ["gone search", "nothing", "adopt_ ", f"{card.EXPLAIN} warehouse"])
def test_an_entry_that_the_bot_does_not_know_is_answered_in_a_sentence(people, value):
    assert "no longer" in people[JONAS].answer(choose(people[JONAS], value)).text


@pytest.mark.parametrize("action", [card.SNOOZE, card.SHOW_DIFF])
def test_a_forged_value_opens_a_modal_that_says_so(people, action, subtests):
    for name, value in FORGED.items():
        with subtests.test(name):
            view = open_modal(people[JONAS], action, value)
            assert "submit" not in view.content
            assert re.search("no longer|no open incident", content(view))
            people[JONAS].slack.close_view(JONAS, view)


def test_the_id_of_another_applications_incident_needs_its_permission(people, store):
    incident = open_incident(store, "payments")
    for user in (JONAS, PRIYA, TOMAS):
        assert "You are not allowed" in press(people[user], card.ACKNOWLEDGE, incident.id)
    assert store.incidents.open_for("payments") == incident


@pytest.mark.parametrize(
    "forge",
    [
        lambda other: f"{ALERTS} {other.id}",
        lambda other: f"C0NOWHERE {other.id}",
        lambda other: other.id,
        lambda _: f"{ALERTS} nothing",
        lambda _: "",
        lambda _: "x" * 3_000,
        lambda _: "[" * 3_000,
    ],
)
def test_forged_private_metadata_gives_no_permission(people, store, audit_log, forge):
    own, other = open_incident(store, "shop"), open_incident(store, "payments")
    view = open_modal(people[TOMAS], card.SNOOZE, own.id)
    view.content["private_metadata"] = forge(other)
    people[TOMAS].submit(view, {form.PICKED: "4h"})
    wait_for(audit_log)
    assert store.incidents.open_for("shop") == own
    assert store.incidents.open_for("payments") == other


def test_a_duration_that_cannot_be_read_is_refused_next_to_the_input(people, store, subtests):
    incident = open_incident(store, "shop")
    view = open_modal(people[TOMAS], card.SNOOZE, incident.id)
    for text in ("soon", "4m", "8d", "[" * 40, "until 25:00"):
        with subtests.test(text):
            view.errors.clear()
            people[TOMAS].submit(view, {form.PICKED: "4h", form.TYPED: text})
            wait_for(lambda: view.errors)
            assert "at least 5 minutes and at most 7 days" in view.errors[form.TYPED]
    assert store.incidents.open_for("shop") == incident


@pytest.mark.parametrize("what", ["worsened", "joined"])
def test_drift_that_the_form_did_not_show_is_not_snoozed(people, store, audit_log, what):
    incident = open_incident(store, "shop", group="shared")
    view = open_modal(people[TOMAS], card.SNOOZE, "shared")
    now = datetime.now(tz=UTC)
    if what == "worsened":
        worse = add_event(incident, IncidentEventType.WORSENED, now, drift=incident.drift)
        assert store.incidents.exchange(incident, worse)
    else:
        open_incident(store, "search", group="shared")
    answer = people[TOMAS].ephemeral_after(lambda: people[TOMAS].submit(view, {form.PICKED: "4h"}))
    assert "new drift was found after you opened the form, so nothing was snoozed" in answer.text
    assert state_of(store, "shop") is IncidentState.OPEN
    assert [entry.result for entry in audit_log()] == ["drift got worse"]
    assert "You snoozed" in snooze(people[TOMAS], "shared", {form.PICKED: "4h"})


def test_a_typed_time_overrides_the_picked_one_and_is_in_the_persons_time_zone(people, store):
    incident = open_incident(store, "shop")
    snooze(people[TOMAS], incident.id, {form.PICKED: "4h", form.TYPED: "until 09:00"})
    snoozed_until = store.incidents.open_for("shop").snoozed_until
    assert snoozed_until.astimezone(HOME).strftime("%H:%M") == "09:00"
    assert timedelta(0) < snoozed_until - datetime.now(tz=UTC) <= timedelta(days=1, hours=1)


def test_an_expired_trigger_says_to_press_again(demo, people, store):
    incident = open_incident(store, "shop")
    demo.slack.faults.refuse["views.open"] = "expired_trigger_id"
    try:
        for action, value in ((card.SNOOZE, incident.id), (card.SHOW_DIFF, "shop")):
            assert "click again" in press(people[TOMAS], action, value)
    finally:
        demo.slack.faults.refuse.clear()


def test_a_modal_that_was_closed_before_it_is_filled_says_nothing(demo, people, store):
    open_incident(store, "shop")
    before = len(demo.slack.ephemerals(TOMAS))
    demo.slack.faults.refuse["views.update"] = "not_found"
    try:
        people[TOMAS].click_forged(card.SHOW_DIFF, "shop")
        wait_for(lambda: "views.update" in methods_called(demo.slack)[-5:])
    finally:
        demo.slack.faults.refuse.clear()
    assert "applications" in people[TOMAS].type("status").text
    assert not [message.text for message in demo.slack.ephemerals(TOMAS)[before:] if "not_found" in message.text]


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (PortError(LocalizedText(store_texts.SILENT, kind="SQLite")), "SQLite"),
        (KeyError("unexpected"), "Log reference"),
        (FullError(), "queued"),
    ],
    ids=["port", "unexpected", "full"],
)
def test_a_modal_shows_why_it_cannot_be_filled(demo, people, store, monkeypatch, failure, words, subtests):
    """Not behind the modal, which would show "Reading shop…" or the previous page until it is closed."""
    incident, mira = open_incident(store, "shop"), people[MIRA]

    def fail(*_, **__):
        raise failure

    page = {**diff_pages.loading_view(ENGLISH, ["shop"]), "private_metadata": "shop"}
    page["blocks"] = [*page["blocks"], {**actions(button("Next", diff_pages.NEXT, "1")), "block_id": "pages"}]
    for action, value in ((card.SHOW_DIFF, "shop"), (card.SNOOZE, incident.id), (diff_pages.NEXT, "1")):
        with subtests.test(action), monkeypatch.context() as patch:
            if action == diff_pages.NEXT:
                patch.setattr(demo.bot._commands, "diff_now", lambda *_: page)
                mira.click_forged(card.SHOW_DIFF, "shop")
                view = mira.modal("Next")
            before = len(demo.slack.ephemerals(MIRA))
            for method in ("diff_now", "diff_page", "offer_snooze"):
                patch.setattr(demo.bot._commands, method, fail)
            if isinstance(failure, FullError):
                patch.setattr(demo.bot._work, "submit", fail)
            interaction = mira.click(view, action) if action == diff_pages.NEXT else mira.click_forged(action, value)
            shown = mira.modal(words)
            assert (interaction.responses, demo.slack.ephemerals(MIRA)[before:]) == ([], [])
            demo.slack.close_view(MIRA, shown)


def test_an_answer_whose_blocks_slack_rejects_is_given_as_text(demo, people):
    demo.slack.faults.unsupported_blocks = frozenset({"rich_text"})
    try:
        answer = people[MIRA].ephemeral_after(lambda: demo.slack.say(MIRA, ALERTS, "@gitops who shop"))
    finally:
        demo.slack.faults.unsupported_blocks = frozenset()
    assert (answer.text[:10], answer.blocks) == ("Who to ask", [])


@pytest.mark.parametrize("repositories", [2, 9])
def test_the_history_of_several_repositories_fits_in_a_message(demo, people, monkeypatch, repositories):
    """A mention is answered by chat.postEphemeral, which accepts less than a response URL."""
    commands = demo.bot._commands
    monkeypatch.setattr(commands, "_repositories", lambda: list(demo.config.repositories) * repositories)
    answer = people[MIRA].ephemeral_after(lambda: demo.slack.say(MIRA, ALERTS, "@gitops history"))
    assert content(answer).count("commits on main") == min(repositories, 8)


# ---------------------------------------------------------------- replayed


def reopen(store, application):
    """As worse drift would; the incident."""
    incident = store.incidents.open_for(application)
    again = replace(incident, state=IncidentState.OPEN, acknowledged_by=None, snoozed_by=None, snoozed_until=None)
    assert store.incidents.exchange(incident, again)
    return again


def replay(slack, interaction):
    """Send Slack's payload a second time; returns once it is acknowledged."""
    copy = Interaction(interaction.kind, interaction.user, interaction.channel, interaction.payload)
    slack._send(copy, lambda _: None)
    wait_for(lambda: copy.done)


@pytest.mark.usefixtures("blind")
@pytest.mark.parametrize("between", [lambda _: None, restart_bot], ids=["at once", "after a restart"])
def test_a_replayed_click_and_submission_do_nothing(demo, people, store, audit_log, between):
    """Replayed after it was undone, it would be done again: each is claimed once."""
    priya, jonas = people[PRIYA], people[JONAS]
    incident = open_incident(store, "search")
    clicked = priya.click_forged(card.ACKNOWLEDGE, incident.id)
    priya.answer(clicked)
    reopen(store, "search")
    submitted = priya.submit(open_modal(priya, card.SNOOZE, incident.id), {form.PICKED: "4h"})
    wait_for(lambda: state_of(store, "search") is IncidentState.SNOOZED)
    reopened = reopen(store, "search")
    sha = change(demo, ("search",))
    reverted = jonas.click_forged(revert_message.REVERT_THIS, revert_value(sha))
    jonas.answer(reverted)
    (pull,) = [pull for pull in bot_pull_requests(demo) if pull.state == "open" and sha in pull.head]
    remote(demo).close(pull.number)
    entries, pulls = len(audit_log()), len(bot_pull_requests(demo))

    between(demo)
    for interaction in (clicked, submitted, reverted):
        replay(demo.slack, interaction)
    # The same person's next click is accepted, and it comes after the replays.
    assert "You acknowledged" in press(priya, card.ACKNOWLEDGE, reopened.id)
    demo.bot._work.drain(DEADLINE)
    restart_bot(demo)

    assert [entry.result for entry in audit_log()[entries:]] == ["Done"]
    assert state_of(store, "search") is IncidentState.ACKNOWLEDGED
    assert len(bot_pull_requests(demo)) == pulls


@pytest.mark.usefixtures("blind")
def test_an_event_that_slack_sends_again_is_handled_once(demo, store, audit_log):
    open_incident(store, "search")
    demo.slack.faults.lost_acks = 1
    demo.slack.say(PRIYA, ALERTS, "@gitops ack search")
    (mention,) = [interaction for interaction in demo.slack.interactions if interaction.kind == "events_api"][-1:]
    wait_for(lambda: mention.done)
    assert mention.deliveries == 2
    demo.bot._work.drain(DEADLINE)
    restart_bot(demo)
    assert len(audit_log()) == 1


# ---------------------------------------------------------------- mentions, who, pages


def test_a_mention_in_a_thread_is_answered_there_to_whoever_asked(demo, people):
    root = demo.slack.say(JONAS, ALERTS, "Is it all fine?")
    answer = people[PRIYA].ephemeral_after(lambda: demo.slack.say(PRIYA, ALERTS, "@gitops status", thread_ts=root.ts))
    assert answer.text.startswith("6 applications")
    assert (answer.thread_ts, answer.ephemeral_for) == (root.ts, PRIYA)
    assert all(reply.user != BOT_USER for reply in demo.slack.thread(ALERTS, root.ts))


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("@gitops", "Type /gitops"),
        ("@gitops statsu", "Did you mean “status”"),
        ("@gitops who shop", "Who to ask"),
    ],
)
def test_a_mention_is_answered_like_the_command(demo, people, text, answer):
    assert answer in people[MIRA].ephemeral_after(lambda: demo.slack.say(MIRA, ALERTS, text)).text


def test_who_names_owners_the_acknowledger_and_the_authors_of_recent_commits(demo, people, store):
    open_incident(store, "search", acknowledged_by=MIRA, acknowledged_at=datetime.now(tz=UTC))
    sha = change(demo, ("search",))
    people[JONAS].type(f"revert {sha}")
    (pull,) = [pull for pull in bot_pull_requests(demo) if sha in pull.head]
    remote(demo).review(pull.number, "bo", "APPROVED")
    remote(demo).merge(pull.number, by="carla")
    answer = people[PRIYA].type("who search")
    assert "(owners)" in answer.text
    for part in (TOMAS, PLATFORM, MIRA, "merged by carla", "approved by bo", sha[:8]):
        assert part in content(answer)


@pytest.mark.parametrize("command", ["ack", "snooze"])
def test_an_application_without_an_incident_says_so(people, command):
    answer = people[TOMAS].type(f"{command} shop").text
    assert answer == "shop: there is no open incident to acknowledge or snooze."


def test_a_long_diff_is_read_page_by_page(demo, people):
    priya = people[PRIYA]
    path = demo.cluster.api.path_of({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}}, "shop")
    added = {f"KEY_{number:03}": "x" * 200 for number in range(150)}
    patch = {"content_type": "application/merge-patch+json", "user_agent": "kubectl/v1.36.2"}
    demo.cluster.api.call("PATCH", path, {"data": added}, **patch)

    def turn(view, action):
        shown = view.hash
        priya.click(view, action)
        wait_for(lambda: view.hash != shown)

    try:
        keys, pages = set(), []
        view = open_modal(priya, card.SHOW_DIFF, "shop")
        while True:
            keys |= set(re.findall(r"KEY_\d{3}", content(view)))
            pages.append(re.search(r"Page (\d+) of (\d+)", content(view)).groups())
            if diff_pages.NEXT not in content(view):
                break
            turn(view, diff_pages.NEXT)
        assert keys == set(added)
        assert pages == [(str(number), str(len(pages))) for number in range(1, len(pages) + 1)]
        turn(view, diff_pages.PREVIOUS)
        assert f"Page {len(pages) - 1} of" in content(view)
    finally:
        demo.cluster.api.call("PATCH", path, {"data": dict.fromkeys(added)}, **patch)


def test_an_incident_is_taken_over_released_and_woken_in_the_open(people, store, blind):
    """Jonas and Mira share an incident: each answer says what happened, and no click takes it over by accident."""
    jonas, mira = people[JONAS], people[MIRA]
    incident = open_incident(store, "shop-staging")
    assert "You acknowledged" in jonas.type("ack shop-staging").text
    assert "You already acknowledged shop-staging" in jonas.type("ack shop-staging").text
    jonas.type("snooze shop-staging 4h")
    shown = jonas.card("💤", "Acknowledged by", "Snoozed by")
    assert card.TAKE_OVER in str(shown.blocks)

    assert "already acknowledged" in press(mira, card.ACKNOWLEDGE, incident.id)
    assert "so you cannot release the incident" in press(mira, card.RELEASE, incident.id)
    assert store.incidents.open_for("shop-staging").acknowledged_by == JONAS
    assert "snooze ended" in mira.type("snooze shop-staging off").text
    assert "You took over shop-staging from" in press(mira, card.TAKE_OVER, incident.id)
    reply = jonas.reply(shown, "Acknowledged: shop-staging")
    taken = wait_for(lambda: [each for each in thread_of(jonas, reply) if "took over" in str(each.blocks)])
    assert f"'user_id': '{JONAS}'" in str(taken[0].blocks)
    assert MIRA not in str(taken[0].blocks)

    assert "shop-staging: incident released" in mira.type("release shop-staging").text
    assert "Nobody has acknowledged" in mira.type("release shop-staging").text
    assert state_of(store, "shop-staging") is IncidentState.OPEN


def thread_of(person, reply):
    return person.slack.thread(reply.channel, reply.thread_ts)

"""The life of alerts: shared cards, quiet hours, snoozes, reminders, escalation. Real git, local cluster and Slack."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import count
from threading import Barrier, BrokenBarrierError

import pytest

from bot.core.access.audit import Origin
from bot.core.access.requester import Requester
from bot.core.drift import bounded
from bot.core.drift.model import Status
from bot.core.incidents.incident import IncidentEventType, IncidentState
from bot.core.incidents.snooze_period import SnoozeUntil
from bot.handlers.command_service import CommandService
from bot.handlers.incidents import record
from bot.handlers.incidents.silence_service import ApplicationTarget, CardTarget
from bot.handlers.incidents.transition import Changed, acknowledge, snooze
from bot.handlers.slack.people import People
from bot.i18n.language import ENGLISH
from bot.messages.incident import ACKNOWLEDGE, SNOOZE, parse_option
from tests.common.bot import application_settings
from tests.common.clock import Clock
from tests.common.kubernetes import FLUX, as_yaml, config_map, deployment
from tests.common.samples import incident
from tests.common.slack import ALERTS, DEPLOYS, JONAS, cards, content, headlines, replies

QUIET_NIGHT = {"quiet_hours": {"from": "22:00", "to": "07:00", "zone": "Europe/Madrid"}}
# A Monday in winter: Madrid is one hour ahead of UTC.
AFTERNOON = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)

FACT = "ConfigMap settings key “level” info → debug"


def settings(level="info", mode="a"):
    manifest = config_map(level=level)
    manifest["metadata"]["labels"] = {"mode": mode}
    return manifest


class Watched:
    """Applications a, b, c … in namespaces of those names, deployed, and the bot that watches them."""

    def __init__(self, bot, source, cluster, names, alerts):
        self.bot, self.source, self.cluster, self.names = bot, source, cluster, names
        self.slack, self.clock = bot.slack, bot.clock
        bot.start(applications={name: application_settings(name) for name in names}, alerts={"looks": 1, **alerts})
        source.commit("First", {f"apps/{name}/settings.yaml": as_yaml(settings()) for name in names})
        for name in names:
            cluster.apply(settings(), namespace=name, manager=FLUX)
        self.check()

    def at(self, hour, minute=0, day=2):
        """Set the clocks in Madrid."""
        self.clock.now = datetime(2026, 3, day, hour, minute, tzinfo=UTC) - timedelta(hours=1)

    def check(self, *names, seconds=1):
        self.bot.check(*(names or self.names), seconds=seconds)

    def advance(self, **duration):
        """Time passes, and cards are reconciled before and after, as the schedule does."""
        for _ in range(3):
            self.bot.monitor.reconcile_cards()
        self.clock.advance(**duration)
        for _ in range(3):
            self.bot.monitor.reconcile_cards()

    def edit(self, *names, level="debug"):
        for name in names:
            self.cluster.edit(settings(), name, {"data": {"level": level}})

    def label(self, name):
        self.cluster.edit(settings(), name, {"metadata": {"labels": {"mode": "b"}}})

    def acknowledge(self, subject):
        return acknowledge(self.bot.ports, [subject], JONAS, self.clock())

    def incident(self, name):
        return self.bot.store.incidents.open_for(name)

    @property
    def cards(self):
        return cards(self.slack)

    @property
    def headlines(self):
        return headlines(self.slack)

    @property
    def replies(self):
        return [reply.text for reply in replies(self.slack)]


@pytest.fixture
def clock():
    return Clock(AFTERNOON)


@pytest.fixture
def watch(bot, source, cluster):
    """Deploys applications of these one-letter names and watches them, with this `alerts:` configuration."""
    return lambda names="a", **alerts: Watched(bot, source, cluster, list(names), alerts or {"group": 5})


def subjects(card):
    """The values of the buttons and of the menu's entries, by their action ids."""
    (row,) = [block for block in card.blocks if block["type"] == "actions"]
    *buttons, menu = row["elements"]
    entries = dict(parse_option(option["value"]) for option in menu["options"])
    return entries | {button["action_id"]: button["value"] for button in buttons}


def test_what_is_stored_of_an_application_is_bounded(watch, monkeypatch):
    monkeypatch.setattr(bounded, "MAX_OF_APPLICATION", 1)
    watched = watch("ab")
    watched.label("a")
    watched.edit("a", "b")
    watched.check()
    stored = watched.bot.store.checks.latest()["a"].drift
    assert [field.path for item in stored for field in item.fields] == ["data.level"]
    assert watched.incident("a").drift == watched.incident("a").worst == stored
    assert watched.incident("b").state is IncidentState.OPEN
    watched.advance(seconds=5)
    assert "and 1 more change" in str(cards(watched.slack))
    (whole,) = watched.bot.monitor.check(["a"])
    assert {field.path for item in whole.drift for field in item.fields} == {"data.level", "metadata.labels.mode"}
    bot = watched.bot
    commands = CommandService(bot.config, bot.ports, bot.monitor, People(bot.ports.chat, {}, bot.clock))
    page = commands.diff_page(Requester(JONAS, "jonas", ALERTS, Origin.COMMAND, ENGLISH), "a", 0)
    assert "mode: b" in str(page)


# ---------------------------------------------------------------- clocks


@pytest.mark.parametrize("ahead", [timedelta(minutes=10), timedelta(days=365)])
def test_an_alert_from_a_clock_that_was_ahead_is_repeated_and_escalated(watch, ahead):
    watched = watch("a", remind="4h", escalate={"after": "30m", "to": ["S0123456"]})
    watched.clock.now += ahead
    watched.edit("a")
    watched.check()
    watched.advance(seconds=5)
    snooze(watched.bot.ports, [watched.incident("a").id], JONAS, watched.clock() + timedelta(hours=1), watched.clock())
    watched.clock.now -= ahead
    watched.advance(seconds=5)
    assert watched.incident("a").snoozed_until <= watched.clock() + timedelta(hours=1)
    watched.advance(hours=1)
    watched.advance(minutes=30)
    watched.advance(hours=4)
    _, ended, escalated, reminder = watched.replies
    assert ("snooze ended" in ended, "not acknowledged" in escalated, "drifting since" in reminder) == (True,) * 3


def test_no_alert_joins_a_card_of_a_clock_that_was_ahead(watch):
    watched = watch("abcdef")
    watched.clock.now += timedelta(days=1)
    watched.edit(*"abcde")
    watched.check()
    watched.advance(seconds=5)
    watched.clock.now -= timedelta(hours=12)
    watched.edit("f")
    watched.check()
    watched.advance(seconds=5)
    assert len(watched.headlines) == 2


def test_a_resource_version_that_is_used_again_hides_no_edit(watch):
    """As after etcd was restored from a backup."""
    watched = watch()
    api = watched.cluster.sandbox.api.store
    backup, version = {kind: dict(entries) for kind, entries in api._collections.items()}, api.version
    watched.source.commit("Second", {"apps/a/settings.yaml": as_yaml(settings("warn"))})
    watched.cluster.apply(settings("warn"), namespace="a", manager=FLUX)
    watched.check()
    assert watched.bot.store.checks.latest()["a"].status is Status.SYNCED
    api._collections, api.version = backup, version
    api._sorted.clear()
    api.log.clear()
    watched.edit("a", level="evil")
    watched.check()
    assert watched.bot.store.checks.latest()["a"].status is Status.OUT_OF_SYNC


# ---------------------------------------------------------------- shared cards


def test_many_incidents_share_one_card_that_is_acknowledged_and_resolved_together(watch):
    watched = watch("abcdef")
    watched.edit("a", "b", "c", "d", "e")
    watched.check()
    assert watched.headlines == [f"🟠 5 applications on prod: {FACT}"]
    (card,) = watched.cards
    assert "'a, b, c, d and e'" in str(card.blocks)
    subject = subjects(card)[ACKNOWLEDGE]
    assert subject == subjects(card)[SNOOZE] == watched.incident("a").group
    assert isinstance(watched.acknowledge(subject), Changed)
    watched.advance(seconds=5)
    assert watched.headlines == [f"👀 🟠 5 applications on prod: {FACT}"]
    assert watched.replies == ["Acknowledged: a, b, c, d and e on prod."]
    watched.edit("a", "b", level="info")
    watched.check()
    assert watched.headlines == [f"👀 🟠 3 of 5 applications on prod: {FACT}"]
    watched.edit("c", "d", "e", level="info")
    watched.check()
    assert watched.headlines == ["✅ Resolved: 5 applications on prod"]
    assert watched.replies[1] == "Back in sync: a and b on prod. 3 applications are still drifting."
    assert watched.replies[2].startswith("All 5 applications are back in sync after")
    assert len(watched.replies) == 3
    assert watched.bot.store.incidents.unsettled() == []


def test_later_incidents_join_a_shared_card_for_two_minutes(watch):
    watched = watch("abcdefgh")
    watched.edit("a", "b", "c", "d", "e")
    watched.check()
    watched.edit("f")
    watched.check("f", seconds=60)
    assert watched.headlines == [f"🟠 6 applications on prod: {FACT}"]
    watched.edit("g")
    watched.check("g", seconds=121)
    assert watched.headlines == [f"🟠 6 applications on prod: {FACT}", f"🟠 g · prod: {FACT}"]


@pytest.mark.parametrize("silence", [None, acknowledge, snooze])
def test_worse_incidents_that_join_a_shared_card_notify(watch, silence):
    watched = watch("abcdefgh")
    for name in "abcde":
        watched.label(name)
    watched.check()
    if silence:
        end = [watched.clock() + timedelta(hours=3)] if silence is snooze else []
        silence(watched.bot.ports, [watched.incident("a").group], JONAS, *end, watched.clock())
    label = "ConfigMap settings label mode a → b"
    shared = f"5 applications on prod: {label}"
    watched.edit("f", "g")
    watched.label("h")
    watched.check(seconds=60)
    if silence:
        assert len(watched.replies) == 1
        state = "💤" if silence is snooze else "👀"
        assert sorted(watched.headlines) == sorted(
            [f"{state} 🟡 {shared}", f"🟠 f · prod: {FACT}", f"🟠 g · prod: {FACT}", f"🟡 h · prod: {label}"]
        )
    else:
        assert watched.headlines == [f"🟠 8 applications on prod: {FACT} (in f)"]
        expected = f"Serious drift in f and g on prod since 17:31 UTC, worse than the rest of this alert: {FACT}."
        assert watched.replies == [expected]
    watched.bot.restart()
    watched.advance(minutes=1)
    assert len(watched.replies) == 1


def test_an_incident_with_a_card_of_its_own_keeps_it_when_many_follow(watch):
    watched = watch("abcdef")
    watched.edit("a")
    watched.check()
    watched.edit("b", "c", "d", "e", "f")
    watched.check()
    assert watched.headlines == [f"🟠 a · prod: {FACT}", f"🟠 5 applications on prod: {FACT}"]
    watched.bot.restart()
    watched.check()
    assert len(watched.cards) == 2


def test_a_deleted_shared_card_is_posted_again(watch):
    watched = watch("abcde")
    watched.edit(*"abcde")
    watched.check()
    watched.slack.delete_message(ALERTS, watched.cards[0].ts)
    watched.edit("a", level="info")
    watched.check()
    watched.advance(seconds=5)
    watched.advance(seconds=5)
    (card,) = watched.cards
    assert watched.headlines == [f"🟠 4 of 5 applications on prod: {FACT}"]
    assert [reply.thread_ts for reply in replies(watched.slack)] == [card.ts]


# ---------------------------------------------------------------- people and time


def test_a_snooze_is_quiet_and_its_end_is_announced_once(watch):
    watched = watch(remind="1h")
    watched.edit("a")
    watched.check()
    snooze(watched.bot.ports, [watched.incident("a").id], JONAS, watched.clock() + timedelta(hours=3), watched.clock())
    watched.advance(hours=2, minutes=59)
    assert len(watched.replies) == 1
    assert watched.headlines == [f"💤 🟠 a · prod: {FACT}"]
    watched.bot.restart()
    watched.advance(minutes=1)
    assert watched.headlines == [f"🟠 a · prod: {FACT}"]
    assert watched.replies[1:] == ["a on prod: snooze ended, still drifting."]
    watched.advance(minutes=59)
    assert len(watched.replies) == 2
    watched.advance(minutes=1)
    assert watched.replies[2].startswith("a on prod: drifting since")


@pytest.mark.parametrize(
    ("earlier", "last", "answer", "reply"),
    [
        ("ack a", "release a", "a: incident released, open again.", "No longer acknowledged: a on prod."),
        ("ack a, snooze a", "release a", "a: incident released, still snoozed until ", "No longer acknowledged: a on"),
        ("snooze a", "off a", "a: snooze ended, open again.", "a on prod: snooze ended"),
        ("ack a, snooze a", "off a", f"a: snooze ended, still acknowledged by {JONAS}.", "a on prod: snooze ended"),
        # Of a shared card, only those that change are named.
        ("ack a", "ack card", "You acknowledged b.", "Acknowledged: b on prod."),
        ("snooze a", "snooze card", "You snoozed b until ", "Snoozed until "),
        (
            "ack a, snooze card",
            "off card",
            f"a: snooze ended, still acknowledged by {JONAS}. b: snooze ended, open again.",
            "a and b on prod: snooze ended",
        ),
    ],
)
def test_an_answer_tells_what_its_incidents_are_now(watch, earlier, last, answer, reply):
    watched = watch("ab", group=2)
    watched.edit("a", "b")
    watched.check()
    watched.advance(seconds=1)
    bot = watched.bot
    commands = CommandService(bot.config, bot.ports, bot.monitor, People(bot.ports.chat, {}, bot.clock))
    jonas = Requester(JONAS, "jonas", ALERTS, Origin.COMMAND, ENGLISH)
    actions = {
        "ack": commands.acknowledge,
        "release": commands.release,
        "snooze": lambda requester, target: commands.snooze(requester, target, SnoozeUntil(time(21, 30))),
        "off": commands.unsnooze,
    }

    def do(request):
        action, target = request.split()
        shared = CardTarget(watched.incident("a").card_id)
        message = actions[action](jonas, shared if target == "card" else ApplicationTarget(target))
        watched.advance(seconds=1)
        return message.text

    for request in earlier.split(", "):
        do(request)
    assert do(last).startswith(answer)
    assert watched.replies[-1].startswith(reply)


def test_only_worse_drift_ends_an_acknowledgement(watch):
    watched = watch()
    watched.label("a")
    watched.check()
    watched.acknowledge(watched.incident("a").id)
    watched.check()
    assert watched.headlines == ["👀 🟡 a · prod: ConfigMap settings label mode a → b"]
    watched.edit("a")
    watched.check()
    assert watched.headlines == [f"🟠 a · prod: {FACT}"]
    assert "key “level” info → debug" in watched.replies[-1]
    assert len(watched.replies) == 2


def test_reminders_come_once_a_period_across_restarts(watch):
    watched = watch(remind="4h")
    watched.edit("a")
    watched.check()
    for period in range(1, 4):
        watched.advance(hours=3, minutes=59)
        watched.bot.restart()
        watched.advance(minutes=1)
        assert len(watched.replies) == period
    watched.edit("a", level="info")
    watched.check()
    watched.advance(hours=9)
    assert len(watched.replies) == 4


@pytest.mark.parametrize("elsewhere", [False, True])
def test_an_escalation_mentions_people_once(watch, elsewhere):
    channel = {"channel": DEPLOYS} if elsewhere else {}
    watched = watch(escalate={"after": "30m", "to": [JONAS, "S0ONCALL"], **channel})
    watched.edit("a")
    watched.check()
    watched.advance(minutes=29)
    assert watched.replies == []
    watched.advance(minutes=1)
    watched.bot.restart()
    watched.advance(hours=5)
    if elsewhere:
        assert watched.replies == []
        (call,) = watched.slack.messages(DEPLOYS)
        assert f"'channel_id': '{ALERTS}'" in str(call.blocks)
    else:
        (call,) = replies(watched.slack)
        assert call.broadcast
    assert "'usergroup_id': 'S0ONCALL'" in str(call.blocks)
    assert f"'user_id': '{JONAS}'" in str(call.blocks)
    assert "not acknowledged" in call.text


def test_an_escalation_that_its_channel_rejects_goes_to_the_thread(watch):
    """And later to the channel too, once the bot is there."""
    watched = watch(escalate={"after": "30m", "to": [JONAS], "channel": DEPLOYS})
    watched.slack.remove_bot(DEPLOYS)
    watched.edit("a")
    watched.check()
    watched.advance(minutes=30)
    watched.bot.restart()
    watched.advance(hours=1)
    (reply,) = replies(watched.slack)
    assert reply.broadcast
    assert f"'user_id': '{JONAS}'" in str(reply.blocks)
    assert all(f"the bot is not in {DEPLOYS}; invite it" in text for text in (reply.text, str(reply.blocks)))
    watched.slack.invite_bot(DEPLOYS)
    watched.advance(hours=1)
    assert "not acknowledged" in watched.slack.messages(DEPLOYS)[-1].text
    assert len(watched.replies) == 1


def test_an_acknowledged_incident_is_neither_repeated_nor_escalated(watch):
    watched = watch(remind="1h", escalate={"after": "30m", "to": [JONAS]})
    watched.edit("a")
    watched.check()
    watched.acknowledge(watched.incident("a").id)
    watched.advance(hours=20)
    assert watched.replies == ["Acknowledged: a on prod."]


# ---------------------------------------------------------------- quiet hours


def test_drift_in_quiet_hours_is_announced_afterwards_with_its_true_start(watch):
    watched = watch("ab", **QUIET_NIGHT)
    watched.at(22, 30)
    watched.edit("a")
    watched.check()
    watched.at(6, 59, day=3)
    watched.advance(seconds=50)
    assert watched.cards == []
    watched.at(7, day=3)
    watched.advance(seconds=1)
    assert watched.headlines == [f"🟠 a · prod: {FACT}"]
    assert "21:30 UTC" in str(watched.cards[0].blocks)


def test_drift_that_comes_and_goes_in_quiet_hours_is_not_announced(watch):
    watched = watch(**QUIET_NIGHT)
    watched.at(23)
    watched.edit("a")
    watched.check()
    watched.edit("a", level="info")
    watched.check()
    watched.at(9, day=3)
    watched.advance(minutes=5)
    assert watched.cards == []
    assert watched.bot.store.incidents.unsettled() == []


def test_in_quiet_hours_a_card_is_updated_and_replies_wait(watch):
    watched = watch(remind="1h", **QUIET_NIGHT)
    watched.at(21, 30)
    watched.edit("a")
    watched.check()
    watched.at(2, day=3)
    watched.label("a")
    watched.check()
    assert "labels.mode" in str(watched.cards[0].blocks)
    watched.at(3, day=3)
    watched.cluster.edit(settings(), "a", settings())
    watched.check()
    assert watched.headlines == [f"✅ Resolved · a · prod: {FACT}"]
    assert watched.replies == []
    watched.bot.restart()
    watched.at(7, day=3)
    watched.advance(seconds=1)
    assert [reply.split(":")[0] for reply in watched.replies] == [
        "More drift in a on prod",
        "a on prod is back in sync after 5 h 30 min",
    ]
    assert watched.bot.store.incidents.unsettled() == []


def test_a_card_deleted_in_quiet_hours_is_posted_again_afterwards(watch):
    watched = watch(**QUIET_NIGHT)
    watched.at(21, 30)
    watched.edit("a")
    watched.check()
    watched.slack.delete_message(ALERTS, watched.cards[0].ts)
    watched.at(2, day=3)
    watched.label("a")
    watched.check()
    watched.advance(minutes=5)
    assert watched.cards == []
    watched.at(7, day=3)
    watched.advance(seconds=1)
    assert watched.headlines == [f"🟠 a · prod: {FACT}"]


def test_an_exception_by_severity_alerts_in_quiet_hours(watch):
    watched = watch(quiet_hours={**QUIET_NIGHT["quiet_hours"], "except": "serious"})
    watched.at(23)
    watched.edit("a")
    watched.check()
    assert watched.headlines == [f"🟠 a · prod: {FACT}"]


def test_many_incidents_of_quiet_hours_share_one_card_afterwards(watch):
    watched = watch("abcde", **QUIET_NIGHT)
    watched.at(22)
    for name in "abcde":
        watched.edit(name)
        watched.check(seconds=3_600)
    assert watched.cards == []
    watched.at(7, day=3)
    watched.advance(seconds=1)
    assert watched.headlines == [f"🟠 5 applications on prod: {FACT}"]


# ---------------------------------------------------------------- the end


def test_drift_resolved_by_a_change_to_git_says_so(watch):
    watched = watch()
    watched.edit("a")
    watched.check()
    watched.source.commit("Debug it is", {"apps/a/settings.yaml": as_yaml(settings("debug"))})
    watched.check()
    watched.advance(seconds=5)
    assert watched.headlines[0] == f"✅ Resolved · a · prod: {FACT}"
    assert "git was updated to match the cluster" in watched.replies[-1]


def test_an_unrelated_merge_does_not_hide_that_the_cluster_was_restored(watch):
    watched = watch()
    watched.edit("a")
    watched.check()
    watched.source.commit("Words", {"README.md": "Hello\n"})
    watched.edit("a", level="info")
    watched.check()
    assert watched.incident("a") is None
    assert "the cluster was restored" in watched.replies[-1]


def ignore_in_git(watched):
    manifest = settings()
    manifest["metadata"]["annotations"] = {"gitops-bot/ignore": "*"}
    watched.source.commit("Allow anything", {"apps/a/settings.yaml": as_yaml(manifest)})


def remove_from_git(watched):
    other = config_map("other", a="b")
    watched.source.commit("Remove it", {"apps/a/settings.yaml": None, "apps/a/other.yaml": as_yaml(other)})
    watched.cluster.apply(other, namespace="a", manager=FLUX)


def change_path(watched):
    watched.source.commit("Another path", {"apps/b/other.yaml": as_yaml(config_map("other", a="b"))})
    watched.cluster.apply(config_map("other", a="b"), namespace="a", manager=FLUX)
    watched.bot.start(applications={"a": application_settings("a", path="apps/b")})


def declare_the_live_value_elsewhere(watched):
    watched.source.commit("Another path", {"apps/b/settings.yaml": as_yaml(settings("debug"))})
    watched.bot.start(applications={"a": application_settings("a", path="apps/b")})


def fix_one_and_ignore_the_other(watched):
    watched.label("a")
    watched.check()
    watched.bot.start(ignore=[{"kind": "ConfigMap", "paths": ["data.level"]}])
    watched.check()
    watched.cluster.edit(settings(), "a", {"metadata": {"labels": {"mode": "a"}}})


RULE = "no longer counts as drift (ignored by rule 1 in the configuration: data.level)"
OPTED_OUT = "no longer counts as drift (opted out in git (gitops-bot/ignore: *))"


@pytest.mark.parametrize(
    ("change", "ending"),
    [
        (lambda watched: watched.bot.start(ignore=[{"kind": "ConfigMap", "paths": ["data.level"]}]), RULE),
        (fix_one_and_ignore_the_other, RULE),
        (ignore_in_git, OPTED_OUT),
        (remove_from_git, "the application no longer declares the objects that differed"),
        (change_path, "the application no longer declares the objects that differed"),
        (declare_the_live_value_elsewhere, "git was updated to match the cluster"),
    ],
)
def test_only_a_change_to_the_cluster_counts_as_restored(watch, change, ending):
    watched = watch()
    watched.edit("a")
    watched.check()
    change(watched)
    for _ in range(15):
        watched.check(seconds=60)
    watched.advance(seconds=1)
    assert ending in watched.replies[-1]
    assert ending in content(watched.cards[0])
    assert "restored" not in str(watched.replies)


def test_an_autoscaler_or_fewer_interactive_managers_restore_nothing(watch):
    watched = watch("ab", group=5)
    watched.source.commit("Deployment", {"apps/a/web.yaml": as_yaml(deployment())})
    watched.cluster.apply(deployment(), namespace="a", manager=FLUX)
    watched.cluster.edit(deployment(), "a", {"spec": {"replicas": 9}})
    watched.cluster.edit(settings(), "b", {"data": {"added": "x"}})
    for _ in range(15):
        watched.check(seconds=60)
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    autoscaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": {"minReplicas": 1, "maxReplicas": 50, "scaleTargetRef": target},
    }
    watched.cluster.apply(autoscaler, namespace="a", manager=FLUX)
    watched.bot.start(interactive=["nobody"])
    watched.check()
    watched.advance(seconds=1)
    endings = sorted(reply.partition("drift ")[2] for reply in watched.replies)
    assert endings == ["(set by an autoscaler).", "(written by kubectl, not by hand)."]


def test_incident_states_survive_a_restart(watch):
    watched = watch()
    watched.edit("a")
    watched.check()
    watched.acknowledge(watched.incident("a").id)
    watched.bot.restart()
    assert watched.incident("a").state is IncidentState.ACKNOWLEDGED
    watched.check()
    assert (watched.incident("a").acknowledged_by, len(watched.cards)) == (JONAS, 1)


# ---------------------------------------------------------------- not watched any more


def test_an_application_removed_from_the_configuration_ends_its_alert(watch):
    watched = watch("ab", remind="1h")
    watched.edit("a", "b")
    watched.check()
    config = watched.bot.config
    watched.bot.restart(replace(config, applications={"b": config.applications["b"]}))
    watched.advance(seconds=5)
    assert sorted(watched.headlines) == [f"⚪ No longer watched · a · prod: {FACT}", f"🟠 b · prod: {FACT}"]
    assert watched.replies == ["a on prod is no longer watched."]
    assert watched.incident("a") is None
    watched.advance(hours=2)
    assert [reply for reply in watched.replies if "a on prod" in reply] == ["a on prod is no longer watched."]


def test_a_storm_is_announced_and_escalated_once_by_whichever_thread_is_first(watch, monkeypatch):
    """The jobs for cards and approvals, checks and watches all apply timers."""
    watched = watch("abcde", escalate={"after": "30m", "to": [JONAS]})
    incidents, decide = watched.bot.store.incidents, record.announcements
    for name in "abcde":
        at = watched.clock()
        incidents.exchange(None, incident(name, since=at, checked_at=at, opened_at=at, announced_at=None))

    def decide_together(*arguments):
        with suppress(BrokenBarrierError):
            both.wait(timeout=0.5)
        return decide(*arguments)

    monkeypatch.setattr(record, "announcements", decide_together)
    ticks = count()
    monkeypatch.setattr(Clock, "__call__", lambda clock: clock.now + timedelta(microseconds=next(ticks)))
    for minutes in (0, 31):
        watched.clock.advance(minutes=minutes)
        both = Barrier(2)
        with ThreadPoolExecutor() as threads:
            for reconciled in [threads.submit(watched.bot.monitor.reconcile_cards) for _ in range(2)]:
                reconciled.result()
    stored = incidents.unsettled()
    (event,) = {(event.kind, event.at) for one in stored for event in one.history}
    assert (len(stored), len({one.group for one in stored})) == (5, 1)
    assert event[0] is IncidentEventType.ESCALATED

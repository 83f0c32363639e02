"""What becomes of alerts in time: shared cards, quiet hours, snoozes, reminders, escalation.

Real git, a local cluster, a local Slack; a clock that only the test moves.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot import build
from bot.config.load import load
from bot.core.incidents.incident import IncidentState
from bot.handlers.incidents.control import Done, acknowledge, snooze
from bot.handlers.monitor import Monitor
from bot.handlers.slack.cards import CardReconciler
from bot.messages.incident import ACKNOWLEDGE, SNOOZE
from bot.sandbox.cluster import SandboxCluster, write_kubeconfig
from bot.sandbox.server import Server
from bot.sandbox.slack import SandboxSlack

CHANNEL, ELSEWHERE = "C0ALERTS01", "C0DEPLOYS1"
ANA = "U0ANA"
NIGHT = "quiet_hours: {from: '22:00', to: '07:00', zone: Europe/Madrid}"
# A Monday in winter: Madrid is one hour ahead of UTC.
EVENING = datetime(2026, 3, 2, 21, 30, tzinfo=UTC)


def config_map(level, mode="a"):
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings", "labels": {"mode": mode}},
        "data": {"level": level},
    }


def manifest(level="info", mode="a"):
    labels = f"labels: {{mode: {mode}}}"
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings, {labels}}}\ndata: {{level: {level}}}\n"


class Desk:
    """Applications a, b, c … in namespaces of those names, deployed, and a bot that looks when it is told to."""

    def __init__(self, source, tmp_path, cluster, slack, names, alerts):
        self.source, self.cluster, self.slack, self.names = source, cluster, slack, names
        kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", cluster.url, identity="bot")
        applications = [
            f"  {name}: {{repository: platform, path: apps/{name}, cluster: prod, namespace: {name}}}\n"
            for name in names
        ]
        file = tmp_path / "config.yaml"
        file.write_text(
            f"slack: {{channel: {CHANNEL}, api_url: '{slack.api_url}'}}\n"
            f"repositories: {{platform: {{url: '{source.path}'}}}}\n"
            f"clusters: {{prod: {{kubeconfig: '{kubeconfig}'}}}}\n"
            f"applications:\n{''.join(applications)}"
            f"alerts: {{looks: 1, {alerts}}}\n"
            f"store: 'sqlite:///{tmp_path}/state.db'\nmirrors: '{tmp_path}/mirrors'\n"
        )
        self.now = EVENING - timedelta(hours=4)
        self.config = load(file, {"SLACK_BOT_TOKEN": "xoxb-sandbox"})
        self.ports = None
        self.restart()
        source.commit("First", {f"apps/{name}/settings.yaml": manifest() for name in names})
        for name in names:
            cluster.api.apply(config_map("info"), manager="kustomize-controller", namespace=name)
        self.look()

    def restart(self):
        if self.ports:
            self.ports.store.close()
        self.ports = build.ports(self.config, build.slack_client(self.config), lambda: self.now)
        policy = self.config.alerts.policy()
        keeper = CardReconciler(
            self.ports.store, self.ports.chat, lambda: self.now, self.config.slack.translator, policy
        )
        self.watch = Monitor(self.ports, self.config, keeper)

    def at(self, hour, minute=0, day=2):
        """The clocks of Madrid."""
        self.now = datetime(2026, 3, day, hour, minute, tzinfo=UTC) - timedelta(hours=1)
        return self

    def look(self, *names, seconds=1):
        self.now += timedelta(seconds=seconds)
        self.watch.check(list(names or self.names))

    def later(self, **more):
        """Time passes; the bot is asked again and again, as its clock does."""
        for _ in range(3):
            self.watch.reconcile_cards()
        self.now += timedelta(**more)
        for _ in range(3):
            self.watch.reconcile_cards()

    def edit(self, *names, level="debug"):
        for name in names:
            path = self.cluster.api.path_of(config_map("info"), name)
            self.patch(path, {"data": {"level": level}})

    def label(self, name):
        self.patch(self.cluster.api.path_of(config_map("info"), name), {"metadata": {"labels": {"mode": "b"}}})

    def patch(self, path, body):
        kind = "application/merge-patch+json"
        self.cluster.api.call("PATCH", path, body, content_type=kind, user_agent="kubectl/v1.36.2")

    def cards(self):
        return [message for message in self.slack.messages(CHANNEL) if not message.reply]

    def headers(self):
        return [message.blocks[0]["text"]["text"] for message in self.cards()]

    def replies(self):
        return [message.text for message in self.slack.messages(CHANNEL) if message.reply]

    def incident(self, name):
        return self.ports.store.incidents.open_for(name)

    def buttons(self, card):
        (row,) = [block for block in card.blocks if block["type"] == "actions"]
        return {button["action_id"]: button["value"] for button in row["elements"]}


@pytest.fixture
def desk(source, tmp_path):
    cluster, slack = SandboxCluster(), SandboxSlack()
    made = []
    with Server(cluster.app) as at_cluster, slack.serve():
        cluster.url = at_cluster.url

        def make(names="a", alerts="group: 5"):
            made.append(Desk(source, tmp_path, cluster, slack, list(names), alerts))
            return made[-1]

        yield make
        for each in made:
            each.ports.store.close()


# ---------------------------------------------------------------- shared cards


def test_many_at_once_share_one_card_that_is_taken_and_resolved_as_a_whole(desk):
    desk = desk("abcdef")
    desk.edit("a", "b", "c", "d", "e")
    desk.look()
    assert desk.headers() == ["🟠 Serious drift: 5 applications on prod"]
    (card,) = desk.cards()
    assert "'a, b, c, d and e'" in str(card.blocks)
    subject = desk.buttons(card)[ACKNOWLEDGE]
    assert subject == desk.buttons(card)[SNOOZE] == desk.incident("a").group
    assert isinstance(acknowledge(desk.ports, subject, ANA, desk.now), Done)
    desk.later(seconds=5)
    assert desk.headers() == ["👀 Serious drift, acknowledged: 5 applications on prod"]
    assert desk.replies() == ["Acknowledged: a, b, c, d and e on prod."]
    desk.edit("a", "b", level="info")
    desk.look()
    assert desk.headers() == ["👀 Serious drift, acknowledged: 3 of 5 applications on prod"]
    desk.edit("c", "d", "e", level="info")
    desk.look()
    assert desk.headers() == ["✅ Resolved: 5 applications on prod"]
    assert desk.replies()[1] == "Back in sync: a and b on prod. 3 applications are still drifting."
    assert desk.replies()[2].startswith("All 5 applications are back in sync after")
    assert len(desk.replies()) == 3
    assert desk.ports.store.incidents.unsettled() == []


def test_later_ones_join_within_two_minutes_and_then_have_their_own(desk):
    desk = desk("abcdefgh")
    desk.edit("a", "b", "c", "d", "e")
    desk.look()
    desk.edit("f")
    desk.look("f", seconds=60)
    assert desk.headers() == ["🟠 Serious drift: 6 applications on prod"]
    desk.edit("g")
    desk.look("g", seconds=121)
    assert desk.headers() == ["🟠 Serious drift: 6 applications on prod", "🟠 Serious drift: g on prod"]


def test_one_that_has_a_card_keeps_it_when_many_follow(desk):
    desk = desk("abcdef")
    desk.edit("a")
    desk.look()
    desk.edit("b", "c", "d", "e", "f")
    desk.look()
    assert desk.headers() == ["🟠 Serious drift: a on prod", "🟠 Serious drift: 5 applications on prod"]
    desk.restart()
    desk.look()
    assert len(desk.cards()) == 2


def test_a_shared_card_that_is_deleted_is_posted_anew(desk):
    desk = desk("abcde")
    desk.edit(*"abcde")
    desk.look()
    desk.slack.delete_message(CHANNEL, desk.cards()[0].ts)
    desk.edit("a", level="info")
    desk.look()
    desk.later(seconds=5)
    desk.later(seconds=5)
    (card,) = desk.cards()
    assert desk.headers() == ["🟠 Serious drift: 4 of 5 applications on prod"]
    assert [each.thread_ts for each in desk.slack.messages(CHANNEL) if each.reply] == [card.ts]


# ---------------------------------------------------------------- people and time


def test_a_snooze_is_quiet_until_its_end_and_says_so_once(desk):
    desk = desk(alerts="remind: 1h")
    desk.edit("a")
    desk.look()
    snooze(desk.ports, desk.incident("a").id, ANA, desk.now + timedelta(hours=3), desk.now)
    desk.later(hours=2, minutes=59)
    assert len(desk.replies()) == 1
    assert desk.headers() == ["💤 Serious drift, snoozed: a on prod"]
    desk.restart()
    desk.later(minutes=1)
    assert desk.headers() == ["🟠 Serious drift: a on prod"]
    assert desk.replies()[1:] == ["a on prod: snooze ended, still drifting."]
    desk.later(minutes=59)
    assert len(desk.replies()) == 2
    desk.later(minutes=1)
    assert desk.replies()[2].startswith("a on prod: drifting since")


def test_worse_drift_ends_an_acknowledgement_and_less_does_not(desk):
    desk = desk()
    desk.label("a")
    desk.look()
    acknowledge(desk.ports, desk.incident("a").id, ANA, desk.now)
    desk.look()
    assert desk.headers() == ["👀 Minor drift, acknowledged: a on prod"]
    desk.edit("a")
    desk.look()
    assert desk.headers() == ["🟠 Serious drift: a on prod"]
    assert "data.level" in desk.replies()[-1]
    assert len(desk.replies()) == 2


def test_reminders_come_once_a_period_whatever_restarts(desk):
    desk = desk(alerts="remind: 4h")
    desk.edit("a")
    desk.look()
    for period in range(1, 4):
        desk.later(hours=3, minutes=59)
        desk.restart()
        desk.later(minutes=1)
        assert len(desk.replies()) == period
    desk.edit("a", level="info")
    desk.look()
    desk.later(hours=9)
    assert len(desk.replies()) == 4


@pytest.mark.parametrize("elsewhere", [False, True])
def test_an_escalation_calls_people_once(desk, elsewhere):
    channel = f", channel: {ELSEWHERE}" if elsewhere else ""
    desk = desk(alerts=f"escalate: {{after: 30m, to: [{ANA}, S0ONCALL]{channel}}}")
    desk.edit("a")
    desk.look()
    desk.later(minutes=29)
    assert desk.replies() == []
    desk.later(minutes=1)
    desk.restart()
    desk.later(hours=5)
    if elsewhere:
        assert desk.replies() == []
        (call,) = desk.slack.messages(ELSEWHERE)
        assert f"'channel_id': '{CHANNEL}'" in str(call.blocks)
    else:
        (call,) = [each for each in desk.slack.messages(CHANNEL) if each.reply]
        (posted,) = [each for each in desk.slack.posted(CHANNEL) if each.reply]
        assert posted.broadcast
    assert "'usergroup_id': 'S0ONCALL'" in str(call.blocks)
    assert f"'user_id': '{ANA}'" in str(call.blocks)
    assert "not acknowledged" in call.text


def test_what_somebody_has_is_neither_said_again_nor_escalated(desk):
    desk = desk(alerts=f"remind: 1h, escalate: {{after: 30m, to: [{ANA}]}}")
    desk.edit("a")
    desk.look()
    acknowledge(desk.ports, desk.incident("a").id, ANA, desk.now)
    desk.later(hours=20)
    assert desk.replies() == ["Acknowledged: a on prod."]


# ---------------------------------------------------------------- quiet hours


def test_what_comes_at_night_is_told_in_the_morning_with_its_true_since(desk):
    desk = desk("ab", alerts=NIGHT)
    desk.at(22, 30).edit("a")
    desk.look()
    desk.at(6, 59, day=3).later(seconds=50)
    assert desk.cards() == []
    desk.at(7, day=3).later(seconds=1)
    assert desk.headers() == ["🟠 Serious drift: a on prod"]
    assert "since 21:30 UTC" in desk.cards()[0].text


def test_what_comes_and_goes_at_night_is_not_told(desk):
    desk = desk(alerts=NIGHT)
    desk.at(23).edit("a")
    desk.look()
    desk.edit("a", level="info")
    desk.look()
    desk.at(9, day=3).later(minutes=5)
    assert desk.cards() == []
    assert desk.ports.store.incidents.unsettled() == []


def test_a_card_that_stands_is_kept_current_at_night_and_its_end_told_in_the_morning(desk):
    desk = desk(alerts=f"remind: 1h, {NIGHT}")
    desk.at(21, 30).edit("a")
    desk.look()
    desk.at(2, day=3).label("a")
    desk.look()
    assert "metadata.labels.mode" in str(desk.cards()[0].blocks)
    desk.at(3, day=3)
    desk.patch(desk.cluster.api.path_of(config_map("info"), "a"), config_map("info"))
    desk.look()
    assert desk.headers() == ["✅ Resolved: a on prod"]
    assert desk.replies() == []
    desk.restart()
    desk.at(7, day=3).later(seconds=1)
    assert [reply.split(":")[0] for reply in desk.replies()] == [
        "More drift in a on prod. ConfigMap a/settings",
        "a on prod is back in sync after 5 h 30 min",
    ]
    assert desk.ports.store.incidents.unsettled() == []


def test_a_card_that_somebody_deletes_at_night_is_back_in_the_morning(desk):
    desk = desk(alerts=NIGHT)
    desk.at(21, 30).edit("a")
    desk.look()
    desk.slack.delete_message(CHANNEL, desk.cards()[0].ts)
    desk.at(2, day=3).label("a")
    desk.look()
    desk.later(minutes=5)
    assert desk.cards() == []
    desk.at(7, day=3).later(seconds=1)
    assert desk.headers() == ["🟠 Serious drift: a on prod"]


def test_what_is_bad_enough_rings_at_night(desk):
    desk = desk(alerts=NIGHT.replace("Madrid}", "Madrid, except: serious}"))
    desk.at(23).edit("a")
    desk.look()
    assert desk.headers() == ["🟠 Serious drift: a on prod"]


def test_a_night_of_many_is_one_card_in_the_morning(desk):
    desk = desk("abcde", alerts=NIGHT)
    desk.at(22)
    for name in "abcde":
        desk.edit(name)
        desk.look(seconds=3_600)
    assert desk.cards() == []
    desk.at(7, day=3).later(seconds=1)
    assert desk.headers() == ["🟠 Serious drift: 5 applications on prod"]


# ---------------------------------------------------------------- the end


def test_git_that_takes_over_what_the_cluster_has_is_told_so(desk):
    desk = desk()
    desk.edit("a")
    desk.look()
    desk.source.commit("Debug it is", {"apps/a/settings.yaml": manifest("debug")})
    desk.look()
    desk.later(seconds=5)
    assert desk.headers()[0] == "✅ Resolved: a on prod"
    assert "git was updated to match the cluster" in desk.replies()[-1]


def test_a_merge_of_something_else_does_not_hide_that_the_cluster_was_put_back(desk):
    desk = desk()
    desk.edit("a")
    desk.look()
    desk.source.commit("Words", {"README.md": "Hello\n"})
    desk.edit("a", level="info")
    desk.look()
    assert desk.incident("a") is None
    assert "the cluster was restored" in desk.replies()[-1]


def test_states_are_stored_and_outlive_a_restart(desk):
    desk = desk()
    desk.edit("a")
    desk.look()
    acknowledge(desk.ports, desk.incident("a").id, ANA, desk.now)
    desk.restart()
    assert desk.incident("a").state is IncidentState.ACKNOWLEDGED
    desk.look()
    assert (desk.incident("a").acknowledged_by, len(desk.cards())) == (ANA, 1)


# ---------------------------------------------------------------- not watched any more


def test_the_alert_of_an_application_that_left_the_configuration_ends(desk):
    desk = desk("ab", "remind: 1h")
    desk.edit("a", "b")
    desk.look()
    config = desk.config
    desk.config = replace(config, applications={"b": config.applications["b"]})
    desk.restart()
    desk.later(seconds=5)
    assert sorted(desk.headers()) == ["⚪ No longer watched: a on prod", "🟠 Serious drift: b on prod"]
    assert desk.replies() == ["a on prod is no longer watched."]
    assert desk.incident("a") is None
    desk.later(hours=2)
    assert [reply for reply in desk.replies() if "a on prod" in reply] == ["a on prod is no longer watched."]

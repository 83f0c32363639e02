"""Three replicas on one PostgreSQL: they share the clusters, and every edit becomes one alert, whoever fails.

The schedule is the default one: only watches, and checks at the start and at a takeover, notice edits.
"""

from collections import Counter
from contextlib import ExitStack
from datetime import timedelta

import pytest

from bot.adapters.database import leases
from bot.app import Bot
from bot.config.load import load
from bot.core.leases import LEADER
from bot.handlers import lease_keeper
from bot.handlers.slack import cards as cards_module
from bot.ports.chat import ChatError
from bot.sandbox.slack.web_api import APP_TOKEN, BOT_TOKEN
from tests.common.bot import FREE_PORTS, application_settings, write_config
from tests.common.kubernetes import as_yaml, config_map, running_cluster
from tests.common.slack import ALERTS, cards
from tests.common.wait import wait_for

CLUSTERS = ("dev", "prod", "test")
SHARDS = 2  # of prod
NAMES = {LEADER, "cluster/dev", "cluster/prod/0", "cluster/prod/1", "cluster/test"}
APPLICATIONS = {f"{cluster}-{number}": cluster for cluster in CLUSTERS for number in range(3)}
SETTINGS = config_map(level="info")


class Replicas:
    """Running bots, and the clusters that they share."""

    def __init__(self, slack, clusters, make_bot):
        self.slack, self.clusters, self.bots = slack, clusters, [make_bot(number) for number in range(3)]

    def held_by(self, bot):
        """The leases that the database says a replica holds."""
        rows = self.bots[0]._ports.store.leases._read(NAMES)
        return {name for name, row in rows.items() if row.holder == leases_of(bot).replica}

    def settled(self, *running):
        """Whether these replicas share every lease equally, and watch what they hold."""
        held = [self.held_by(bot) for bot in running]
        return (
            set().union(*held) == NAMES
            and max(map(len, held)) - min(map(len, held)) <= 1
            and all(watches(bot) == names - {LEADER} for bot, names in zip(running, held, strict=True))
        )

    def holder_of(self, lease):
        return next(bot for bot in self.bots if lease in self.held_by(bot))

    def edit(self, level, *applications):
        for name in applications or APPLICATIONS:
            self.clusters[APPLICATIONS[name]].edit(SETTINGS, name, {"data": {"level": level}})

    def alerts(self):
        """How many alerts in the channel are about each application."""
        texts = [card.text for card in cards(self.slack)]
        return Counter(name for name in APPLICATIONS for text in texts if f"{name} on" in text)


def leases_of(bot):
    return bot._ports.store.leases


def watches(bot):
    return {watcher.shard.lease for watcher in bot._watchers if watcher.is_watching}


@pytest.fixture
def replicas(source, slack, tmp_path, empty_postgresql, monkeypatch):
    """Three running replicas that share the leases."""
    monkeypatch.setattr(leases, "LEASE_SECONDS", 2.0)
    monkeypatch.setattr(lease_keeper, "RENEW_SECONDS", 0.2)
    source.commit("First", {f"apps/{name}/all.yaml": as_yaml(SETTINGS) for name in APPLICATIONS})
    with ExitStack() as stack:
        clusters = {name: stack.enter_context(running_cluster()) for name in CLUSTERS}
        for name, cluster in APPLICATIONS.items():
            clusters[cluster].apply(SETTINGS, namespace=name)

        def make_bot(number):
            folder = tmp_path / str(number)
            folder.mkdir()
            file = write_config(
                folder / "config.yaml",
                slack={"channel": ALERTS, "api_url": slack.api_url, **FREE_PORTS},
                repositories={"platform": {"url": source.url}},
                clusters={
                    name: {
                        "kubeconfig": str(cluster.kubeconfig(folder / f"{name}.kubeconfig")),
                        "shards": SHARDS if name == "prod" else 1,
                    }
                    for name, cluster in clusters.items()
                },
                applications={
                    name: application_settings(name, cluster=cluster) for name, cluster in APPLICATIONS.items()
                },
                alerts={"settle": "1s", "group": 1_000},
                store=empty_postgresql,
            )
            bot = Bot(load(file, {"SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN})).start()
            stack.callback(bot.stop)
            return bot

        replicas = Replicas(slack, clusters, make_bot)
        wait_for(lambda: replicas.settled(*replicas.bots))
        yield replicas


def test_edits_become_one_alert_each_while_a_replica_is_paused_and_comes_back(replicas):
    """The paused one is the leader. When it continues, its clock says that all of its leases are still valid."""
    old = replicas.holder_of(LEADER)
    others = [bot for bot in replicas.bots if bot is not old]
    now = leases_of(old)._monotonic()
    leases_of(old)._monotonic = lambda: now
    old._keeper.stop()
    replicas.edit("debug")
    wait_for(lambda: replicas.settled(*others))
    wait_for(lambda: replicas.alerts() == dict.fromkeys(APPLICATIONS, 1), failure=replicas.alerts)
    old._monitor.check(list(APPLICATIONS))  # what it records is rejected, so it stops checking
    assert not leases_of(old).held(NAMES - {LEADER})
    replicas.edit("trace", "prod-0")
    wait_for(lambda: any("trace" in card.text for card in cards(replicas.slack)))
    replicas.edit("info")
    wait_for(lambda: all("esolved" in card.text for card in cards(replicas.slack)))
    assert replicas.alerts() == dict.fromkeys(APPLICATIONS, 1)


def test_a_leader_that_cannot_reach_slack_lets_another_replica_lead(replicas, monkeypatch):
    """Such as where only its node has lost its way to the internet."""
    monkeypatch.setattr(cards_module, "CUT_OFF_AFTER", timedelta(seconds=1))
    monkeypatch.setattr(lease_keeper, "ASIDE_SECONDS", 4.0)
    old = replicas.holder_of(LEADER)

    def fail(*_, **__):
        raise ChatError("Slack is not responding.", code="unreachable")

    monkeypatch.setattr(old._ports.chat, "post", fail)
    replicas.edit("debug")
    wait_for(lambda: replicas.alerts() == dict.fromkeys(APPLICATIONS, 1), failure=replicas.alerts)
    wait_for(lambda: replicas.settled(*replicas.bots))
    assert replicas.holder_of(LEADER) is not old

"""An edit on a watched cluster is an alert within seconds: no scheduled check has to run."""

import pytest

from bot.app import Bot
from bot.config.load import load
from bot.core.drift.model import Status
from bot.sandbox.slack.web_api import APP_TOKEN, BOT_TOKEN
from tests.common.bot import FREE_PORTS, application_settings, write_config
from tests.common.kubernetes import as_yaml, config_map, deployment
from tests.common.slack import ALERTS, cards
from tests.common.wait import wait_for

SETTINGS, WEB = config_map(level="info"), deployment()


@pytest.fixture
def bot(source, cluster, slack, tmp_path):
    """A running bot with the default schedule, whose watches have begun."""
    source.commit("First", {"apps/shop/all.yaml": as_yaml(SETTINGS, WEB)})
    cluster.apply(SETTINGS, WEB, namespace="shop")
    file = write_config(
        tmp_path / "config.yaml",
        slack={"channel": ALERTS, "api_url": slack.api_url, **FREE_PORTS},
        repositories={"platform": {"url": source.url}},
        clusters={"prod": {"kubeconfig": str(cluster.kubeconfig(tmp_path / "kubeconfig"))}},
        applications={"shop": application_settings("shop")},
        alerts={"settle": "1s"},
    )
    bot = Bot(load(file, {"SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN})).start()
    wait_for(lambda: all(watcher.is_watching for watcher in bot._watchers))
    yield bot
    bot.stop()


def test_edits_open_and_end_an_alert_between_two_scheduled_checks(bot, cluster, slack):
    cluster.edit(SETTINGS, "shop", {"data": {"level": "debug"}})
    card = wait_for(lambda: cards(slack))[0]
    assert "level" in card.text
    cluster.edit(WEB, "shop", {"spec": {"replicas": 5}})
    wait_for(lambda: "replicas" in cards(slack)[0].text)
    cluster.apply(SETTINGS, WEB, namespace="shop")
    wait_for(lambda: bot._ports.store.checks.latest()["shop"].status is Status.SYNCED)
    wait_for(lambda: "resolved" in cards(slack)[0].text.lower())

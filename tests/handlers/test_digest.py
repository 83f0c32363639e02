"""The weekly digest: once in each channel, over restarts and errors of Slack, and never in quiet hours."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from bot.adapters.images.bar_chart import draw_chart
from bot.config.sections.alerts import AlertsConfig
from bot.config.sections.slack import SlackConfig
from bot.core.rollouts.rollout import ApplicationRollout, Rollout, RolloutState
from bot.handlers.digest import Digests
from bot.handlers.slack.cards import CardReconciler
from tests.common.clock import Clock
from tests.common.samples import application, incident
from tests.common.slack import ALERTS, DEPLOYS, cards, headlines, replies, slack_chat
from tests.common.wait import wait_for

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
CHANNELS = (ALERTS, DEPLOYS)
HEADLINE = "Digest of the last 7 days"


class Channels:
    """Two channels with an application each, and the bot's digest on Mondays at 9:00, quiet until 8:00."""

    def __init__(self, slack, store):
        self.slack, self.store = slack, store
        self.clock = Clock(MONDAY - timedelta(seconds=1))
        alerts = {"digest": {}, "quiet_hours": {"from": "18:00", "to": "08:00", "zone": "UTC"}}
        self.alerts = AlertsConfig.model_validate(alerts)
        part = ApplicationRollout("shop", "prod", ALERTS, live_at=MONDAY - timedelta(hours=20))
        live = Rollout("r", "platform", "main", "b" * 40, None, "Raise it", "Ana", MONDAY - timedelta(days=1), (part,))
        live = replace(live, state=RolloutState.LIVE, ended_at=part.live_at)
        store.rollouts.save(live)
        store.settle(live)
        store.incidents.exchange(None, incident("search", since=MONDAY - timedelta(days=2), channel=DEPLOYS))
        self.restart()

    def restart(self):
        config = SimpleNamespace(
            alerts=self.alerts,
            zone=ZoneInfo("UTC"),
            slack=SlackConfig(),
            applications={"shop": application(), "search": application("search", channel=DEPLOYS)},
        )
        chat = slack_chat(self.slack)
        ports = SimpleNamespace(store=self.store, chat=chat, clock=self.clock)
        self.digests = Digests(config, ports, lambda: True, draw_chart)
        translator, policy = SlackConfig().translator, self.alerts.policy()
        self.reconciler = CardReconciler(
            self.store, chat, self.clock, translator, policy, self.digests.cards, default_channel=ALERTS
        )

    def step(self, **after):
        self.clock.advance(**after)
        self.reconciler.reconcile()
        self.digests.share_charts()

    def digests_in(self, channel):
        return headlines(self.slack, channel).count(HEADLINE)


@pytest.fixture
def channels(slack, store):
    return Channels(slack, store)


def test_each_channel_gets_its_own_once_even_over_restarts(channels):
    channels.step()
    assert [channels.digests_in(channel) for channel in CHANNELS] == [0, 0]
    for _ in range(3):
        channels.step(seconds=1)
        channels.restart()
    assert [channels.digests_in(channel) for channel in CHANNELS] == [1, 1]
    texts = [
        next(card.text for card in cards(channels.slack, channel) if HEADLINE in card.text) for channel in CHANNELS
    ]
    assert [text.removeprefix(f"{HEADLINE}: ") for text in texts] == [
        "1 deployment, 0 failed, 0 drift incidents.",
        "0 deployments, 0 failed, 1 drift incident.",
    ]
    channels.step(days=7)
    assert [channels.digests_in(channel) for channel in CHANNELS] == [2, 2]


def test_it_is_sent_once_although_slack_loses_the_answer(channels):
    channels.slack.faults.cut = 1
    channels.slack.faults.methods = frozenset({"chat.postMessage"})
    channels.step(seconds=1)
    channels.restart()
    channels.step(minutes=6)
    assert [channels.digests_in(channel) for channel in CHANNELS] == [1, 1]


def test_quiet_hours_hold_it_back(channels):
    channels.clock.now = MONDAY + timedelta(hours=9, minutes=30)
    channels.step()
    assert channels.digests_in(ALERTS) == 0
    channels.clock.now = MONDAY + timedelta(hours=23)
    channels.step()
    assert channels.digests_in(ALERTS) == 1


def test_a_channel_without_news_gets_none(channels):
    channels.step(days=21, seconds=1)
    assert [channels.digests_in(channel) for channel in CHANNELS] == [0, 1]  # the incident is still open


def test_a_chart_that_slack_rejects_is_uploaded_to_the_thread_once(channels):
    channels.slack.faults.unsupported_blocks = frozenset({"data_visualization"})
    for _ in range(3):
        channels.step(seconds=1)
    (picture,) = [reply for reply in replies(channels.slack) if reply.files]
    (file,) = picture.files
    assert file.content.startswith(b"\x89PNG")
    assert file.alt_text == "Bar chart of merges and drift. 03-01: 1 live, 0 failed, drift incidents: 0."


def test_a_chart_is_in_the_thread_of_a_digest_that_moved(channels):
    channels.slack.faults.unsupported_blocks = frozenset({"data_visualization"})
    channels.slack.archive(DEPLOYS, archived=True)

    def attached():
        channels.step(seconds=10)
        threads = [reply.thread_ts for reply in replies(channels.slack, ALERTS) if reply.files]
        return threads if len(threads) == len(CHANNELS) else None

    threads = wait_for(attached)
    assert set(threads) == {card.ts for card in cards(channels.slack, ALERTS) if HEADLINE in card.text}


def test_a_chart_that_slack_accepts_is_not_uploaded(channels):
    channels.step(seconds=1)
    assert any(block["type"] == "data_visualization" for card in cards(channels.slack) for block in card.blocks)
    assert replies(channels.slack) == []

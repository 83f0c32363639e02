"""The whole product in its sandbox: the running bot, Slack, a forge, a cluster and a deployer."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from bot.app import Bot
from bot.core.drift.model import Status
from bot.sandbox.demo import Demo
from bot.sandbox.forge import HostedRepository
from bot.sandbox.forge.pull import Pull
from tests.common.bot import QUICK_SCHEDULE
from tests.common.wait import wait_for

# Checks run only at the start, so that what a test writes to the database stays.
IDLE_SCHEDULE = dict.fromkeys(QUICK_SCHEDULE, "24h")


@contextmanager
def running_demo(**settings: Any) -> Iterator[Demo]:
    """A demo whose bot has connected to Slack and read git and the cluster once. `settings` are Demo's fields."""
    with Demo(**{"schedule": QUICK_SCHEDULE, "deploy_delay": 0.5, **settings}) as demo:
        wait_for(lambda: demo.slack.connections > 0)
        wait_for(lambda: demo.has_polled() and len(demo.checks()) == len(demo.shop.applications))
        yield demo


def wait_until_synced(demo: Demo) -> None:
    """Wait until the latest check of every application is in sync."""
    wait_for(lambda: {check.status for check in demo.checks().values()} == {Status.SYNCED}, failure=demo.checks)


def restart_bot(demo: Demo) -> None:
    """Start another bot with the same state; returns once it is connected and has checked everything."""
    demo.bot.stop()
    started_at = datetime.now(tz=UTC)
    demo.bot = Bot(demo.config).start()
    wait_for(lambda: demo.slack.connections > 0)
    wait_for(lambda: all(check.at > started_at for check in demo.checks().values()))


def remote(demo: Demo) -> HostedRepository:
    """The shop's repository on the forge."""
    return demo.forge.repositories[demo.shop.repository]


def bot_pull_requests(demo: Demo) -> list[Pull]:
    """The pull requests that the bot has opened, newest first."""
    return [pull for pull in remote(demo).listed() if pull.head.startswith("gitops-bot/")]

"""Two clusters, of which one hangs: the other is checked, by schedule, as if there were no such thing."""

from datetime import UTC, datetime

import pytest

from bot.app import Bot
from bot.config.load import load
from bot.core.drift.model import Status
from bot.sandbox.cluster import Fault, SandboxCluster, write_kubeconfig
from bot.sandbox.server import Server
from bot.sandbox.slack import SandboxSlack
from bot.sandbox.slack.web_api import APP_TOKEN, BOT_TOKEN
from tests.handlers.discovery.test_discovery import APPLICATIONS, CONFIG_MAP, SETTINGS, application

NAMES = ("alive", "dead-1", "dead-2", "dead-3", "dead-4", "dead-5")


@pytest.fixture
def fleet(source, tmp_path):
    """A bot that runs, one cluster that answers, and more that hang than the bot's schedule once had threads."""
    source.commit("First", {"apps/shop/settings.yaml": CONFIG_MAP})
    alive, dead, slack = SandboxCluster(), SandboxCluster(), SandboxSlack()
    dead.faults.add(Fault("*", delay=3600.0))
    with Server(alive.app) as at, Server(dead.app) as nowhere, slack.serve():
        alive.api.serve(APPLICATIONS)
        told = application("shop", str(source.path))
        alive.api.apply(told, manager="argocd", namespace="argocd")
        files = {
            name: write_kubeconfig(tmp_path / name, (at if name == "alive" else nowhere).url, identity="bot")
            for name in NAMES
        }
        clusters = ", ".join(f"{name}: {{kubeconfig: '{file}', discover: [argocd]}}" for name, file in files.items())
        applications = ", ".join(
            f"{name}: {{repository: platform, path: apps/shop, cluster: {name}, namespace: other}}" for name in NAMES
        )
        file = tmp_path / "config.yaml"
        file.write_text(
            f"slack: {{channel: C0ALERTS01, api_url: '{slack.api_url}', listen: '127.0.0.1:0'}}\n"
            f"repositories: {{platform: {{url: '{source.path}'}}}}\n"
            f"clusters: {{{clusters}}}\napplications: {{{applications}}}\n"
            "schedule: {drift: 1s, git: 1s, second_look: 1s, rollout: 1s, discover: 1s}\n"
            f"store: 'sqlite:///{tmp_path}/state.db'\nmirrors: '{tmp_path}/mirrors'\n"
        )
        bot = Bot(load(file, {"SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN})).start()
        try:
            yield bot, alive, slack
        finally:
            dead.faults.clear()
    bot.stop()


# The hanging server ends with its connections cut in the middle of answers, which asyncio complains of.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_cluster_that_hangs_delays_no_other(fleet):
    bot, alive, slack = fleet

    def seen(name, status):
        check = bot._ports.store.checks.latest().get(name)
        return check is not None and check.status is status

    started = datetime.now(tz=UTC)
    slack.wait_for(lambda: seen("alive", Status.OUT_OF_SYNC) and seen("shop", Status.OUT_OF_SYNC), timeout=20)
    slack.wait_for(lambda: any("shop on alive" in each.text for each in slack.messages("C0ALERTS01")), timeout=20)
    for namespace in ("shop", "other"):
        alive.api.apply(SETTINGS, manager="argocd", namespace=namespace)
    slack.wait_for(lambda: seen("alive", Status.SYNCED) and seen("shop", Status.SYNCED), timeout=20)
    assert bot._ports.store.checks.latest().keys() == {"alive", "shop"}, "the others hang still"
    assert (datetime.now(tz=UTC) - started).total_seconds() < 60

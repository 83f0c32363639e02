"""Clusters that hang do not delay the scheduled checks of another one."""

import pytest

from bot.app import Bot
from bot.config.load import load
from bot.core.drift.model import Status
from bot.sandbox.slack.web_api import APP_TOKEN, BOT_TOKEN
from tests.common.bot import FREE_PORTS, QUICK_SCHEDULE, application_settings, write_config
from tests.common.deployers import argo_application, serve_deployers
from tests.common.kubernetes import as_yaml, config_map, running_cluster
from tests.common.slack import ALERTS
from tests.common.wait import wait_for

# More that hang than the schedule has threads.
NAMES = ("alive", "dead-1", "dead-2", "dead-3", "dead-4", "dead-5")


@pytest.fixture
def bot(source, cluster, slack, tmp_path):
    """A running bot; `alive` is `cluster`, and the other clusters hang."""
    source.commit("First", {"apps/shop/settings.yaml": as_yaml(config_map())})
    serve_deployers(cluster)
    cluster.apply(argo_application("shop", source.url), namespace="argocd", manager="argocd")
    with running_cluster() as dead:
        dead.fail("*", delay=3600.0)
        kubeconfigs = {
            name: (cluster if name == "alive" else dead).kubeconfig(tmp_path / f"{name}.kubeconfig") for name in NAMES
        }
        file = write_config(
            tmp_path / "config.yaml",
            slack={"channel": ALERTS, "api_url": slack.api_url, **FREE_PORTS},
            repositories={"platform": {"url": source.url}},
            clusters={name: {"kubeconfig": str(kubeconfigs[name]), "discover": ["argocd"]} for name in NAMES},
            applications={name: application_settings("shop", cluster=name, namespace="other") for name in NAMES},
            schedule={**QUICK_SCHEDULE, "discover": "1s"},
        )
        bot = Bot(load(file, {"SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN})).start()
        yield bot
        dead.recover()
    bot.stop()


# The hanging server ends with its connections cut in the middle of answers, which asyncio complains about.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_clusters_that_hang_delay_no_other(bot, cluster, slack):
    def statuses():
        return {name: check.status for name, check in bot._ports.store.checks.latest().items()}

    wait_for(lambda: statuses() == {"alive": Status.OUT_OF_SYNC, "shop": Status.OUT_OF_SYNC})
    wait_for(lambda: any("shop on alive" in message.text for message in slack.messages(ALERTS)))
    for namespace in ("shop", "other"):
        cluster.apply(config_map(), namespace=namespace)
    wait_for(lambda: statuses() == {"alive": Status.SYNCED, "shop": Status.SYNCED})

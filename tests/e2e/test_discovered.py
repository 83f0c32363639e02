"""Applications discovered in Argo CD and Flux, as somebody reads about them in Slack: the running bot."""

import pytest

from bot.app import Bot
from bot.config.load import load
from bot.sandbox.slack.web_api import APP_TOKEN, BOT_TOKEN
from tests.common.bot import FREE_PORTS, QUICK_SCHEDULE, write_config
from tests.common.deployers import (
    apply_deployer,
    argo_application,
    git_repository,
    kustomization,
    serve_deployers,
    synced_at,
)
from tests.common.kubernetes import as_yaml, config_map
from tests.common.slack import ALERTS, Person, content
from tests.common.wait import wait_for

NAMES = ("shop", "search", "night")


@pytest.fixture
def person(source, cluster, slack, tmp_path):
    """Somebody in a Slack whose bot knows a repository and a cluster with both deployers, and no application."""
    source.commit("First", {f"apps/{name}/settings.yaml": as_yaml(config_map()) for name in NAMES})
    url, synced = source.url, synced_at(source.sha())
    serve_deployers(cluster)
    several = [{"repoURL": url, "path": f"apps/{name}", "targetRevision": "HEAD"} for name in ("search", "night")]
    chart = {"repoURL": "https://charts.example.com", "chart": "redis", "targetRevision": "1.x"}
    apply_deployer(
        cluster,
        argo_application("shop", url, status=synced),
        argo_application("both", url, namespace="search", source=None, sources=several, status=synced),
        argo_application("redis", url, source=chart),
        namespace="argocd",
    )
    suspended = kustomization("night", "./apps/night", suspend=True, targetNamespace="night")
    apply_deployer(cluster, git_repository(url), suspended, namespace="flux-system")
    for namespace in NAMES:
        cluster.apply(config_map(), namespace=namespace)
    kubeconfig = str(cluster.kubeconfig(tmp_path / "kubeconfig"))
    file = write_config(
        tmp_path / "config.yaml",
        slack={"channel": ALERTS, "api_url": slack.api_url, **FREE_PORTS},
        repositories={"platform": {"url": url}},
        clusters={"prod": {"kubeconfig": kubeconfig, "discover": ["argocd", "flux"]}},
        charts={"allow": []},
        schedule={**QUICK_SCHEDULE, "discover": "1s"},
    )
    bot = Bot(load(file, {"SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN})).start()
    wait_for(lambda: slack.connections > 0)
    yield Person(slack)
    bot.stop()


def test_status_lists_discovered_applications_and_those_that_cannot_be_followed(person):
    def all_synced():
        answer = person.type("status")
        return answer if "5 applications: 4 synced, 1 not watched" in answer.text else None

    status = content(wait_for(all_synced))
    for part in ("shop", "both.1", "both.2", "night", "Argo CD: Synced", "Flux: suspended", "are not allowed"):
        assert part in status

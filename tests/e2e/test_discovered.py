"""What Argo CD and Flux have been told, as somebody reads it in Slack: the running bot, told of none of it."""

import json

import pytest

from bot.app import Bot
from bot.config.load import load
from bot.sandbox.cluster import SandboxCluster, write_kubeconfig
from bot.sandbox.server import Server
from bot.sandbox.slack import SandboxSlack
from bot.sandbox.slack.web_api import APP_TOKEN, BOT_TOKEN
from tests.handlers.discovery.test_discovery import APPLICATIONS, CONFIG_MAP, SETTINGS, application
from tests.handlers.discovery.test_flux import KINDS, SOURCE_REF, resource

ALERTS, JONAS = "C0ALERTS01", "U0JONAS001"
PATIENCE = 60.0


@pytest.fixture
def slack(source, tmp_path):
    """A Slack whose bot knows a repository and a cluster with both deployers, and no application."""
    source.commit("First", {f"apps/{name}/settings.yaml": CONFIG_MAP for name in ("shop", "search", "night")})
    cluster, slack = SandboxCluster(), SandboxSlack()
    url, head = str(source.path), source.sha()
    for kind in (APPLICATIONS, *KINDS.values()):
        cluster.api.serve(kind)
    with Server(cluster.app) as at, slack.serve():
        synced = {"sync": {"status": "Synced", "revision": head}, "health": {"status": "Healthy"}}
        several = [{"repoURL": url, "path": f"apps/{name}", "targetRevision": "HEAD"} for name in ("search", "night")]
        elsewhere = {"repoURL": "https://charts.example.com", "chart": "redis", "targetRevision": "1.x"}
        for told in (
            application("shop", url, status=synced),
            application("both", url, namespace="search", source=None, sources=several, status=synced),
            application("redis", url, source=elsewhere),
        ):
            cluster.api.apply(told, manager="argocd", namespace="argocd")
            patch = {"content_type": "application/merge-patch+json", "user_agent": "argocd"}
            place = f"{cluster.api.path_of(told, 'argocd')}/status"
            cluster.api.call("PATCH", place, {"status": told["status"]}, **patch)
        paused = {"path": "./apps/night", "prune": True, "sourceRef": SOURCE_REF, "suspend": True}
        for told in (
            resource("GitRepository", "platform", {"url": url, "ref": {"branch": "main"}}),
            resource("Kustomization", "night", {**paused, "targetNamespace": "night"}),
        ):
            cluster.api.apply(told, manager="flux", namespace="flux-system")
        for namespace in ("shop", "search", "night"):
            cluster.api.apply(SETTINGS, manager="argocd", namespace=namespace)
        kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", at.url, identity="bot")
        file = tmp_path / "config.yaml"
        file.write_text(
            f"slack: {{channel: {ALERTS}, api_url: '{slack.api_url}', listen: '127.0.0.1:0'}}\n"
            f"repositories: {{platform: {{url: '{url}'}}}}\n"
            f"clusters: {{prod: {{kubeconfig: '{kubeconfig}', discover: [argocd, flux]}}}}\n"
            "schedule: {drift: 1s, git: 1s, second_look: 1s, rollout: 1s, discover: 1s}\n"
            f"store: 'sqlite:///{tmp_path}/state.db'\nmirrors: '{tmp_path}/mirrors'\n"
        )
        bot = Bot(load(file, {"SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN})).start()
        slack.wait_for(lambda: slack.connections > 0, PATIENCE)
        try:
            yield slack
        finally:
            bot.stop()


def test_status_tells_what_was_discovered_and_what_cannot_be_followed(slack):
    def ask():
        asked = slack.command(JONAS, ALERTS, "status")
        slack.wait_for(lambda: asked.responses, PATIENCE)
        return asked.responses[-1]

    while "4 applications: 4 synced" not in (answer := ask()).text:
        pass
    said = json.dumps(answer.blocks, ensure_ascii=False)
    for part in ("shop", "both.1", "both.2", "night", "Argo CD: Synced", "Flux: suspended", "from a Helm repository"):
        assert part in said

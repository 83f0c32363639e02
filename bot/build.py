"""The one place where clients of the outside are made from the configuration. Nothing connects yet."""

from collections.abc import Callable, Mapping
from datetime import datetime

from slack_sdk import WebClient

from bot.adapters.chat import SlackChat
from bot.adapters.cluster import KubernetesCluster
from bot.adapters.github import GitHubForge
from bot.adapters.repository import GitRepository
from bot.adapters.store import SqlStore
from bot.config import Config
from bot.ports import Ports

SLACK_SECONDS = 15


def slack_client(config: Config) -> WebClient:
    """Slack's Web API. It never retries by itself: cards are reconciled, and a retried post can post twice."""
    token = config.credentials.slack_bot_token
    return WebClient(token=token, base_url=str(config.slack.api_url), timeout=SLACK_SECONDS, retry_handlers=[])


def forges(config: Config) -> dict[str, GitHubForge]:
    """A forge for each repository that names one."""
    return {
        name: GitHubForge.from_config(each.forge, config.credentials)
        for name, each in config.repositories.items()
        if each.forge
    }


def repositories(config: Config, known: Mapping[str, GitHubForge]) -> dict[str, GitRepository]:
    """A mirror for each repository, with its forge's credential where it has a forge. RepositoryError for a bad URL."""
    return {
        name: GitRepository(
            name, each.url, each.branch, config.mirrors, credential=known[name].git_token if name in known else None
        )
        for name, each in config.repositories.items()
    }


def clusters(config: Config) -> dict[str, KubernetesCluster]:
    """A reader for each cluster."""
    return {
        name: KubernetesCluster(name, kubeconfig=each.kubeconfig, context=each.context)
        for name, each in config.clusters.items()
    }


def ports(config: Config, client: WebClient, clock: Callable[[], datetime]) -> Ports:
    """The whole outside. StoreError when the database cannot be opened, RepositoryError for a bad URL."""
    known = forges(config)
    return Ports(
        repositories=repositories(config, known),
        forges=known,
        clusters=clusters(config),
        store=SqlStore(config.store),
        chat=SlackChat(client),
        clock=clock,
    )

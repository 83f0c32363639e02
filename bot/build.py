"""The one place where clients of the outside are made from the configuration. Nothing connects yet."""

from collections.abc import Callable
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


def forge(config: Config, name: str) -> GitHubForge | None:
    """The forge of one repository; None where the configuration names none. ForgeError without a credential."""
    settings = config.repositories[name].forge
    return GitHubForge.from_config(settings, config.credentials) if settings else None


def repository(config: Config, name: str) -> GitRepository:
    """The mirror of one repository, with its forge's credential where it has one. RepositoryError for a bad URL."""
    settings, known = config.repositories[name], forge(config, name)
    return GitRepository(
        name, settings.url, settings.branch, config.mirrors, credential=known.git_token if known else None
    )


def cluster(config: Config, name: str) -> KubernetesCluster:
    """The reader of one cluster. ClusterError for a bad kubeconfig."""
    settings = config.clusters[name]
    return KubernetesCluster(name, kubeconfig=settings.kubeconfig, context=settings.context)


def ports(config: Config, client: WebClient, clock: Callable[[], datetime]) -> Ports:
    """The whole outside. PortError when the database cannot be opened or a setting cannot be used."""
    forges = {name: forge(config, name) for name in config.repositories}
    return Ports(
        repositories={name: repository(config, name) for name in config.repositories},
        forges={name: known for name, known in forges.items() if known},
        clusters={name: cluster(config, name) for name in config.clusters},
        store=SqlStore(config.store),
        chat=SlackChat(client),
        clock=clock,
    )

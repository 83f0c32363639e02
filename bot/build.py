"""The one place where clients of the outside are made from the configuration. Nothing connects yet."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Protocol

from slack_sdk import WebClient

from bot.adapters.chat import SlackChat
from bot.adapters.cluster import KubernetesCluster
from bot.adapters.forge import Probe
from bot.adapters.github import GitHubForge
from bot.adapters.login import Login
from bot.adapters.programs import Programs
from bot.adapters.repository import GitRepository
from bot.adapters.signed import SignedRepository
from bot.adapters.store import SqlStore
from bot.config import Config, Credentials, ForgeConfig
from bot.ports import Forge, Ports

SLACK_SECONDS = 15


def slack_client(config: Config) -> WebClient:
    """Slack's Web API. It never retries by itself: cards are reconciled, and a retried post can post twice."""
    token = config.credentials.slack_bot_token
    return WebClient(token=token, base_url=str(config.slack.api_url), timeout=SLACK_SECONDS, retry_handlers=[])


class ConfiguredForge(Forge, Protocol):
    """A forge with what stands beside its port: what git logs in with, and what the doctor tries."""

    @property
    def token_name(self) -> str:
        """The variable people set its token by."""
        ...

    def git_login(self) -> Login | None:
        """What git says who it is by. ForgeError."""
        ...

    def probes(self) -> Iterable[Probe]:
        """Every permission, tried without a trace."""
        ...


def _gitlab(forge: ForgeConfig, credentials: Credentials) -> ConfiguredForge:
    from bot.adapters.gitlab import GitLabForge  # noqa: PLC0415  its library is an extra

    return GitLabForge.from_config(forge, credentials)


def _bitbucket(forge: ForgeConfig, credentials: Credentials) -> ConfiguredForge:
    from bot.adapters.bitbucket import BitbucketForge  # noqa: PLC0415

    return BitbucketForge.from_config(forge, credentials)


def _bitbucket_server(forge: ForgeConfig, credentials: Credentials) -> ConfiguredForge:
    from bot.adapters.bitbucket_server import BitbucketServerForge  # noqa: PLC0415

    return BitbucketServerForge.from_config(forge, credentials)


_FORGES: Mapping[str, Callable[[ForgeConfig, Credentials], ConfiguredForge]] = {
    "github": GitHubForge.from_config,
    "gitlab": _gitlab,
    "bitbucket": _bitbucket,
    "bitbucket-server": _bitbucket_server,
}


def forge(config: Config, name: str) -> ConfiguredForge | None:
    """The forge of one repository; None where the configuration names none."""
    settings = config.repositories[name].forge
    return _FORGES[settings.kind](settings, config.credentials) if settings else None


def repository(config: Config, name: str) -> GitRepository:
    """The mirror of one repository, with its forge's credential where it has one. RepositoryError for a bad URL."""
    settings, known = config.repositories[name], forge(config, name)
    if known is None:
        return GitRepository(name, settings.url, settings.branch, config.mirrors)
    kind = partial(SignedRepository, make=known.make_commit) if isinstance(known, GitHubForge) else GitRepository
    return kind(
        name,
        settings.url,
        settings.branch,
        config.mirrors,
        login=known.git_login,
        credential_name=known.token_name,
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
        renderer=Programs.find(),
        store=SqlStore(config.store),
        chat=SlackChat(client),
        clock=clock,
    )

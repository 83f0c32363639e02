"""The one place where clients of the outside are made from the configuration. Nothing connects yet."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Protocol, TypeVar

from slack_sdk import WebClient

from bot.adapters.database.store import SqlStore
from bot.adapters.forges.forge import Probe
from bot.adapters.forges.github import GitHubForge
from bot.adapters.forges.signed_repository import SignedRepository
from bot.adapters.git.credential import Credential
from bot.adapters.git.repository import GitRepository
from bot.adapters.kubernetes.cluster import KubernetesCluster
from bot.adapters.rendering.programs import Programs
from bot.adapters.slack.chat import SlackChat
from bot.config import Config, Credentials, ForgeConfig
from bot.core.applications.application import home
from bot.core.git.target_revision import TargetRevision
from bot.ports import Ports
from bot.ports.forge import Forge

SLACK_SECONDS = 15


def slack_client(config: Config) -> WebClient:
    """Slack's Web API. It never retries by itself: cards are reconciled, and a retried post can post twice."""
    token = config.credentials.slack_bot_token
    return WebClient(token=token, base_url=str(config.slack.api_url), timeout=SLACK_SECONDS, retry_handlers=[])


class ConfiguredForge(Forge, Protocol):
    """A forge with what is not in its port: what git authenticates with, and what the doctor tries."""

    @property
    def token_variable(self) -> str:
        """The environment variable that its token is set in."""
        ...

    def git_credential(self) -> Credential | None:
        """What git authenticates with; None when no token is set. ForgeError."""
        ...

    def probes(self) -> Iterable[Probe]:
        """Every permission, tried without leaving a trace."""
        ...


def _gitlab(forge: ForgeConfig, credentials: Credentials) -> ConfiguredForge:
    from bot.adapters.forges.gitlab import GitLabForge  # noqa: PLC0415  its library is an extra

    return GitLabForge.from_config(forge, credentials)


def _bitbucket(forge: ForgeConfig, credentials: Credentials) -> ConfiguredForge:
    from bot.adapters.forges.bitbucket import BitbucketForge  # noqa: PLC0415

    return BitbucketForge.from_config(forge, credentials)


def _bitbucket_server(forge: ForgeConfig, credentials: Credentials) -> ConfiguredForge:
    from bot.adapters.forges.bitbucket_server import BitbucketServerForge  # noqa: PLC0415

    return BitbucketServerForge.from_config(forge, credentials)


_FORGES: Mapping[str, Callable[[ForgeConfig, Credentials], ConfiguredForge]] = {
    "github": GitHubForge.from_config,
    "gitlab": _gitlab,
    "bitbucket": _bitbucket,
    "bitbucket-server": _bitbucket_server,
}


def forge(config: Config, name: str) -> ConfiguredForge | None:
    """The forge of one repository, whatever is followed there; None where the configuration names none."""
    settings = config.repositories[home(name)[0]].forge
    return _FORGES[settings.kind](settings, config.credentials) if settings else None


def repository(config: Config, name: str) -> GitRepository:
    """The mirror of one repository, with its forge's credential where it has one. RepositoryError for a bad URL.

    A name may say what is followed there (`core.application.line`): those of one repository share its mirror.
    """
    base, revision = home(name)
    settings, hosted = config.repositories[base], forge(config, name)
    revision = revision or TargetRevision.branch(settings.branch)
    if hosted is None:
        return GitRepository(name, settings.url, revision, config.mirrors, mirror=base)
    signed = partial(SignedRepository, create_commit=hosted.create_commit) if isinstance(hosted, GitHubForge) else None
    kind = signed or GitRepository
    return kind(
        name,
        settings.url,
        revision,
        config.mirrors,
        mirror=base,
        credential=hosted.git_credential,
        credential_variable=hosted.token_variable,
    )


_Made = TypeVar("_Made")


class _Lines(Mapping[str, _Made]):
    """What is made of each repository at once, and of each line of one, such as another branch, when it is asked for.

    Any thread may ask. KeyError for a line of none of these. Only the repositories themselves are listed.
    """

    def __init__(self, made: Mapping[str, _Made], make: Callable[[str], _Made | None]) -> None:
        self._listed = made
        self._made = dict(made)
        self._make = make
        self._making = threading.Lock()

    def __getitem__(self, name: str) -> _Made:
        with self._making:
            if name not in self._made:
                made = self._make(name) if home(name)[0] in self._listed else None
                if made is None:
                    raise KeyError(name)
                self._made[name] = made
            return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._listed)

    def __len__(self) -> int:
        return len(self._listed)


def cluster(config: Config, name: str) -> KubernetesCluster:
    """The reader of one cluster. ClusterError for a bad kubeconfig."""
    settings = config.clusters[name]
    return KubernetesCluster(name, kubeconfig=settings.kubeconfig, context=settings.context)


def ports(config: Config, client: WebClient, clock: Callable[[], datetime]) -> Ports:
    """The whole outside. PortError when the database cannot be opened or a setting cannot be used."""
    forges = {name: forge(config, name) for name in config.repositories}
    return Ports(
        repositories=_Lines(
            {name: repository(config, name) for name in config.repositories}, lambda name: repository(config, name)
        ),
        forges=_Lines({name: known for name, known in forges.items() if known}, lambda name: forge(config, name)),
        clusters={name: cluster(config, name) for name in config.clusters},
        renderer=Programs.find(),
        store=SqlStore(config.store),
        chat=SlackChat(client),
        clock=clock,
    )

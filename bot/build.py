"""The only module that builds clients of external systems, from the configuration. They do not connect yet."""

import os
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from cachetools import LRUCache

from bot.adapters.charts.credentials import read_credentials
from bot.adapters.charts.fetcher import ChartFetcher
from bot.adapters.charts.repository import ChartRepository
from bot.adapters.downloads.background import BackgroundFetches
from bot.adapters.git.bases import GitBases
from bot.adapters.git.credential import Credential
from bot.adapters.git.repository import GitRepository
from bot.adapters.kubernetes.audit_log import AuditLogFile
from bot.adapters.kubernetes.cluster import KubernetesCluster
from bot.adapters.rendering.disk_cache import CachedRenderer
from bot.adapters.rendering.private_copy import remove_abandoned_copies
from bot.adapters.rendering.programs import ProgramRenderer
from bot.adapters.rendering.slow_runs import SlowRuns
from bot.config.credentials import Credentials
from bot.config.model import Config
from bot.config.sections.forge import ForgeConfig
from bot.core.charts.reference import ChartRef, is_chart_key
from bot.core.git.git_url import normalize
from bot.core.git.repository_ref import RepositoryRef
from bot.core.git.target_revision import TargetRevision
from bot.core.rendering.limits import SLOW_BUDGET_SECONDS
from bot.handlers.cluster_audit.record import AuditRecorder
from bot.ports import Ports
from bot.ports.charts import Charts
from bot.ports.errors import PortError
from bot.ports.forge import Forge
from bot.ports.git import Repository
from bot.ports.telemetry import NO_TELEMETRY, Telemetry

if TYPE_CHECKING:
    from slack_sdk import WebClient

    from bot.adapters.database.store import SqlStore
    from bot.adapters.telemetry.recorder import Recorder
    from bot.ports.events import EventReceiver
    from bot.ports.probe import Probe
    from bot.ports.store import ClusterWrites

_OTLP_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


def telemetry() -> "Recorder":
    """The recorder of metrics and traces, also over OTLP if its endpoint is set. Raises PortError if that fails."""
    from bot.adapters.telemetry.prometheus import PrometheusMetrics
    from bot.adapters.telemetry.recorder import Recorder

    if not os.environ.get(_OTLP_ENDPOINT):
        return Recorder(PrometheusMetrics())
    try:
        from bot.adapters.telemetry.otlp import Otlp
    except ModuleNotFoundError as error:
        raise PortError(
            f"{_OTLP_ENDPOINT} is set, but {error.name} is not installed. Run pip install 'gitops-bot[telemetry]'."
        ) from error
    try:
        return Recorder(PrometheusMetrics(), Otlp())
    except ValueError as error:
        raise PortError(f"OpenTelemetry rejects a setting in its environment variables (OTEL_…): {error}") from error


def slack_client(config: Config, telemetry: Telemetry = NO_TELEMETRY) -> "WebClient":
    """Slack's Web API."""
    from bot.adapters.slack.client import MeasuredWebClient

    token = config.credentials.slack_bot_token
    return MeasuredWebClient(telemetry, token=token, base_url=str(config.slack.api_url))


class ConfiguredForge(Forge, Protocol):
    """A forge with what its port lacks: git's credential, and the probes of `gitops-bot doctor`."""

    @property
    def token_variable(self) -> str:
        """The environment variable of its token."""
        ...

    def git_credential(self) -> Credential | None:
        """The credential for git; None if no token is set. Raises ForgeError."""
        ...

    def probes(self) -> Iterable["Probe"]:
        """Test every permission without changing anything."""
        ...

    def clone_urls(self) -> list[str]:
        """The URLs of the repository for git, over HTTPS and SSH. Raises ForgeError."""
        ...


def _github(forge: ForgeConfig, credentials: Credentials) -> ConfiguredForge:
    from bot.adapters.forges.github import GitHubForge

    return GitHubForge.from_config(forge, credentials)


def _gitlab(forge: ForgeConfig, credentials: Credentials) -> ConfiguredForge:
    from bot.adapters.forges.gitlab import GitLabForge

    return GitLabForge.from_config(forge, credentials)


def _bitbucket(forge: ForgeConfig, credentials: Credentials) -> ConfiguredForge:
    from bot.adapters.forges.bitbucket import BitbucketForge

    return BitbucketForge.from_config(forge, credentials)


def _bitbucket_server(forge: ForgeConfig, credentials: Credentials) -> ConfiguredForge:
    from bot.adapters.forges.bitbucket_server import BitbucketServerForge

    return BitbucketServerForge.from_config(forge, credentials)


# Functions, since a forge's library is loaded only if needed, and some are extras.
_FORGES: Mapping[str, Callable[[ForgeConfig, Credentials], ConfiguredForge]] = {
    "github": _github,
    "gitlab": _gitlab,
    "bitbucket": _bitbucket,
    "bitbucket-server": _bitbucket_server,
}


def forge(config: Config, key: str) -> ConfiguredForge | None:
    """The forge of the repository with this key, at any revision; None if it has none."""
    settings = config.repositories[RepositoryRef.parse(key).name].forge
    return _FORGES[settings.kind](settings, config.credentials) if settings else None


def repository(config: Config, key: str, telemetry: Telemetry = NO_TELEMETRY) -> GitRepository:
    """The mirror of the repository with this key, with its forge's credential. Raises RepositoryError for a bad URL.

    Different revisions of a repository share its mirror.
    """
    ref = RepositoryRef.parse(key)
    settings, hosted = config.repositories[ref.name], forge(config, key)
    revision = ref.target_revision or TargetRevision.branch(settings.branch)
    if hosted is None:
        return GitRepository(key, settings.url, revision, config.mirrors, mirror=ref.name, telemetry=telemetry)
    return _repository_type(settings.forge, hosted)(
        key,
        settings.url,
        revision,
        config.mirrors,
        mirror=ref.name,
        credential=hosted.git_credential,
        credential_variable=hosted.token_variable,
        telemetry=telemetry,
    )


def source(config: Config, key: str, fetcher: Charts, telemetry: Telemetry = NO_TELEMETRY) -> Repository:
    """The repository or chart with this key. Raises RepositoryError for a bad URL."""
    chart = ChartRef.from_key(key)
    return ChartRepository(chart, fetcher) if chart else repository(config, key, telemetry)


def charts(config: Config, fetches: BackgroundFetches | None = None) -> ChartFetcher:
    """The charts in Helm repositories and registries, cached next to the mirrors."""
    credentials = read_credentials(os.environ)
    return ChartFetcher(config.mirrors / ".charts", config.charts.allow, credentials, fetches)


def _repository_type(settings: ForgeConfig | None, forge: ConfiguredForge) -> Callable[..., GitRepository]:
    """The class for GitHub, which can also sign commits, or for other forges, without loading GitHub's library."""
    if settings and settings.kind == "github":
        from bot.adapters.forges.github import GitHubForge
        from bot.adapters.forges.signed_repository import SignedRepository

        if isinstance(forge, GitHubForge):
            return partial(SignedRepository, create_commit=forge.create_commit)
    return GitRepository


_Client = TypeVar("_Client")


_MAX_REVISIONS: Final = 100  # with a client, which may have a git process and five open files


class _ByRepository(Mapping[str, _Client]):
    """A client for each `RepositoryRef.key`; those for charts and other revisions are built when they are used.

    Thread-safe. Raises KeyError if the repository has no client. Iteration yields only the configured repositories.
    """

    def __init__(self, clients: Mapping[str, _Client], build: Callable[[str], _Client | None]) -> None:
        self._listed = clients
        self._charts: dict[str, _Client] = {}
        self._revisions: LRUCache[str, _Client] = LRUCache(_MAX_REVISIONS)
        self._build = build
        self._building = threading.Lock()

    def __getitem__(self, key: str) -> _Client:
        if key in self._listed:
            return self._listed[key]
        with self._building:
            built = self._charts if is_chart_key(key) else self._revisions
            client = built.get(key)
            if client is None:
                is_known = is_chart_key(key) or RepositoryRef.parse(key).name in self._listed
                client = self._build(key) if is_known else None
                if client is None:
                    raise KeyError(key)
                built[key] = client
            return client

    def __iter__(self) -> Iterator[str]:
        return iter(self._listed)

    def __len__(self) -> int:
        return len(self._listed)


def renderer(config: Config, telemetry: Telemetry = NO_TELEMETRY, slow_runs: SlowRuns | None = None) -> CachedRenderer:
    """The renderers, with their output cached next to the mirrors."""
    return CachedRenderer(ProgramRenderer.find(slow_runs), config.mirrors / ".rendered", telemetry)


def bases(config: Config, fetches: BackgroundFetches | None = None) -> GitBases:
    """The remote bases of kustomizations, mirrored next to the repositories."""
    return GitBases(config.mirrors / ".bases", config.bases.allow, fetches)


def cluster(config: Config, name: str, telemetry: Telemetry = NO_TELEMETRY) -> KubernetesCluster:
    """The client of one cluster. Raises ClusterError for a bad kubeconfig."""
    settings = config.clusters[name]
    return KubernetesCluster(name, kubeconfig=settings.kubeconfig, context=settings.context, telemetry=telemetry)


def store(config: Config, *, upgrade: bool = True) -> "SqlStore":
    """The state database. Raises StoreError if it cannot be opened, or has to be upgraded first."""
    from bot.adapters.database.store import SqlStore

    sources = {name: (normalize(repository.url), repository.branch) for name, repository in config.repositories.items()}
    return SqlStore(config.store, sources, upgrade=upgrade)


def audit_recorders(config: Config, writes: "ClusterWrites") -> Mapping[str, AuditRecorder]:
    """The recorder for each cluster with a configured audit log."""
    key = secrets.token_bytes(32)
    return {
        name: AuditRecorder(name, audit, [AuditLogFile(path) for path in audit.logs], writes, key)
        for name, audit in config.audits.items()
    }


def event_receiver(config: Config) -> "EventReceiver | None":
    """The receiver of events; None if none is configured."""
    secret = config.credentials.events_secret
    if config.events is None or not secret:
        return None
    from bot.adapters.events.webhook import EventWebhook

    return EventWebhook(config.events.url, secret, config.events.source)


def ports(
    config: Config, client: "WebClient", clock: Callable[[], datetime], telemetry: Telemetry = NO_TELEMETRY
) -> Ports:
    """Every port. Raises PortError if the database cannot be opened or a setting cannot be used.

    Removes what a killed bot left behind.
    """
    from bot.adapters.slack.chat import SlackChat

    remove_abandoned_copies()
    fetches = BackgroundFetches()
    fetcher = charts(config, fetches)
    repositories = {name: repository(config, name, telemetry) for name in config.repositories}
    forges = {name: built for name in config.repositories if (built := forge(config, name))}
    return Ports(
        repositories=_ByRepository(repositories, lambda key: source(config, key, fetcher, telemetry)),
        forges=_ByRepository(forges, lambda key: None if is_chart_key(key) else forge(config, key)),
        clusters={name: cluster(config, name, telemetry) for name in config.clusters},
        charts=fetcher,
        renderer=renderer(config, telemetry, SlowRuns(SLOW_BUDGET_SECONDS)),
        bases=bases(config, fetches),
        store=store(config),
        chat=SlackChat(client),
        clock=clock,
        telemetry=telemetry,
    )

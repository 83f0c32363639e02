"""Tests every credential, scope and permission, without changing anything that people see."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Protocol

from bot.config.model import Config
from bot.config.sections.repository import RepositoryConfig
from bot.core.applications.application import Application
from bot.core.charts.reference import ChartRef, is_chart_key
from bot.core.cluster_audit.parse import NotAnEventError, parse_events
from bot.core.drift.model import Status
from bot.core.events import ping
from bot.core.git.git_url import normalize
from bot.handlers.attempt import attempt
from bot.handlers.cluster_audit.record import AuditLog
from bot.handlers.discovery.discover import Discoverer
from bot.handlers.drift.check import check, fetch_all
from bot.handlers.drift.comparison_cache import Caches
from bot.handlers.drift.declared import declared_objects
from bot.handlers.drift.desired_state import desired_states
from bot.handlers.drift.later_sources import Revision
from bot.handlers.pull_requests.propose import BRANCH_FOLDER
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.handlers.slack_probes import SlackClient, slack_probes
from bot.handlers.store_probes import store_probes
from bot.handlers.watch.plan import Scope, refused_watches, watch_plan
from bot.ports.bases import Bases
from bot.ports.charts import Charts
from bot.ports.chat import Chat
from bot.ports.cluster import Cluster, ForbiddenError
from bot.ports.errors import PortError
from bot.ports.events import EventReceiver
from bot.ports.git import Repository
from bot.ports.probe import Probe
from bot.ports.rendering import Renderer
from bot.ports.store import Store

GIT_NEEDED = (2, 38)  # the first version with `git merge-tree --write-tree`


class Forge(Protocol):
    """A forge that can test its token's permissions."""

    def probes(self) -> Iterable[Probe]:
        """Test every permission without changing anything."""
        ...

    def clone_urls(self) -> Sequence[str]:
        """The URLs of the repository for git, over HTTPS and SSH. Raises ForgeError."""
        ...


@dataclass(frozen=True, slots=True)
class Clients:
    """The clients to test. If creating one may raise PortError, it is a callable."""

    slack: SlackClient
    chat: Chat
    repositories: Mapping[str, Callable[[], Repository]]
    repository: Callable[[str], Repository]  # by the key of its RepositoryRef
    forges: Mapping[str, Forge]
    clusters: Mapping[str, Callable[[], Cluster]]
    charts: Charts
    renderer: Renderer
    bases: Bases
    programs: Mapping[str, str]  # renderers such as Kustomize, with their command; "" if not installed
    missing_isolation: str  # why renderers can't be isolated on this machine; "" if they can
    audit_logs: Callable[[Path], AuditLog]
    events: EventReceiver | None
    store: Callable[[], Store]
    git_version: Callable[[], tuple[int, ...]]
    clock: Callable[[], datetime]


def doctor(config: Config, clients: Clients) -> Iterator[Probe]:
    """Yield each probe as soon as it is done. Never raises."""
    missing = config.missing_for_run()
    yield from (Probe("configuration", ok=False, remedy=sentence) for sentence in missing)
    if not missing:
        yield Probe("configuration", ok=True)
    yield _git(clients.git_version())
    yield from (_program(name, command) for name, command in clients.programs.items())
    yield _isolation(clients.missing_isolation)
    yield from store_probes(clients.store, config.lease_names, clients.clock())
    yield from slack_probes(config, clients.slack, clients.chat, clients.clock)
    yield from _events(clients.events, clients.clock)

    repositories: dict[str, Repository] = {}
    revisions: dict[str, Revision] = {}
    for name, make_repository in clients.repositories.items():
        probe, fetched = attempt(f"repository {name}: git can fetch", partial(_fetch, make_repository))
        yield probe
        if fetched:
            repositories[name], revisions[name] = fetched
    for name, forge in clients.forges.items():
        yield from forge.probes()
        yield from _same_repository(name, config.repositories[name], forge)
        yield from _branches(name, repositories)
    clusters: dict[str, Cluster] = {}
    for name, make_cluster in clients.clusters.items():
        probe, cluster = attempt(f"cluster {name}: API server responds", partial(_discover, make_cluster))
        yield probe
        if cluster:
            clusters[name] = cluster
    yield from _audit_logs(config, clients.audit_logs)
    discoverer = Discoverer(config, clusters, clients.repository, clients.charts, wait_seconds=threading.TIMEOUT_MAX)
    yield from _deployers(discoverer)
    applications = list(discoverer.applications.values())
    for ref in dict.fromkeys(ref for application in applications for ref in application.repositories):
        if (ref.name in repositories or is_chart_key(ref.key)) and ref.key not in repositories:
            repositories[ref.key] = clients.repository(ref.key)
    revisions |= fetch_all({key: repositories[key] for key in repositories.keys() - revisions.keys()})
    yield from _chart_hosts(revisions)
    caches = Caches(ManifestCache(clients.renderer, clients.charts, clients.bases))
    for name, cluster in clusters.items():
        checkable = [
            application
            for application in applications
            if application.cluster == name and application.repository.key in repositories
        ]
        yield from _applications(config, checkable, cluster, repositories, revisions, caches, clients.clock())
        yield from _watches(config, checkable, cluster, repositories, revisions, caches.manifest_cache)


def _git(version: tuple[int, ...]) -> Probe:
    installed, needed = (".".join(map(str, numbers)) for numbers in (version, GIT_NEEDED))
    if version >= GIT_NEEDED:
        return Probe(f"git {installed}", ok=True)
    return Probe(f"git {installed}" if version else "git", ok=False, remedy=f"install git {needed} or later.")


def _program(name: str, command: str) -> Probe:
    """Always ok: an application that needs a missing renderer has its own probe."""
    return Probe(f"{name}: {command or 'not found; applications that need it cannot be checked'}", ok=True)


def _isolation(missing: str) -> Probe:
    """Always ok, like a missing renderer."""
    consequence = "Helm charts in kustomizations, generators, transformers and validators are not rendered"
    state = f"not isolated ({missing}); {consequence}" if missing else "isolated by Landlock and seccomp"
    return Probe(f"Kustomize and Helm are {state}", ok=True)


def _fetch(make: Callable[[], Repository]) -> tuple[Repository, str]:
    repository = make()
    return repository, repository.fetch()


def _same_repository(name: str, settings: RepositoryConfig, forge: Forge) -> Iterator[Probe]:
    """Whether the URL for git is that of the repository on the forge.

    Also ok for a host that the forge doesn't name, such as a mirror or an alias from an SSH configuration.
    """
    what, url = f"repository {name}: url and forge.repository match", normalize(settings.url)
    repository = settings.forge.repository if settings.forge else ""
    if f"/{url}".endswith(f"/{repository.lower()}"):
        yield Probe(what, ok=True)
        return
    probe, found = attempt(what, forge.clone_urls)
    if found is None:
        return  # the forge's own probes say why
    urls = {normalize(clone_url) for clone_url in found}
    if url in urls:
        yield probe
    elif _host(url) in map(_host, urls):
        yield Probe(what, ok=False, remedy=f"url is {url}, but forge.repository is {repository}. Correct one of them.")
    else:
        yield Probe(f"{what}: not known; url is {url}, and forge.repository is {repository}", ok=True)


def _host(normalized_url: str) -> str:
    """Without the port, since SSH and HTTPS have different ones."""
    return normalized_url.partition("/")[0].partition(":")[0]


def _branches(name: str, repositories: Mapping[str, Repository]) -> Iterator[Probe]:
    """A failed probe if a branch of the repository keeps the bot from creating its own."""
    if name not in repositories:
        return
    what = f"repository {name}: branches can be created in {BRANCH_FOLDER}/"
    probe, is_taken = attempt(what, partial(repositories[name].has_branch, BRANCH_FOLDER))
    if is_taken:
        yield Probe(what, ok=False, remedy=f"rename or delete the branch {BRANCH_FOLDER}.")
    elif not probe.ok:
        yield probe


def _discover(make: Callable[[], Cluster]) -> Cluster:
    cluster = make()
    cluster.discover()
    return cluster


def _events(receiver: EventReceiver | None, clock: Callable[[], datetime]) -> Iterator[Probe]:
    if receiver is not None:
        yield attempt("events: the receiver accepts them", lambda: receiver.send(ping(clock())))[0]


def _audit_logs(config: Config, open_log: Callable[[Path], AuditLog]) -> Iterator[Probe]:
    for name, audit in config.audits.items():
        for path in audit.logs:
            what = f"cluster {name}: audit log {path} can be read"
            probe, lines = attempt(what, partial(_read_audit_log, open_log, path))
            if lines and not any(map(_is_audit_event, lines)):
                remedy = (
                    "no line is an audit event: set --audit-log-format=json on the API server, or correct the path."
                )
                probe = Probe(what, ok=False, remedy=remedy)
            yield probe


def _read_audit_log(open_log: Callable[[Path], AuditLog], path: Path) -> Sequence[bytes]:
    log = open_log(path)
    try:
        return log.read()
    finally:
        log.close()


def _is_audit_event(line: bytes) -> bool:
    try:
        return bool(list(parse_events(line)))
    except (NotAnEventError, RecursionError):
        return False


def _deployers(discoverer: Discoverer) -> Iterator[Probe]:
    """Whether each deployer's applications can be read, and a failed probe for each that cannot be watched."""
    for name in discoverer.polled_clusters:
        before = set(discoverer.inventory().notes)
        discoverer.poll(name)
        new = [note for note in discoverer.inventory().notes if note not in before]
        yield Probe(f"cluster {name}: deployers' applications can be read", not new, " ".join(map(str, new)))
    for unreadable in discoverer.inventory().unsupported:
        yield Probe(f"{unreadable.origin.title!s}: can be watched", ok=False, remedy=unreadable.reason)


def _chart_hosts(revisions: Mapping[str, Revision]) -> Iterator[Probe]:
    """Whether charts can be fetched from each host that resources refer to, with the first reason if not."""
    charts = {chart: revision for key, revision in revisions.items() if (chart := ChartRef.from_key(key))}
    for host in sorted({chart.host for chart in charts}):
        errors = [error for chart, error in charts.items() if chart.host == host and isinstance(error, PortError)]
        total = sum(chart.host == host for chart in charts)
        what = f"charts from {host}: {total - len(errors)} of {total} can be fetched"
        yield Probe(what, not errors, errors[0].text if errors else "")


def _applications(
    config: Config,
    applications: Sequence[Application],
    cluster: Cluster,
    repositories: Mapping[str, Repository],
    revisions: Mapping[str, Revision],
    caches: Caches,
    now: datetime,
) -> Iterator[Probe]:
    """Run a real check of each, which lists exactly the kinds that git declares, so that no permission is guessed."""
    checks = check(
        applications,
        revisions=revisions,
        repositories=repositories,
        cluster=cluster,
        ignore=config.ignore,
        caches=caches,
        now=now,
    )
    for result in checks:
        ok = result.status is not Status.UNKNOWN
        yield Probe(f"application {result.application}: can be checked", ok, "" if ok else result.error or "")


def _watches(
    config: Config,
    applications: Sequence[Application],
    cluster: Cluster,
    repositories: Mapping[str, Repository],
    revisions: Mapping[str, Revision],
    manifest_cache: ManifestCache,
) -> Iterator[Probe]:
    """Whether changes can be watched. Also ok without permission, because scheduled checks see the same later."""
    if not config.clusters[cluster.name].watch:
        return
    states = desired_states(applications, revisions, repositories, manifest_cache)
    declarations = [(manifest, state.application) for state in states for manifest in state.manifests]

    def refused() -> Mapping[Scope, ForbiddenError]:
        discovery = cluster.discover()
        return refused_watches(cluster, watch_plan(declared_objects(declarations, discovery), discovery))

    what = f"cluster {cluster.name}: changes can be watched"
    probe, refusals = attempt(what, refused)
    if refusals:
        kinds = ", ".join(sorted({kind.plural for kind, _ in refusals}))
        reason = next(iter(refusals.values()))
        probe = Probe(f"{what}, except {kinds}, which are checked only on schedule. {reason}", ok=True)
    yield probe

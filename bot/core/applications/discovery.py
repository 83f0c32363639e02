"""Turns the applications that Argo CD and Flux resources declare into the bot's own, next to the configured ones."""

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Final, TypeVar

from bot.core.applications.application import Application
from bot.core.applications.deployer_status import DeployerStatus
from bot.core.applications.destination import Destination
from bot.core.applications.names import ResourceKey, assign_names
from bot.core.applications.resource_ref import ResourceRef
from bot.core.charts.reference import ChartRef
from bot.core.drift.ignore_rules import IgnoreRule
from bot.core.drift.model import NotFollowed
from bot.core.git.git_url import normalize
from bot.core.git.repository_ref import RepositoryRef
from bot.core.git.target_revision import HEAD, MAX_REVISION_BYTES, TargetRevision
from bot.core.objects.resource import Object, mapping, text
from bot.core.rendering.source import Capabilities, Source
from bot.core.sanitize import redact_url
from bot.i18n.catalogue import chart as chart_texts
from bot.i18n.catalogue import check as check_texts
from bot.i18n.catalogue import discovery as texts
from bot.i18n.language import LocalizedError, LocalizedText, Text

# Ignore rules of one resource, counting paths, expressions and managers: each one costs time for every object.
MAX_IGNORE_RULES: Final = 500
MAX_PATTERNS: Final = 50_000  # characters of all alternatives of the patterns in a resource's ignore rules, or sources
MAX_NOTES: Final = 20
_Rule = TypeVar("_Rule")
CHANNEL_ANNOTATION: Final = "gitops-bot/channel"
_CHANNEL_ID: Final = re.compile(r"[CG][A-Z0-9]{2,}")
_MAX_CHANNEL: Final = 63  # characters; the key of its cards must fit into an index


class UnsupportedResourceError(LocalizedError):
    """The bot can't watch a resource, or one of its sources. The text is a sentence for people."""


@dataclass(frozen=True, slots=True)
class DiscoveredApplication:
    """One source of a resource. `source_name` is "" if there is only one.

    `notes` are sentences about settings that the bot does not apply. With `chart`, the source is in that chart instead
    of the git repository at `url`. `prunes` is whether the resource deletes objects that are removed from git.
    """

    origin: ResourceRef
    status: DeployerStatus
    url: str
    revision: TargetRevision
    source: Source
    destination: Destination
    chart: ChartRef | None = None
    source_name: str = ""
    ignore: tuple[IgnoreRule, ...] = ()
    channel: str = ""
    notes: tuple[Text, ...] = ()
    prunes: bool = True

    @property
    def key(self) -> tuple[ResourceRef, str]:
        """What identifies it: its resource, and which of its sources it is."""
        return self.origin, self.source_name

    @property
    def name(self) -> str:
        """Its name, unless an older resource has it: `shop`, or `shop.values` for one of several sources."""
        return _name(self.origin, self.source_name)

    def unsupported(self, reason: Text) -> "UnsupportedResource":
        """What takes its place if the bot can't watch it."""
        return UnsupportedResource(self.origin, self.status, reason, self.source_name)

    @property
    def chart_hosts(self) -> list[str]:
        """The hosts to fetch its charts from."""
        charts = (self.chart, ChartRef.from_key(self.source.chart))
        return [chart.host for chart in charts if chart]


@dataclass(frozen=True, slots=True)
class UnsupportedResource:
    """A resource, or one of its sources, that the bot can't watch; `reason` is a sentence for people."""

    origin: ResourceRef
    status: DeployerStatus
    reason: Text
    source_name: str = ""

    @property
    def name(self) -> str:
        """The name to show: `shop`, or `shop.values` for one of several sources."""
        return _name(self.origin, self.source_name)


def _name(origin: ResourceRef, source_name: str) -> str:
    return f"{origin.name}.{source_name}" if source_name else origin.name


def group_unsupported(unsupported: Iterable[UnsupportedResource]) -> tuple[NotFollowed, ...]:
    """The resources by kind and reason, largest group first: one cause often affects dozens."""
    groups: dict[tuple[str, str], list[UnsupportedResource]] = {}
    for resource in unsupported:
        groups.setdefault((resource.origin.kind, str(resource.reason)), []).append(resource)
    return tuple(
        NotFollowed(
            kind,
            resources[0].reason,
            tuple(sorted(f"{item.origin.cluster}/{item.origin.namespace}/{item.name}" for item in resources)),
        )
        for (kind, _), resources in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    )


DiscoveryResult = DiscoveredApplication | UnsupportedResource


@dataclass(frozen=True, slots=True)
class ConfiguredCluster:
    """A cluster in the configuration: its name, its API server's URL, its kubeconfig context ("" if none).

    `channel` is the Slack channel for its applications. Deployers of configured ones may be in `deployer_namespaces`.
    `capabilities` are those for Helm, None while they are unknown.
    """

    name: str
    server: str
    context: str
    channel: str
    deployer_namespaces: tuple[str, ...]
    capabilities: Capabilities | None = None


@dataclass(frozen=True, slots=True)
class ConfiguredRepository:
    """A repository in the configuration: its name, its URL and its tracked branch.

    `default_branch` is the remote's default branch, "" while it is unknown.
    """

    name: str
    url: str
    branch: str
    default_branch: str = ""

    def tracks(self, revision: TargetRevision) -> bool:
        """Whether a revision is the tracked branch."""
        return self.default_branch == self.branch if revision.text == HEAD else revision.is_branch(self.branch)


@dataclass(frozen=True, slots=True)
class ApplicationInventory:
    """All applications and their deployers' statuses, by application name, and the resources that are unsupported.

    `notes` are sentences about clusters that could not be read; of `unread_clusters`, nothing was read since the start.
    `is_complete` is whether every deployer has been read or has failed.
    """

    applications: Mapping[str, Application]
    deployer_statuses: Mapping[str, DeployerStatus]
    unsupported: tuple[UnsupportedResource, ...] = ()
    notes: tuple[Text, ...] = ()
    is_complete: bool = True
    unread_clusters: frozenset[str] = frozenset()

    @property
    def clusters(self) -> frozenset[str]:
        """The clusters that should be checked, also if their applications are not known yet."""
        return self.unread_clusters | {application.cluster for application in self.applications.values()}

    def clusters_of_charts(self, cluster: str) -> frozenset[str]:
        """The clusters to which resources on this cluster may deploy charts, which depend on their capabilities."""
        return frozenset(
            application.cluster
            for application in self.applications.values()
            if application.origin and application.origin.cluster == cluster
            for source in (application.rendered, *(later for _, later in application.later_sources))
            if source and source.may_have_charts
        )


def within_limit(rules: Sequence[_Rule], size: Callable[[_Rule], int]) -> tuple[Sequence[_Rule], tuple[Text, ...]]:
    """The ignore rules of a resource, cut to the limit, and a note if rules were left out."""
    totals = accumulate(1 + size(rule) for rule in rules)
    kept = [rule for rule, total in zip(rules, totals, strict=True) if total <= MAX_IGNORE_RULES]
    if len(kept) == len(rules):
        return kept, ()
    left_out = {"n": str(len(rules) - len(kept)), "most": str(MAX_IGNORE_RULES)}
    return kept, (LocalizedText(texts.TOO_MANY_RULES, **left_out),)


def annotated_channel(resource: Object) -> tuple[str, tuple[Text, ...]]:
    """The Slack channel ID in a CHANNEL_ANNOTATION, or "", and a note if the annotation isn't one."""
    channel = text(mapping(resource, "metadata", "annotations"), CHANNEL_ANNOTATION)
    if channel and (len(channel) > _MAX_CHANNEL or _CHANNEL_ID.fullmatch(channel) is None):
        return "", (LocalizedText(texts.NO_CHANNEL, annotation=CHANNEL_ANNOTATION),)
    return channel, ()


def build_inventory(
    results: Iterable[DiscoveryResult],
    *,
    configured: Mapping[str, Application],
    repositories: Sequence[ConfiguredRepository],
    clusters: Sequence[ConfiguredCluster],
    is_allowed: Callable[[str], bool],
    held_names: Mapping[str, ResourceKey],
    waiting: Mapping[tuple[ResourceRef, str], Text],
) -> ApplicationInventory:
    """The configured applications and the discovered ones, which keep their `held_names`.

    A discovered application is the same as a configured one if they share repository, path, and cluster, and also the
    name, or the revision and namespace. Then the configuration wins, and the oldest such resource that may be its
    deployer only provides the deployer's status. Resources whose repository or cluster is not configured are
    unsupported, and so are those whose charts come from a host that `is_allowed` does not accept: the bot fetches only
    from allowed hosts. Those whose key is in `waiting` are unsupported for that reason, but remain later sources.
    """
    resolved: list[tuple[DiscoveredApplication, Application]] = []
    unsupported: list[UnsupportedResource] = []
    order: dict[tuple[ResourceRef, str], int] = {}
    for result in results:
        order[result.origin, result.source_name] = len(order)
        if isinstance(result, UnsupportedResource):
            unsupported.append(result)
            continue
        try:
            resolved.append((result, _resolve(result, repositories, clusters, is_allowed)))
        except UnsupportedResourceError as error:
            unsupported.append(result.unsupported(error.text))
    resolved = list(_with_later_sources(resolved, unsupported, order))
    unsupported += [item.unsupported(waiting[item.key]) for item, _ in resolved if item.key in waiting]
    resolved = [pair for pair in resolved if pair[0].key not in waiting]
    configured_names = _configured_names(resolved, configured)
    new = [(discovered, application) for discovered, application in resolved if discovered.key not in configured_names]
    source_names: dict[ResourceRef, list[str]] = {}
    named: list[DiscoveryResult] = [*(discovered for discovered, _ in new), *unsupported]
    for item in named:
        source_names.setdefault(item.origin, []).append(item.source_name)
    names = assign_names(source_names, configured, held_names)
    applications, statuses = dict(configured), {}
    for discovered, application in new:
        name = names.get(discovered.key)
        if name is None:
            unsupported.append(discovered.unsupported(LocalizedText(texts.NO_FREE_NAME)))
        else:
            statuses[name] = discovered.status
            applications[name] = replace(application, name=name)
    deployed = [(item, configured_names[item.key]) for item, _ in resolved if item.key in configured_names]
    configured_statuses, refused = _statuses_of(configured, deployed, clusters)
    statuses |= configured_statuses
    unsupported += refused
    return ApplicationInventory(applications, statuses, tuple(unsupported))


_Resolved = Sequence[tuple[DiscoveredApplication, Application]]


def _with_later_sources(
    resolved: _Resolved, unsupported: Sequence[UnsupportedResource], order: Mapping[tuple[ResourceRef, str], int]
) -> Iterator[tuple[DiscoveredApplication, Application]]:
    """The applications with the sources of the same resource that follow: in Argo CD, the last one wins.

    If later sources are unsupported, a note names the last of them: the bot can't tell what it declares.
    """
    sources: dict[ResourceRef, list[tuple[RepositoryRef, Source]]] = {}
    for discovered, application in resolved:
        sources.setdefault(discovered.origin, []).append((application.repository, application.source))
    unread = {source.origin: source for source in sorted(unsupported, key=lambda it: order[it.origin, it.source_name])}
    for discovered, application in resolved:
        later, last, notes = sources[discovered.origin], unread.get(discovered.origin), application.notes
        del later[0]
        if last and order[last.origin, last.source_name] > order[discovered.key]:
            notes = (*notes, LocalizedText(check_texts.LATER_SOURCE, path=last.name, why=last.reason))
        yield discovered, replace(application, later_sources=tuple(later), notes=notes)


def _statuses_of(
    configured: Mapping[str, Application],
    deployed: Iterable[tuple[DiscoveredApplication, str]],
    clusters: Iterable[ConfiguredCluster],
) -> tuple[dict[str, DeployerStatus], list[UnsupportedResource]]:
    """The statuses of configured applications by name, and the resources that provide none, with the reason.

    `deployed` are the resources of configured applications, each with the application's name.
    """
    namespaces = {cluster.name: cluster.deployer_namespaces for cluster in clusters}
    statuses: dict[str, DeployerStatus] = {}
    refused: list[UnsupportedResource] = []
    for discovered, name in sorted(deployed, key=lambda pair: pair[0].origin.age):
        origin = discovered.origin
        if not configured[name].may_be_deployed_by(origin, namespaces[origin.cluster]):
            refused.append(discovered.unsupported(LocalizedText(texts.NOT_ITS_DEPLOYER, name=name)))
        elif name in statuses:
            refused.append(discovered.unsupported(LocalizedText(texts.SAME_APPLICATION, name=name)))
        else:
            statuses[name] = discovered.status
    return statuses, refused


def _configured_names(resolved: _Resolved, configured: Mapping[str, Application]) -> dict[tuple[ResourceRef, str], str]:
    """The configured application that a discovered one is the same as, if any, by resource and source name."""
    by_target = {_target(application): name for name, application in configured.items()}
    names = {}
    for discovered, application in resolved:
        namesake = configured.get(discovered.name)
        if namesake is not None and _place(namesake) == _place(application):
            names[discovered.key] = discovered.name
        elif (name := by_target.get(_target(application))) is not None:
            names[discovered.key] = name
    return names


def _place(application: Application) -> tuple[str, str, str]:
    return application.repository.name, application.source.path, application.cluster


def _target(application: Application) -> tuple[RepositoryRef, str, str, str]:
    return application.repository, application.source.path, application.cluster, application.namespace


def _resolve(
    discovered: DiscoveredApplication,
    repositories: Sequence[ConfiguredRepository],
    clusters: Sequence[ConfiguredCluster],
    is_allowed: Callable[[str], bool],
) -> Application:
    """The application, still without a name. Raises UnsupportedResourceError."""
    cluster, source = _resolve_cluster(discovered, clusters), discovered.source
    refused = next((host for host in discovered.chart_hosts if not is_allowed(host)), None)
    if refused is not None:
        raise UnsupportedResourceError(LocalizedText(chart_texts.HOST_NOT_ALLOWED, host=refused[:100]))
    return Application(
        name="",
        repository=discovered.chart.ref if discovered.chart else _resolve_repository(discovered, repositories),
        path=discovered.source.path,
        cluster=cluster.name,
        namespace=discovered.destination.namespace,
        channel=discovered.channel or cluster.channel,
        origin=discovered.origin,
        rendered=replace(source, capabilities=cluster.capabilities) if source.may_have_charts else source,
        ignore=discovered.ignore,
        notes=discovered.notes,
        prunes=discovered.prunes,
    )


def _resolve_repository(
    discovered: DiscoveredApplication, repositories: Sequence[ConfiguredRepository]
) -> RepositoryRef:
    """The configured repository that a source is in. Raises UnsupportedResourceError."""
    url = normalize(discovered.url)
    matching = [repository for repository in repositories if normalize(repository.url) == url]
    if not matching:
        raise UnsupportedResourceError(LocalizedText(texts.NOT_CONFIGURED, url=redact_url(discovered.url)))
    if discovered.revision.is_too_long:
        name = discovered.revision.display_name[:100]
        raise UnsupportedResourceError(LocalizedText(texts.LONG_REVISION, revision=name, most=str(MAX_REVISION_BYTES)))
    if discovered.revision.is_invalid():
        raise UnsupportedResourceError(
            LocalizedText(texts.NO_REVISION, revision=discovered.revision.display_name[:100])
        )
    tracking = [repository.name for repository in matching if repository.tracks(discovered.revision)]
    return RepositoryRef(tracking[0]) if tracking else RepositoryRef(matching[0].name, discovered.revision)


def _resolve_cluster(discovered: DiscoveredApplication, clusters: Sequence[ConfiguredCluster]) -> ConfiguredCluster:
    """The configured cluster that a resource deploys to. Raises UnsupportedResourceError."""
    server, name = discovered.destination.server, discovered.destination.name
    for cluster in clusters:
        if discovered.destination.is_own_cluster:
            matches = cluster.name == discovered.origin.cluster
        elif server:
            matches = cluster.server.rstrip("/").lower() == server.lower()
        else:
            matches = name in (cluster.name, cluster.context)
        if matches:
            return cluster
    raise UnsupportedResourceError(LocalizedText(texts.NO_CLUSTER, destination=redact_url(server or name)))


def with_last_known(
    results: Sequence[DiscoveryResult], previous: Sequence[DiscoveryResult], unavailable: Container[str]
) -> list[DiscoveryResult]:
    """The results, with the previous ones for resources that need data from an unavailable namespace."""
    last_known = {result.origin: result for result in previous if isinstance(result, DiscoveredApplication)}
    return [
        last_known.get(result.origin, result) if needs_unavailable_data(result, unavailable) else result
        for result in results
    ]


def needs_unavailable_data(result: DiscoveryResult, unavailable: Container[str]) -> bool:
    """Whether the bot can't tell what a resource declares, because of an unavailable namespace."""
    return isinstance(result, UnsupportedResource) and result.origin.namespace in unavailable

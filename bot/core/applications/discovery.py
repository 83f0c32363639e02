"""Turns the applications that Argo CD and Flux resources declare into the bot's own, next to the configured ones."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby
from typing import Final

from bot.core.applications.application import Application
from bot.core.applications.deployer_status import DeployerStatus
from bot.core.charts.reference import ChartRef
from bot.core.drift.ignore_rules import IgnoreRule
from bot.core.drift.model import NotFollowed
from bot.core.git.git_url import normalize
from bot.core.git.repository_ref import RepositoryRef
from bot.core.git.target_revision import HEAD, TargetRevision
from bot.core.objects.resource import Object, mapping, text
from bot.core.rendering.source import Capabilities, Source, SourceType
from bot.core.sanitize import redact_url
from bot.i18n.catalogue import chart as chart_texts
from bot.i18n.catalogue import discovery as texts
from bot.i18n.language import LocalizedError, LocalizedText, Text

# Ignore rules of one resource, counting paths, expressions and managers: each one costs time for every object.
MAX_IGNORE_RULES: Final = 500
_MAX_NOTES: Final = 20
CHANNEL_ANNOTATION: Final = "gitops-bot/channel"
_IN_CLUSTER_URLS: Final = frozenset({"https://kubernetes.default.svc", "https://kubernetes.default"})
_CHANNEL_ID: Final = re.compile(r"[CG][A-Z0-9]{2,}")


class UnsupportedResourceError(LocalizedError):
    """The bot can't watch a resource, or one of its sources. The text is a sentence for people."""


@dataclass(frozen=True, slots=True)
class ResourceRef:
    """The deployer's resource that declares an application, on `cluster`."""

    deployer: str
    kind: str
    cluster: str
    namespace: str
    name: str

    @property
    def title(self) -> Text:
        """`Application argocd/shop on prod`."""
        return LocalizedText(
            texts.ORIGIN, kind=self.kind, namespace=self.namespace, name=self.name, cluster=self.cluster
        )


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a resource deploys to: an API server's URL or a cluster's name, or if both are "", its own cluster."""

    namespace: str
    server: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class DiscoveredApplication:
    """One source of a resource. `source_name` is "" if there is only one.

    `notes` are sentences about settings that the bot does not apply. With `chart`, the source is in that chart instead
    of the git repository at `url`.
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
        return f"{self.origin.name}.{self.source_name}" if self.source_name else self.origin.name


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

    `channel` is the Slack channel for its applications. `kube_version` and `api_versions` are the cluster's
    capabilities for Helm; "" and () while they are unknown.
    """

    name: str
    server: str
    context: str
    channel: str
    kube_version: str = ""
    api_versions: tuple[str, ...] = ()


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
        branch = self.default_branch if revision.text == HEAD else revision.display_name
        return branch == self.branch and not revision.is_pattern


@dataclass(frozen=True, slots=True)
class ApplicationInventory:
    """All applications and their deployers' statuses, by application name, and the resources that are unsupported.

    `notes` are sentences about clusters that could not be read. `is_complete` is whether every deployer has answered.
    """

    applications: Mapping[str, Application]
    deployer_statuses: Mapping[str, DeployerStatus]
    unsupported: tuple[UnsupportedResource, ...] = ()
    notes: tuple[Text, ...] = ()
    is_complete: bool = True


def within_limit(rules: Sequence[IgnoreRule], notes: Sequence[Text]) -> tuple[tuple[IgnoreRule, ...], tuple[Text, ...]]:
    """The ignore rules and notes of a resource, cut to the limit; another note says if rules were left out."""
    parts = ((rule.json_pointers, rule.jq_path_expressions, rule.managed_fields_managers) for rule in rules)
    totals = accumulate(1 + sum(map(len, part)) for part in parts)
    kept = tuple(rule for rule, total in zip(rules, totals, strict=True) if total <= MAX_IGNORE_RULES)
    if len(kept) < len(rules):
        left_out = LocalizedText(texts.TOO_MANY_RULES, n=str(len(rules) - len(kept)), most=str(MAX_IGNORE_RULES))
        notes = (left_out, *notes)
    return kept, tuple(notes[:_MAX_NOTES])


def annotated_channel(resource: Object) -> str:
    """The Slack channel ID in a CHANNEL_ANNOTATION, or "". Raises UnsupportedResourceError if it isn't one."""
    channel = text(mapping(resource, "metadata", "annotations"), CHANNEL_ANNOTATION)
    if channel and _CHANNEL_ID.fullmatch(channel) is None:
        raise UnsupportedResourceError(LocalizedText(texts.NO_CHANNEL, annotation=CHANNEL_ANNOTATION))
    return channel


def build_inventory(
    results: Iterable[DiscoveryResult],
    *,
    configured: Mapping[str, Application],
    repositories: Sequence[ConfiguredRepository],
    clusters: Sequence[ConfiguredCluster],
    is_allowed: Callable[[str], bool],
) -> ApplicationInventory:
    """The configured applications and the discovered ones.

    A discovered application is the same as a configured one if the name is the same, or the repository, path, cluster
    and namespace are. Then the configuration wins, and the resource only provides the deployer's status. Resources
    whose repository or cluster is not configured are unsupported, and so are those whose charts come from a host that
    `is_allowed` does not accept: the bot fetches only from allowed hosts.
    """
    resolved: list[tuple[DiscoveredApplication, Application]] = []
    unsupported: list[UnsupportedResource] = []
    for result in results:
        if isinstance(result, UnsupportedResource):
            unsupported.append(result)
            continue
        try:
            resolved.append((result, _resolve(result, repositories, clusters, is_allowed)))
        except UnsupportedResourceError as error:
            unsupported.append(UnsupportedResource(result.origin, result.status, error.text, result.source_name))
    resolved = [
        (discovered, replace(application, later_sources=_later_sources(discovered, resolved[index + 1 :])))
        for index, (discovered, application) in enumerate(resolved)
    ]
    names = _unique_names([discovered for discovered, _ in resolved])
    configured_names = {_target(application): name for name, application in configured.items()}
    applications, statuses = dict(configured), {}
    for discovered, application in resolved:
        name = names[discovered.origin, discovered.source_name]
        name = name if name in configured else configured_names.get(_target(application), name)
        statuses[name] = discovered.status
        if name not in configured:
            applications[name] = replace(application, name=name)
    return ApplicationInventory(applications, statuses, tuple(unsupported))


def _later_sources(
    discovered: DiscoveredApplication, following: Sequence[tuple[DiscoveredApplication, Application]]
) -> tuple[tuple[RepositoryRef, Source], ...]:
    """The later sources of the same resource: in Argo CD, the last one that declares an object wins."""
    return tuple(
        (application.repository, application.source)
        for other, application in following
        if other.origin == discovered.origin
    )


_NAME_FORMS: Final = (
    "{name}",
    "{cluster}/{name}",
    "{namespace}/{name}",
    "{cluster}/{namespace}/{name}",
    "{cluster}/{namespace}/{kind}/{name}",
)


def _target(application: Application) -> tuple[RepositoryRef, str, str, str]:
    return application.repository, application.source.path, application.cluster, application.namespace


def _resolve(
    discovered: DiscoveredApplication,
    repositories: Sequence[ConfiguredRepository],
    clusters: Sequence[ConfiguredCluster],
    is_allowed: Callable[[str], bool],
) -> Application:
    """The application, still without a name. Raises UnsupportedResourceError."""
    cluster = _resolve_cluster(discovered, clusters)
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
        rendered=_with_capabilities(discovered.source, cluster),
        ignore=discovered.ignore,
        notes=discovered.notes,
    )


def _with_capabilities(source: Source, cluster: ConfiguredCluster) -> Source:
    """Add the cluster's versions if there is a chart. Flux does not render charts in kustomizations."""
    if source.type is SourceType.PLAIN or (source.type is SourceType.KUSTOMIZE and source.kustomize.flux is not None):
        return source
    return replace(source, capabilities=Capabilities(cluster.kube_version, cluster.api_versions))


def _resolve_repository(
    discovered: DiscoveredApplication, repositories: Sequence[ConfiguredRepository]
) -> RepositoryRef:
    """The configured repository that a source is in. Raises UnsupportedResourceError."""
    url = normalize(discovered.url)
    matching = [repository for repository in repositories if normalize(repository.url) == url]
    if not matching:
        raise UnsupportedResourceError(LocalizedText(texts.NOT_CONFIGURED, url=redact_url(discovered.url)))
    if discovered.revision.is_invalid():
        raise UnsupportedResourceError(
            LocalizedText(texts.NO_REVISION, revision=discovered.revision.display_name[:100])
        )
    tracking = [repository.name for repository in matching if repository.tracks(discovered.revision)]
    return RepositoryRef(tracking[0]) if tracking else RepositoryRef(matching[0].name, discovered.revision)


def _resolve_cluster(discovered: DiscoveredApplication, clusters: Sequence[ConfiguredCluster]) -> ConfiguredCluster:
    """The configured cluster that a resource deploys to. Raises UnsupportedResourceError."""
    server, name = discovered.destination.server.rstrip("/"), discovered.destination.name
    in_cluster = (not server and not name) or server in _IN_CLUSTER_URLS or name == "in-cluster"
    for cluster in clusters:
        if in_cluster:
            matches = cluster.name == discovered.origin.cluster
        elif server:
            matches = cluster.server.rstrip("/").lower() == server.lower()
        else:
            matches = name in (cluster.name, cluster.context)
        if matches:
            return cluster
    raise UnsupportedResourceError(LocalizedText(texts.NO_CLUSTER, destination=redact_url(server or name)))


def _unique_names(discovered: Sequence[DiscoveredApplication]) -> dict[tuple[ResourceRef, str], str]:
    """A name for each application, by resource and source: the shortest that is unique."""
    names = {}
    by_name = sorted(discovered, key=lambda application: application.origin.name)
    for _, group in groupby(by_name, key=lambda application: application.origin.name):
        namesakes = list(group)
        origins = {application.origin for application in namesakes}
        form = next(form for form in _NAME_FORMS if len({_name(form, origin) for origin in origins}) == len(origins))
        for application in namesakes:
            name, source_name = _name(form, application.origin), application.source_name
            names[application.origin, source_name] = f"{name}.{source_name}" if source_name else name
    return names


def _name(form: str, origin: ResourceRef) -> str:
    return form.format(cluster=origin.cluster, namespace=origin.namespace, kind=origin.kind.lower(), name=origin.name)

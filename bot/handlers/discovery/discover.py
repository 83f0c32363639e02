"""Discovers applications from the resources of Argo CD and Flux on each cluster, and keeps them up to date."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bot.config.model import Config
from bot.config.sections.cluster import ClusterConfig
from bot.core.applications.deployer_status import DeployerStatus
from bot.core.applications.discovery import (
    ApplicationInventory,
    ConfiguredCluster,
    ConfiguredRepository,
    DiscoveredApplication,
    DiscoveryResult,
    UnsupportedResource,
    build_inventory,
    needs_unavailable_data,
    with_last_known,
)
from bot.core.applications.flux_chart import Resources
from bot.core.applications.flux_values import DataReader
from bot.core.applications.names import ResourceKey, may_be_named
from bot.core.applications.resource_ref import ResourceRef
from bot.core.rendering.source import Capabilities
from bot.core.waiting import is_waiting
from bot.handlers.discovery.applications import Applications
from bot.handlers.discovery.default_branches import DefaultBranches
from bot.handlers.discovery.deployer_kinds import DEPLOYERS, Deployer
from bot.handlers.discovery.held_names import HeldNames
from bot.handlers.discovery.last_known import LastKnown
from bot.handlers.discovery.resource_data import data_reader
from bot.handlers.discovery.resources import (
    ResourceBudget,
    ResourceList,
    group_problem,
    list_resources,
    preferred_kinds,
)
from bot.i18n.catalogue import discovery as texts
from bot.i18n.catalogue import status as status_texts
from bot.i18n.language import LocalizedText, Text
from bot.ports.charts import Charts
from bot.ports.cluster import Cluster, ClusterError, ForbiddenError
from bot.ports.errors import PortError
from bot.ports.git import Repository
from bot.ports.isolation import UnexpectedError, skip_unexpected, unexpected_as_port_error

_log = logging.getLogger(__name__)

# For the first answer of a deployer. Then the others no longer wait for it.
_PATIENCE: Final = timedelta(minutes=1)
# That a cluster doesn't serve a deployer's resources, until that counts as having none: it may be installed again.
_ABSENCE: Final = timedelta(minutes=10)

Object = Mapping[str, Any]


class Discoverer:
    """Merges the configured applications with those that deployers declare, in `applications`. Thread-safe.

    Each cluster is polled separately, so that they don't wait for each other. While a cluster is unavailable, its last
    results are kept. `repository` returns a repository by the key of its `RepositoryRef`. Names are held once every
    deployer has been read, since they depend on every cluster. `wait_seconds` are as for
    LastKnown, for default branches.
    """

    def __init__(
        self,
        config: Config,
        clusters: Mapping[str, Cluster],
        repository: Callable[[str], Repository],
        charts: Charts,
        held_names: HeldNames | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        wait_seconds: float | None = None,
    ) -> None:
        self._config = config
        self._clusters = clusters
        self._configured_applications = config.applications
        self._charts = charts
        self._held_names = held_names or HeldNames()
        self._clock = clock
        self._started = clock()
        self._capabilities = LastKnown("versions", self._read_capabilities)
        urls = {name: settings.url for name, settings in config.repositories.items()}
        self._default_branches = DefaultBranches(urls, repository, wait_seconds)
        self._lock = threading.Lock()
        self._results: Mapping[tuple[str, str], Sequence[DiscoveryResult]] = {}
        self._read_at: dict[tuple[str, str], datetime] = {}  # when that began, by cluster and declaring kind
        self._problems: dict[tuple[str, str], Text] = {}
        self._not_served: dict[tuple[str, str], datetime] = {}  # since when
        self._without_data: dict[tuple[str, str], set[ResourceKey]] = {}  # resources that need unavailable data
        self._waiting: Mapping[ResourceKey, Text] = {}  # resources that wait for a default branch, with the reason
        self._inventory = ApplicationInventory(self._configured_applications, {})
        self._built_from: object = None
        self.applications = Applications(self._configured_applications)

    @property
    def polled_clusters(self) -> list[str]:
        """The names of the clusters on which discovery is enabled."""
        return [
            name for name, settings in self._config.clusters.items() if settings.discover and name in self._clusters
        ]

    def poll(self, cluster: str) -> bool:
        """Read the resources of every deployer on one cluster. A failure becomes a note in the inventory.

        Whether every deployer has answered now, but hadn't before. Raises StoreError if the names cannot be read.
        """
        had_answered = self.has_answered()
        self._poll(cluster)
        return not had_answered and self.has_answered()

    def _poll(self, cluster: str) -> None:
        settings = self._config.clusters[cluster]
        for name in settings.discover:
            deployer = DEPLOYERS[name]
            began = self._clock()
            try:
                with unexpected_as_port_error(f"discovery of {deployer.title} on {cluster}"):
                    reader = self._clusters[cluster]
                    resources, too_large = _list_resources(reader, deployer)
                    unavailable: set[str] = set()
                    read_data = data_reader(reader, resources, unavailable)
                    results = _read(deployer, resources, cluster, settings, read_data) + too_large
                    if not deployer.needs_data:
                        unavailable.clear()
                    applications = with_last_known(results, self._results.get((cluster, name), ()), unavailable)
            except PortError as error:
                is_installed = not isinstance(error, _NotServedError)
                problem = self._failed(name, cluster, error.text) if is_installed else error.text
                _log.warning("%s", problem)
                with self._lock:
                    self._problems[cluster, name] = problem
                    since = self._not_served.pop((cluster, name), began)
                    if not is_installed:
                        self._not_served[cluster, name] = since
                        if not is_waiting(since + _ABSENCE, began, _ABSENCE):
                            self._set_read_at(cluster, deployer, began)
                            self._without_data.pop((cluster, name), None)
                continue
            known = self._default_branches.read_unknown(applications)
            with self._lock, skip_unexpected(f"inventory of {deployer.title} on {cluster}"):
                by_deployer = {**self._results, (cluster, name): applications}
                self._charts.allow_discovered((cluster, name), _chart_hosts(applications))
                self._rebuild_inventory(by_deployer)
                # Only now, because what was read no longer keeps applications that it doesn't declare.
                self._results = by_deployer
                self._without_data[cluster, name] = {
                    item.origin.key for item in applications if needs_unavailable_data(item, unavailable)
                }
                self._problems.pop((cluster, name), None)
                self._not_served.pop((cluster, name), None)
                self._set_read_at(cluster, deployer, began)
            self._capabilities.refresh(self._inventory.clusters_of_charts(cluster))
            self._default_branches.refresh(known)
            self._rebuild_if_outdated()

    def is_complete(self, application: str = "") -> bool:
        """Whether every deployer on every cluster has been read since the start, so that `applications` is complete.

        Resources that wait for a default branch don't count, apart from one that may declare this application.
        """
        with self._lock:
            is_read = self._declaring_kinds() <= self._read_at.keys() and not any(self._without_data.values())
            return is_read and self._why_waiting(application) is None

    def has_answered(self) -> bool:
        """Whether every deployer has been read or has failed since the start, or was given a minute for that.

        Until then, wait with what can't be made up for later. Afterwards, an unavailable cluster delays nothing.
        """
        with self._lock:
            return self._has_answered()

    def has_discovered(self, repository: str) -> bool:
        """Whether all applications of this repository are known that can be, once it has been fetched.

        Reads its default branch first if resources wait for it, also if that failed before. Raises StoreError.
        """
        with self._lock:
            if not self._has_answered() or not self._waiting:
                return self._has_answered()
            results = _flat(self._results)
        self._default_branches.read_now(repository, results)
        self._rebuild_if_outdated()
        return True

    def why_unknown(self, application: str | None) -> Text | None:
        """Why this application, or any if None, may not be discovered yet; None if all that can be expected are known.

        Once every deployer has answered or failed, only an application of this name can still be expected.
        """
        with self._lock:
            if not self._has_answered():
                return LocalizedText(status_texts.DISCOVERING)
            if application is None or application in self.applications:
                return None
            unread = sorted(self._configured_deployers() - self._results.keys() - self._not_served.keys())
            unanswered = LocalizedText(status_texts.DISCOVERING)
            return self._problems.get(unread[0], unanswered) if unread else self._why_waiting(application)

    def has_read_since(self, at: datetime, origin: ResourceKey) -> bool:
        """Whether the resources of this kind have been read since then. True for a kind that isn't read.

        A kind that the cluster hasn't served for a while counts as read. A resource that can't be resolved yet doesn't.
        """
        with self._lock:
            if any(origin in keys for keys in (self._waiting, *self._without_data.values())):
                return False
            read_at = self._read_at.get(origin[:2])
            return origin[:2] not in self._declaring_kinds() if read_at is None else read_at >= at

    def inventory(self) -> ApplicationInventory:
        """The applications and what their deployers report; `notes` list what could not be read."""
        with self._lock:
            is_complete = self._are_read()
            notes = tuple(self._problems[key] for key in sorted(self._problems))
            unread = frozenset({cluster for cluster, _ in self._problems} - {cluster for cluster, _ in self._results})
            return replace(self._inventory, notes=notes, is_complete=is_complete, unread_clusters=unread)

    def _why_waiting(self, application: str) -> Text | None:
        """Why a resource that may declare this application waits for a default branch, if one does."""
        return next((why for key, why in self._waiting.items() if may_be_named(key, application)), None)

    def _has_answered(self) -> bool:
        return self._are_read() or not is_waiting(self._started + _PATIENCE, self._clock(), _PATIENCE)

    def _are_read(self) -> bool:
        """Whether every deployer has been read or has failed since the start."""
        return self._configured_deployers() <= self._results.keys() | self._problems.keys()

    def _configured_deployers(self) -> set[tuple[str, str]]:
        return {(cluster, name) for cluster, settings in self._config.clusters.items() for name in settings.discover}

    def _declaring_kinds(self) -> set[tuple[str, str]]:
        return {
            (cluster, kind) for cluster, name in self._configured_deployers() for _, kind in DEPLOYERS[name].declaring
        }

    def _set_read_at(self, cluster: str, deployer: Deployer, at: datetime) -> None:
        self._read_at.update({(cluster, kind): at for _, kind in deployer.declaring})

    def _read_capabilities(self, name: str) -> Capabilities:
        """The versions to render charts for. Those of a group that doesn't answer now are still served."""
        cluster, known = self._clusters[name], self._capabilities[name]
        served = cluster.discover()
        versions = {
            name for kind in served.kinds.values() for name in (kind.api_version, f"{kind.api_version}/{kind.kind}")
        }
        versions |= served.broken.keys()
        down = tuple(f"{version}/" for version in served.broken)
        versions.update(version for version in (known.api_versions if known else ()) if version.startswith(down))
        return Capabilities(cluster.version(), tuple(sorted(versions)))

    def _failed(self, deployer: str, cluster: str, why: Text) -> Text:
        phrase = texts.LIST_FAILED if (cluster, deployer) in self._results else texts.NEVER_LISTED
        return LocalizedText(phrase, deployer=DEPLOYERS[deployer].title, cluster=cluster, why=why)

    def _last_known(self) -> object:
        return self._default_branches.all(), self._capabilities.all()

    def _rebuild_inventory(self, by_deployer: Mapping[tuple[str, str], Sequence[DiscoveryResult]]) -> None:
        before = set(self.applications)
        self._built_from = self._last_known()
        # A cluster that is no longer in the configuration may be the same one as another, under its earlier name.
        held = {name: key for name, key in self._held_names.holders().items() if key[0] in self._config.clusters}
        results = _flat(by_deployer)
        waiting = self._default_branches.waiting(results)
        try:
            with unexpected_as_port_error("inventory"):
                self._inventory = self._build_inventory(results, held, waiting)
        except UnexpectedError:  # find the resource by checking the results one by one
            self._inventory = self._build_inventory([self._checked(result) for result in results], held, waiting)
        if self._configured_deployers() <= by_deployer.keys() | self._problems.keys():
            self._held_names.hold(self._inventory.applications)
        self._waiting = {origin.key: why for (origin, _), why in waiting.items()}
        self.applications.replace_all(self._inventory.applications)
        now = set(self.applications)
        for change, names in (("added", now - before), ("removed", before - now)):
            if names:
                _log.info("applications %s: %s", change, ", ".join(sorted(names)))

    def _rebuild_if_outdated(self) -> None:
        with self._lock, skip_unexpected("inventory"):
            if self._last_known() != self._built_from:
                self._rebuild_inventory(self._results)

    def _checked(self, result: DiscoveryResult) -> DiscoveryResult:
        """The result, or an UnsupportedResource if an inventory of only this one fails unexpectedly."""
        try:
            with unexpected_as_port_error(str(result.origin.title)):
                self._build_inventory([result], {}, {})
        except UnexpectedError as error:
            return UnsupportedResource(result.origin, result.status, error.text, result.source_name)
        return result

    def _build_inventory(
        self,
        results: Sequence[DiscoveryResult],
        held_names: Mapping[str, ResourceKey],
        waiting: Mapping[tuple[ResourceRef, str], Text],
    ) -> ApplicationInventory:
        default_branches = self._default_branches.all()
        return build_inventory(
            results,
            configured=self._configured_applications,
            repositories=[
                ConfiguredRepository(name, settings.url, settings.branch, default_branches.get(name, ""))
                for name, settings in self._config.repositories.items()
            ],
            clusters=[self._configured_cluster(name) for name in self._config.clusters if name in self._clusters],
            is_allowed=self._charts.is_allowed,
            held_names=held_names,
            waiting=waiting,
        )

    def _configured_cluster(self, name: str) -> ConfiguredCluster:
        settings = self._config.clusters[name]
        return ConfiguredCluster(
            name,
            self._clusters[name].server,
            settings.context or "",
            settings.channel or self._config.slack.channel,
            settings.deployer_namespaces,
            self._capabilities[name],
        )


def _flat(by_deployer: Mapping[tuple[str, str], Sequence[DiscoveryResult]]) -> list[DiscoveryResult]:
    return [result for key in sorted(by_deployer) for result in by_deployer[key]]


def _chart_hosts(results: Sequence[DiscoveryResult]) -> list[str]:
    return [host for result in results if isinstance(result, DiscoveredApplication) for host in result.chart_hosts]


def _read(
    deployer: Deployer, resources: Resources, cluster: str, settings: ClusterConfig, read_data: DataReader
) -> list[DiscoveryResult]:
    """What the resources declare. If one fails unexpectedly, it becomes an UnsupportedResource. Raises PortError."""
    try:
        with unexpected_as_port_error(f"the resources of {deployer.title} on {cluster}"):
            return deployer.read(resources, cluster, settings, read_data)
    except UnexpectedError:  # the loop below finds the resource
        results: list[DiscoveryResult] = []
    declaring = [(kind, resource) for kind in deployer.declaring for resource in resources[kind]]
    for kind, resource in declaring:
        origin = ResourceRef.of(deployer.title, kind[1], cluster, resource)
        only = {**resources, **{other: [] for other in deployer.declaring}, kind: [resource]}
        try:
            with unexpected_as_port_error(str(origin.title)):
                results += deployer.read(only, cluster, settings, read_data)
        except UnexpectedError as error:
            results.append(UnsupportedResource(origin, DeployerStatus(deployer.title), error.text))
    return results


class _NotServedError(PortError):
    """The cluster does not serve the deployer's resources, so the deployer is not installed."""


def _list_resources(
    cluster: Cluster, deployer: Deployer
) -> tuple[dict[tuple[str, str], list[Object]], list[DiscoveryResult]]:
    """The deployer's resources, by (group, kind), in any served version; and those too large. Raises PortError."""
    discovery = cluster.discover()
    kinds = preferred_kinds(discovery)
    for kind in (*deployer.kinds, *deployer.optional):
        if kind not in kinds and (problem := group_problem(discovery, kind[0])):
            raise ClusterError(problem)
    needed = deployer.kinds[0]
    if needed not in kinds:
        raise _NotServedError(
            LocalizedText(
                texts.NOT_SERVED, deployer=deployer.title, cluster=cluster.name, kind=f"{needed[1]}.{needed[0]}"
            )
        )
    budget = ResourceBudget()
    lists: dict[tuple[str, str], ResourceList] = {}
    for kind in (*deployer.kinds, *deployer.optional):
        if kind not in kinds:
            continue
        try:
            lists[kind] = list_resources(cluster, kinds[kind], budget)
        except ForbiddenError:
            if kind not in deployer.optional:
                raise
    resources: dict[tuple[str, str], list[Object]] = {kind: [] for kind in (*deployer.kinds, *deployer.optional)}
    unsupported: list[DiscoveryResult] = []
    for kind, listed in lists.items():
        resources[kind] = listed.resources
        for resource, reason in listed.too_large:
            origin = ResourceRef.of(deployer.title, kind[1], cluster.name, resource)
            unsupported.append(UnsupportedResource(origin, DeployerStatus(deployer.title), reason))
    return resources, unsupported

"""Applications by what Argo CD and Flux have already been told: found on clusters, read only, again and again."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.config.model import Config
from bot.core.applications import argocd, flux
from bot.core.applications.application import Application
from bot.core.applications.deployer_status import DeployerStatus
from bot.core.applications.discovery import (
    ApplicationInventory,
    ConfiguredCluster,
    ConfiguredRepository,
    DiscoveredApplication,
    DiscoveryResult,
    ResourceRef,
    UnsupportedResource,
    build_inventory,
)
from bot.core.applications.flux_artifact import ARTIFACT_GENERATOR
from bot.core.git.git_url import normalize
from bot.core.git.repository_ref import RepositoryRef
from bot.core.git.target_revision import HEAD, TargetRevision
from bot.core.objects.resource import mapping, text
from bot.i18n.catalogue import discovery as texts
from bot.i18n.language import LocalizedText, Text
from bot.ports.cluster import Cluster, Discovery, ForbiddenError, Kind
from bot.ports.errors import PortError
from bot.ports.git import Repository
from bot.ports.isolation import UnexpectedError, skip_unexpected, unexpected_as_port_error

_log = logging.getLogger(__name__)

Object = Mapping[str, Any]


class ApplicationGoneError(PortError, KeyError):
    """It was known when it was asked for, and is no more."""

    __str__ = Exception.__str__  # KeyError's quotes it


class Applications(Mapping[str, Application]):
    """The applications of the moment, which may come and go between two looks. Any thread may ask."""

    def __init__(self, applications: Mapping[str, Application]) -> None:
        self._known = dict(applications)

    def become(self, applications: Mapping[str, Application]) -> None:
        """From now on they are these; whoever is walking through the former ones ends undisturbed."""
        self._known = dict(applications)

    def __getitem__(self, name: str) -> Application:
        try:
            return self._known[name]
        except KeyError:
            raise ApplicationGoneError(LocalizedText(texts.GONE, name=name)) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


@dataclass(frozen=True, slots=True)
class _Deployer:
    """How the resources of one deployer are listed and read.

    `kinds` are (group, kind), the first one needed; those that are `declaring` declare applications, and `optional`
    ones are left out where the bot is not allowed to list them.
    """

    title: str
    kinds: Sequence[tuple[str, str]]
    declaring: Sequence[tuple[str, str]]
    read: Callable[[flux.Resources, str, flux.ConfigMapReader], list[DiscoveryResult]]
    optional: Sequence[tuple[str, str]] = ()


def _read_argo(held: flux.Resources, cluster: str, _: flux.ConfigMapReader) -> list[DiscoveryResult]:
    return [
        application
        for resource in held[argocd.APPLICATION]
        for application in argocd.read_application(resource, cluster)
    ]


_DEPLOYERS: Final = {
    "argocd": _Deployer(argocd.DEPLOYER, (argocd.APPLICATION,), (argocd.APPLICATION,), _read_argo),
    "flux": _Deployer(
        flux.DEPLOYER,
        (flux.KUSTOMIZATION, flux.HELM_RELEASE, flux.GIT_REPOSITORY),
        (flux.KUSTOMIZATION, flux.HELM_RELEASE),
        flux.read_resources,
        optional=(ARTIFACT_GENERATOR,),
    ),
}


class Discoverer:
    """Keeps `applications` what the configuration and the deployers of its clusters say. Any thread may call.

    What a cluster said last is kept while it cannot be asked. Clusters are asked apart, so none waits for another.
    `repository` returns one by the key of its `RepositoryRef`.
    """

    def __init__(
        self, config: Config, clusters: Mapping[str, Cluster], repository: Callable[[str], Repository]
    ) -> None:
        self._config = config
        self._clusters = clusters
        self._configured = config.applications
        self._repository = repository
        self._remotes = {
            name: ConfiguredRepository(name, settings.url, settings.branch)
            for name, settings in config.repositories.items()
        }
        self._lock = threading.Lock()
        self._found: dict[tuple[str, str], Sequence[DiscoveryResult]] = {}
        self._troubles: dict[tuple[str, str], Text] = {}
        self._catalogue = ApplicationInventory(self._configured, {})
        self.applications = Applications(self._configured)

    @property
    def wanted(self) -> list[str]:
        """The clusters that are to be asked."""
        return [
            name for name, settings in self._config.clusters.items() if settings.discover and name in self._clusters
        ]

    def look(self, cluster: str) -> None:
        """Ask one cluster what its deployers have been told."""
        for name in self._config.clusters[cluster].discover:
            deployer = _DEPLOYERS[name]
            try:
                with unexpected_as_port_error(f"discovery of {deployer.title} on {cluster}"):
                    reader = self._clusters[cluster]
                    applications = _read(deployer, _held(reader, deployer), cluster, _config_maps(reader))
            except PortError as error:
                not_served = error if isinstance(error, _NotServedError) else None
                problem = not_served.text if not_served else self._failed(deployer, cluster, error.text)
                _log.warning("%s", problem)
                with self._lock:
                    self._troubles[cluster, name] = problem
                continue
            self._ask_defaults(applications)
            with self._lock, skip_unexpected(f"inventory of {deployer.title} on {cluster}"):
                self._troubles.pop((cluster, name), None)
                self._found[cluster, name] = applications
                self._become()

    def complete(self) -> bool:
        """Whether `applications` are all there are: every deployer has answered since the start, on every cluster.

        One of another cluster counts too: what it has of the same name decides how an application is called.
        """
        configured = {
            (cluster, name) for cluster, settings in self._config.clusters.items() for name in settings.discover
        }
        with self._lock:
            return configured <= self._found.keys()

    def catalogue(self) -> ApplicationInventory:
        """What is known, with the deployers' views; `notes` say what could not be asked."""
        is_complete = self.complete()
        with self._lock:
            notes = tuple(self._troubles[key] for key in sorted(self._troubles))
            return replace(self._catalogue, notes=notes, is_complete=is_complete or bool(notes))

    def views(self) -> Mapping[str, DeployerStatus]:
        """What the deployers say, by application."""
        return self.catalogue().deployer_statuses

    def _failed(self, deployer: _Deployer, cluster: str, why: Text) -> Text:
        return LocalizedText(texts.LIST_FAILED, deployer=deployer.title, cluster=cluster, why=why)

    def _ask_defaults(self, found: Sequence[DiscoveryResult]) -> None:
        """The default branches that HEAD means; of a remote that is silent the one known before is kept."""
        urls = {
            normalize(application.url)
            for application in found
            if isinstance(application, DiscoveredApplication) and application.revision.text == HEAD
        }
        for name, remote in list(self._remotes.items()):
            if normalize(remote.url) not in urls:
                continue
            try:
                with unexpected_as_port_error(f"default branch of {name}"):
                    repository = self._repository(RepositoryRef(name, TargetRevision(HEAD)).key)
                    repository.fetch()
                    default = repository.resolved_revision().name
            except PortError as error:
                _log.warning("cannot read the default branch of %s: %s", name, error)
                continue
            with self._lock:
                self._remotes[name] = replace(remote, default_branch=default)

    def _become(self) -> None:
        before = set(self.applications)
        self._catalogue = build_inventory(
            [application for key in sorted(self._found) for application in self._found[key]],
            configured=self._configured,
            repositories=list(self._remotes.values()),
            clusters=[self._known(name) for name in self._config.clusters if name in self._clusters],
        )
        self.applications.become(self._catalogue.applications)
        now = set(self.applications)
        for change, names in (("added", now - before), ("removed", before - now)):
            if names:
                _log.info("applications %s: %s", change, ", ".join(sorted(names)))

    def _known(self, name: str) -> ConfiguredCluster:
        settings = self._config.clusters[name]
        return ConfiguredCluster(
            name, self._clusters[name].server, settings.context or "", settings.channel or self._config.slack.channel
        )


def _read(
    deployer: _Deployer, held: flux.Resources, cluster: str, config_maps: flux.ConfigMapReader
) -> list[DiscoveryResult]:
    """What the resources declare. One that cannot be read for an unexpected reason is unsupported. PortError."""
    try:
        return deployer.read(held, cluster, config_maps)
    except PortError:
        raise
    except Exception:  # noqa: BLE001  which resource it was is found out below
        results: list[DiscoveryResult] = []
    declaring = [(kind, resource) for kind in deployer.declaring for resource in held[kind]]
    for kind, resource in declaring:
        metadata = mapping(resource, "metadata")
        origin = ResourceRef(deployer.title, kind[1], cluster, text(metadata, "namespace"), text(metadata, "name"))
        only = {**held, **{other: [] for other in deployer.declaring}, kind: [resource]}
        try:
            with unexpected_as_port_error(str(origin.title)):
                results += deployer.read(only, cluster, config_maps)
        except UnexpectedError as error:
            results.append(UnsupportedResource(origin, DeployerStatus(deployer.title), error.text))
    return results


_CONFIG_MAPS: Final = Kind("", "v1", "ConfigMap", "configmaps", namespaced=True)


class _NotServedError(PortError):
    """The cluster has none of the deployer's resources."""


def _config_maps(cluster: Cluster) -> flux.ConfigMapReader:
    """What ConfigMaps hold, each namespace listed once, and only where one is asked for. PortError."""
    listed: dict[str, Mapping[tuple[str | None, str], Mapping[str, str]]] = {}

    def data(namespace: str, name: str) -> Mapping[str, str] | None:
        if namespace not in listed:
            listed[namespace] = cluster.list(_CONFIG_MAPS, namespace, lambda live: live.get("data") or {})
        return listed[namespace].get((namespace, name))

    return data


def _held(cluster: Cluster, deployer: _Deployer) -> dict[tuple[str, str], list[Object]]:
    """The deployer's resources, by group and kind, in any version that is served. PortError."""
    served = _served(cluster.discover())
    needed = deployer.kinds[0]
    if needed not in served:
        raise _NotServedError(
            LocalizedText(
                texts.NOT_SERVED, deployer=deployer.title, cluster=cluster.name, kind=f"{needed[1]}.{needed[0]}"
            )
        )
    held: dict[tuple[str, str], list[Object]] = {kind: [] for kind in (*deployer.kinds, *deployer.optional)}
    for kind in held.keys() & served.keys():
        try:
            held[kind] = list(cluster.list(served[kind], None, lambda live: live).values())
        except ForbiddenError:
            if kind not in deployer.optional:
                raise
    return held


def _served(discovery: Discovery) -> dict[tuple[str, str], Kind]:
    """By group and kind, in the version that the server names first: the one it prefers."""
    served: dict[tuple[str, str], Kind] = {}
    for kind in discovery.kinds.values():
        served.setdefault((kind.group, kind.kind), kind)
    return served

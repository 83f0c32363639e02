"""How to list and read the resources of Argo CD and Flux."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.config.sections.cluster import ClusterConfig
from bot.core.applications import argocd, flux, flux_status
from bot.core.applications.discovery import (
    DiscoveryResult,
    UnsupportedResourceError,
)
from bot.core.applications.flux_artifact import ARTIFACT_GENERATOR
from bot.core.applications.flux_chart import (
    GIT_REPOSITORY,
    HELM_CHART,
    HELM_REPOSITORY,
    OCI_REPOSITORY,
    Resources,
)
from bot.core.applications.flux_values import DataReader
from bot.core.objects.resource import text
from bot.ports.errors import PortError

_log = logging.getLogger(__name__)

# Instances of Argo CD on one cluster whose settings are read. Applications can claim any number of them.
_MAX_CONTROLLERS: Final = 10


@dataclass(frozen=True, slots=True)
class Deployer:
    """How to list and read the resources of one deployer.

    `kinds` are (group, kind) pairs; a cluster without the first one does not have the deployer. Those in `declaring`
    declare applications; those in `optional` are skipped if the bot is not allowed to list them. `read` is called with
    the resources, the cluster's name and configuration, and the reader of ConfigMaps and Secrets. `needs_data`: what a
    resource declares may be in these.
    """

    title: str
    kinds: Sequence[tuple[str, str]]
    declaring: Sequence[tuple[str, str]]
    read: Callable[[Resources, str, ClusterConfig, DataReader], list[DiscoveryResult]]
    optional: Sequence[tuple[str, str]] = ()
    needs_data: bool = False


def _read_argo(
    resources: Resources, cluster: str, settings: ClusterConfig, read_data: DataReader
) -> list[DiscoveryResult]:
    applications = resources[argocd.APPLICATION]
    namespaces = Counter(argocd.controller_namespace(resource) for resource in applications)
    read_from = [] if settings.argocd_url else [namespace for namespace, _ in namespaces.most_common(_MAX_CONTROLLERS)]
    urls = {namespace: _argocd_url(read_data, namespace) for namespace in read_from}
    return [
        application
        for resource in applications
        for application in argocd.read_application(
            resource, cluster, settings.argocd_url, urls.get(argocd.controller_namespace(resource), "")
        )
    ]


def _argocd_url(read_data: DataReader, namespace: str) -> str:
    """The address of the UI of the Argo CD in a namespace; "" if it is not set, or the bot isn't allowed to read it."""
    try:
        return text(read_data("ConfigMap", namespace, argocd.SETTINGS) or {}, "url")
    except (PortError, UnsupportedResourceError) as error:
        _log.info("cannot read %s in %s: %s", argocd.SETTINGS, namespace, error)
        return ""


def _read_flux(resources: Resources, cluster: str, _: ClusterConfig, read_data: DataReader) -> list[DiscoveryResult]:
    return flux.read_resources(resources, cluster, read_data)


DEPLOYERS: Final = {
    "argocd": Deployer(argocd.DEPLOYER, (argocd.APPLICATION,), (argocd.APPLICATION,), _read_argo),
    "flux": Deployer(
        flux_status.DEPLOYER,
        (flux.KUSTOMIZATION, flux.HELM_RELEASE, GIT_REPOSITORY),
        (flux.KUSTOMIZATION, flux.HELM_RELEASE),
        _read_flux,
        optional=(ARTIFACT_GENERATOR, HELM_REPOSITORY, HELM_CHART, OCI_REPOSITORY),
        needs_data=True,
    ),
}

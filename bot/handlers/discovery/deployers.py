"""Reads what Argo CD or Flux is doing with applications, if the cluster has one and the bot is allowed to read it."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from bot.core.applications import argocd, flux
from bot.core.applications.application import Application
from bot.core.applications.deployer import DEPLOYER_KINDS, deployer_failure, is_syncing
from bot.core.applications.deployer_status import DeployerFailure
from bot.ports.cluster import Cluster, ClusterError, Kind

_log = logging.getLogger(__name__)

Object = Mapping[str, Any]


def syncing_applications(cluster: Cluster, applications: Sequence[Application]) -> frozenset[str]:
    """The names of the applications that are being deployed right now; none if the deployers cannot be read."""
    argo_applications, kustomizations = _list_resources(cluster) if applications else ((), ())
    return frozenset(
        application.name for application in applications if is_syncing(application, argo_applications, kustomizations)
    )


def deployer_failures(cluster: Cluster, applications: Sequence[Application]) -> dict[str, DeployerFailure]:
    """The errors of applications that could not be deployed, by name; none if the deployers cannot be read."""
    argo_applications, kustomizations = _list_resources(cluster) if applications else ((), ())
    failures = (
        (application.name, deployer_failure(application, argo_applications, kustomizations))
        for application in applications
    )
    return {name: failure for name, failure in failures if failure is not None}


def _list_resources(cluster: Cluster) -> tuple[Sequence[Object], Sequence[Object]]:
    """The Applications of Argo CD and the Kustomizations of Flux."""
    resources: dict[tuple[str, str], list[Object]] = {deployer: [] for deployer in DEPLOYER_KINDS}
    try:
        for deployer, kind in _preferred_kinds(cluster).items():
            resources[deployer] = list(cluster.list(kind, None, lambda live: live).values())
    except ClusterError as error:
        _log.info("cannot read deployers on %s: %s", cluster.name, error)
    return resources[argocd.APPLICATION], resources[flux.KUSTOMIZATION]


def _preferred_kinds(cluster: Cluster) -> dict[tuple[str, str], Kind]:
    """Each deployer's kind, in any version, since the fields that the bot reads are the same in all."""
    kinds = cluster.discover().kinds.values()
    return {(kind.group, kind.kind): kind for kind in kinds if (kind.group, kind.kind) in DEPLOYER_KINDS}

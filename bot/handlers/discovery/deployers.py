"""Asks a cluster what its deployer does with applications, where Argo CD or Flux is there and may be read."""

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


def deploying(cluster: Cluster, applications: Sequence[Application]) -> frozenset[str]:
    """Names of those that are being deployed right now, as far as the cluster tells; it not telling delays nothing."""
    argo_applications, kustomizations = _held(cluster) if applications else ((), ())
    return frozenset(
        application.name for application in applications if is_syncing(application, argo_applications, kustomizations)
    )


def failing(cluster: Cluster, applications: Sequence[Application]) -> dict[str, DeployerFailure]:
    """What their deployer says of those that it could not deploy, by name, as far as the cluster tells."""
    argo_applications, kustomizations = _held(cluster) if applications else ((), ())
    failures = (
        (application.name, deployer_failure(application, argo_applications, kustomizations))
        for application in applications
    )
    return {name: failed for name, failed in failures if failed is not None}


def _held(cluster: Cluster) -> tuple[Sequence[Object], Sequence[Object]]:
    """The deployers' own objects: Argo CD's and Flux's."""
    held: dict[tuple[str, str], list[Object]] = {deployer: [] for deployer in DEPLOYER_KINDS}
    try:
        for deployer, kind in _served(cluster).items():
            held[deployer] = list(cluster.list(kind, None, lambda live: live).values())
    except ClusterError as error:
        _log.info("cannot read deployers on %s: %s", cluster.name, error)
    return held[argocd.APPLICATION], held[flux.KUSTOMIZATION]


def _served(cluster: Cluster) -> dict[tuple[str, str], Kind]:
    """Each deployer's kind, in any version that is served: the fields that matter are in all of them."""
    kinds = cluster.discover().kinds.values()
    return {(kind.group, kind.kind): kind for kind in kinds if (kind.group, kind.kind) in DEPLOYER_KINDS}

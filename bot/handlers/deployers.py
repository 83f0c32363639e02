"""Asks a cluster which applications its deployer is at work on, where Argo CD or Flux is there and may be read."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from bot.core.application import Application
from bot.core.deployer import ARGO_APPLICATION, DEPLOYERS, FLUX_KUSTOMIZATION, at_work
from bot.ports import Cluster, ClusterError, Kind

_log = logging.getLogger(__name__)


def deploying(cluster: Cluster, applications: Sequence[Application]) -> frozenset[str]:
    """Names of those that are being deployed right now, as far as the cluster tells; it not telling delays nothing."""
    if not applications:
        return frozenset()
    held: dict[tuple[str, str], list[Mapping[str, Any]]] = {deployer: [] for deployer in DEPLOYERS}
    try:
        for deployer, kind in _served(cluster).items():
            held[deployer] = list(cluster.list(kind, None, lambda found: found).values())
    except ClusterError as error:
        _log.info("whether a deployer is at work on %s is unknown: %s", cluster.name, error)
    return frozenset(
        application.name
        for application in applications
        if at_work(application, held[ARGO_APPLICATION], held[FLUX_KUSTOMIZATION])
    )


def _served(cluster: Cluster) -> dict[tuple[str, str], Kind]:
    """Each deployer's kind, in any version that is served: the fields that matter are in all of them."""
    kinds = cluster.discover().kinds.values()
    return {(kind.group, kind.kind): kind for kind in kinds if (kind.group, kind.kind) in DEPLOYERS}

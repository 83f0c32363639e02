"""Finds whether Argo CD or Flux is deploying an application, or failed to, from the resources that follow its path."""

from collections.abc import Iterable, Sequence
from typing import Final

from bot.core.applications import argocd, flux, flux_status
from bot.core.applications.application import Application
from bot.core.applications.deployer_status import DeployerFailure
from bot.core.objects.resource import Object
from bot.core.rendering.source import normalize_path

# The resources that deploy a path, as (group, kind).
DEPLOYER_KINDS: Final = (argocd.APPLICATION, flux.KUSTOMIZATION)


def is_syncing(application: Application, argo_applications: Iterable[Object], kustomizations: Iterable[Object]) -> bool:
    """Whether Argo CD or Flux is syncing the application's path. Until it is done, differences are expected."""
    path = normalize_path(application.path)
    return any(
        path in argocd.source_paths(resource) and argocd.is_syncing(resource) for resource in argo_applications
    ) or any(path == flux.source_path(resource) and flux_status.is_reconciling(resource) for resource in kustomizations)


def deployer_failure(
    application: Application, argo_applications: Iterable[Object], kustomizations: Sequence[Object]
) -> DeployerFailure | None:
    """Why Argo CD or Flux has not deployed the application's path; None if neither reports a reason."""
    path = normalize_path(application.path)
    failures = (
        *(argocd.failure(resource) for resource in argo_applications if path in argocd.source_paths(resource)),
        *(
            _flux_failure(kustomization, kustomizations)
            for kustomization in kustomizations
            if path == flux.source_path(kustomization)
        ),
    )
    return next((failure for failure in failures if failure is not None), None)


def _flux_failure(kustomization: Object, others: Iterable[Object]) -> DeployerFailure | None:
    if flux_status.is_suspended(kustomization):
        return DeployerFailure(flux_status.DEPLOYER, "Suspended")
    return flux_status.failure(kustomization, others)

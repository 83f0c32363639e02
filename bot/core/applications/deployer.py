"""Finds the resource of Argo CD or Flux that deploys an application, and what it is doing."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.core.applications import argocd, flux, flux_status
from bot.core.applications.application import Application
from bot.core.applications.deployer_status import DeployerFailure
from bot.core.applications.flux_artifact import ARTIFACT_GENERATOR
from bot.core.applications.flux_chart import GIT_REPOSITORY, HELM_CHART, FluxSources, Resources
from bot.core.applications.git_target import GitTarget
from bot.core.applications.resource_ref import ResourceRef
from bot.core.objects.resource import Object, mapping, text
from bot.core.objects.scalar_equality import parse_time

# The resources that deploy a path, and those that they refer to, as (group, kind).
DEPLOYER_KINDS: Final = (argocd.APPLICATION, flux.KUSTOMIZATION, flux.HELM_RELEASE)
SOURCE_KINDS: Final = (GIT_REPOSITORY, HELM_CHART, ARTIFACT_GENERATOR)


@dataclass(frozen=True, slots=True)
class Deployer:
    """The resource that deploys an application. `ready` are the keys of the ready Flux resources of its kind."""

    kind: tuple[str, str]
    ref: ResourceRef
    resource: Object
    ready: Collection[tuple[str, str]] = ()

    @property
    def is_syncing(self) -> bool:
        """Whether it is applying what is in git. Until it is done, differences are expected."""
        if self.kind == argocd.APPLICATION:
            return argocd.is_syncing(self.resource)
        return flux_status.is_reconciling(self.resource)

    @property
    def is_retrying(self) -> bool:
        """Whether it failed to apply what is in git and will retry."""
        if self.kind == argocd.APPLICATION:
            return argocd.is_retrying(self.resource)
        return flux_status.is_retrying(self.resource)

    @property
    def syncing_since(self) -> datetime | None:
        """When it reports to have started what it is applying; None if it does not say."""
        if self.kind == argocd.APPLICATION:
            return argocd.syncing_since(self.resource)
        return flux_status.reconciling_since(self.resource)

    @property
    def deleting_since(self) -> datetime | None:
        """When someone deleted it, if it still exists. Nobody can change or remove this time."""
        return parse_time(text(mapping(self.resource, "metadata"), "deletionTimestamp"))

    @property
    def failure(self) -> DeployerFailure | None:
        """Why it has not deployed the application; None if it reports no reason."""
        if self.kind == argocd.APPLICATION:
            return argocd.failure(self.resource)
        if flux_status.is_suspended(self.resource):
            return DeployerFailure(flux_status.DEPLOYER, "Suspended")
        return flux_status.failure(self.resource, self.ready)

    @property
    def attempted(self) -> Sequence[str]:
        """The revisions that `failure` is about, one for each source; empty if it is not about any."""
        if self.kind == argocd.APPLICATION:
            return argocd.attempted(self.resource)
        return [] if flux_status.is_suspended(self.resource) else flux_status.attempted(self.resource)

    @property
    def current_error(self) -> DeployerFailure | None:
        """What it reports besides a failed attempt, if anything."""
        return argocd.current_error(self.resource) if self.kind == argocd.APPLICATION else None

    @property
    def prunes(self) -> bool:
        """Whether it deletes objects that are removed from git."""
        if self.kind == argocd.APPLICATION:
            return argocd.prunes(self.resource)
        return flux_status.prunes(self.resource)


class Deployers:
    """The resources of Argo CD and Flux on one cluster, whose API server is `server`.

    Those in `namespaces` may be the deployers of configured applications. The kinds in `failed` could not be listed.
    """

    def __init__(
        self,
        cluster: str,
        server: str,
        resources: Resources,
        namespaces: Collection[str],
        *,
        failed: Collection[str] = (),
    ) -> None:
        self._cluster = cluster
        self._namespaces = namespaces
        self._failed = failed
        self._listed = {kind for _, kind in resources}
        self._by_origin: dict[tuple[str, str, str], Deployer] = {}
        self._by_target: defaultdict[GitTarget, list[Deployer]] = defaultdict(list)  # oldest first
        sources = FluxSources(resources)
        ready = {kind: flux_status.ready_keys(resources.get(kind, ())) for kind in DEPLOYER_KINDS}
        deployers = [
            Deployer(kind, ResourceRef.of("", kind[1], cluster, resource), resource, ready[kind])
            for kind in DEPLOYER_KINDS
            for resource in resources.get(kind, ())
        ]
        for deployer in sorted(deployers, key=lambda deployer: deployer.ref.age):
            ref, resource = deployer.ref, deployer.resource
            self._by_origin[ref.kind, ref.namespace, ref.name] = deployer
            if deployer.kind != argocd.APPLICATION:
                targets = flux.git_targets(deployer.kind, resource, sources)
            elif argocd.destination(resource).is_cluster(cluster, server):
                targets = argocd.git_targets(resource)
            else:
                continue
            for target in targets:
                self._by_target[target].append(deployer)

    def deployer_of(self, application: Application, url: str) -> Deployer | None:
        """The resource that deploys an application, whose repository is at `url`; None if there is none.

        For a discovered application, only the resource that declares it. For a configured one, the oldest with the same
        repository and path, and the same target namespace if it sets one, in a namespace where a deployer may be.
        """
        origin = application.origin
        if origin is not None and origin.cluster != self._cluster:
            return None
        if origin is not None:
            return self._by_origin.get((origin.kind, origin.namespace, origin.name))
        targets = [GitTarget.of(url, application.path, namespace) for namespace in (application.namespace, "")]
        candidates = [
            deployer
            for target in targets
            for deployer in self._by_target.get(target, ())
            if application.may_be_deployed_by(deployer.ref, self._namespaces)
        ]
        return min(candidates, key=lambda deployer: deployer.ref.age, default=None)

    def may_be_unread(self, application: Application) -> bool:
        """Whether the resource that deploys an application may be of a kind that could not be listed."""
        return application.origin.kind in self._failed if application.origin else bool(self._failed)

    def is_gone(self, application: Application) -> bool:
        """Whether the resource that declared a discovered application no longer exists."""
        origin = application.origin
        if origin is None or origin.cluster != self._cluster or origin.kind not in self._listed:
            return False
        return (origin.kind, origin.namespace, origin.name) not in self._by_origin

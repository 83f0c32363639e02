"""Which of the objects that a merge removed a rollout waits for: not those that stay in the cluster on purpose."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Final

from bot.core.applications.application import Application
from bot.core.drift.opt_outs import is_kept
from bot.core.objects.manifest import Manifest
from bot.core.objects.resolve import Namespaced, resolve
from bot.core.rollouts.rollout import Rollout
from bot.handlers.discovery.deployers import DeployerReader
from bot.handlers.drift.desired_state import desired_states
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.ports import Ports
from bot.ports.errors import PortError
from bot.ports.isolation import unexpected_as_port_error

# Most objects are deleted by then, so that the other applications needn't be rendered.
_DELETION_TAKES: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class Removals:
    """Which removed objects the rollouts on a cluster wait for, in one observation.

    `applications` are those of all clusters. What this reads from the deployers and from git is read at most once.
    """

    ports: Ports
    cluster: str
    applications: Mapping[str, Application]
    manifest_cache: ManifestCache
    deployers: DeployerReader

    def awaited(
        self, present: Sequence[Manifest], rollout: Rollout, application: Application, namespaced: Namespaced
    ) -> Sequence[Manifest]:
        """The objects that the application's deployer is going to delete, of those that are still `present`."""
        pruned = [manifest for manifest in present if not is_kept(manifest.object)]
        if not pruned or not self._prunes(application):
            return ()
        if self.ports.clock() - rollout.merged_at < _DELETION_TAKES:
            return pruned
        return [manifest for manifest in pruned if not self._is_declared_elsewhere(manifest, application, namespaced)]

    def _prunes(self, application: Application) -> bool:
        return application.prunes if application.origin else application.name not in self._unpruned

    def _is_declared_elsewhere(self, removed: Manifest, application: Application, namespaced: Namespaced) -> bool:
        """Whether another application on the cluster that may keep the object declares it."""
        return any(
            declared.identity == removed.identity
            for other, manifest in self._declared.get((removed.kind, removed.name), ())
            if other.name != application.name and self._may_keep(other, application)
            for declared in resolve([manifest], namespace=other.namespace, namespaced=namespaced)
        )

    def _may_keep(self, other: Application, application: Application) -> bool:
        """Whether another application may keep an object: not one that a tenant declares elsewhere."""
        declared_by, own = other.origin, application.origin
        if declared_by is None or declared_by.namespace in self.deployers.namespaces.get(declared_by.cluster, ()):
            return True
        return own is not None and (declared_by.cluster, declared_by.namespace) == (own.cluster, own.namespace)

    @cached_property
    def _unpruned(self) -> frozenset[str]:
        return self.deployers.unpruned([application for application in self._on_cluster if application.origin is None])

    @cached_property
    def _declared(self) -> Mapping[tuple[str, str], Sequence[tuple[Application, Manifest]]]:
        """What the applications on the cluster declare, by kind and name."""
        heads = self._heads({application.repository.key for application in self._on_cluster})
        applications = [application for application in self._on_cluster if application.repository.key in heads]
        declared: defaultdict[tuple[str, str], list[tuple[Application, Manifest]]] = defaultdict(list)
        for state in desired_states(applications, heads, self.ports.repositories, self.manifest_cache):
            for manifest in (*state.manifests, *state.unknown):
                declared[manifest.kind, manifest.name].append((state.application, manifest))
        return declared

    @cached_property
    def _on_cluster(self) -> Sequence[Application]:
        return [application for application in self.applications.values() if application.cluster == self.cluster]

    def _heads(self, repositories: set[str]) -> dict[str, str]:
        """The tracked revisions as of the last fetch, by repository key; without those that are unknown."""
        heads = {}
        for key in repositories:
            with suppress(PortError), unexpected_as_port_error(f"head of {key}"):
                if revision := self.ports.repositories[key].known_revision():
                    heads[key] = revision.sha
        return heads

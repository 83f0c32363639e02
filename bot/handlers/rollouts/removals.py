"""Which of the objects that a merge removed a rollout waits for: not those that stay in the cluster on purpose."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
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


@dataclass(frozen=True, slots=True)
class Removals:
    """Knows which objects deployers delete, and what else declares them. `applications` are those of all clusters."""

    ports: Ports
    applications: Mapping[str, Application]
    manifest_cache: ManifestCache
    deployers: DeployerReader

    def awaited(
        self, present: Sequence[Manifest], rollout: Rollout, application: Application, namespaced: Namespaced
    ) -> Sequence[Manifest]:
        """The objects that the application's deployer is going to delete, of those that are still `present`."""
        pruned = [manifest for manifest in present if not is_kept(manifest.object)]
        if not pruned or not (application.prunes if application.origin else self.deployers.prunes(application)):
            return ()
        if self.ports.clock() - rollout.merged_at < _DELETION_TAKES:
            return pruned
        declared = {manifest.identity for manifest in self._declared_elsewhere(pruned, application, namespaced)}
        return [manifest for manifest in pruned if manifest.identity not in declared]

    def _declared_elsewhere(
        self, objects: Sequence[Manifest], application: Application, namespaced: Namespaced
    ) -> Iterator[Manifest]:
        """The manifests with the names of these objects in the other applications on the cluster."""
        others = [
            other
            for other in self.applications.values()
            if other.cluster == application.cluster and other.name != application.name
        ]
        heads = self._heads({other.repository.key for other in others})
        others = [other for other in others if other.repository.key in heads]
        names = {(manifest.kind, manifest.name) for manifest in objects}
        for state in desired_states(others, heads, self.ports.repositories, self.manifest_cache):
            same_name = [manifest for manifest in state.manifests if (manifest.kind, manifest.name) in names]
            yield from resolve(same_name, namespace=state.application.namespace, namespaced=namespaced)

    def _heads(self, repositories: set[str]) -> dict[str, str]:
        """The tracked revisions as of the last fetch, by repository key; without those that are unknown."""
        heads = {}
        for key in repositories:
            with suppress(PortError), unexpected_as_port_error(f"head of {key}"):
                if revision := self.ports.repositories[key].known_revision():
                    heads[key] = revision.sha
        return heads

"""Checks only some of the objects that applications declare."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bot.core.applications.application import Application
from bot.core.drift.merge import ObjectKey
from bot.core.drift.model import ObjectDrift
from bot.core.objects.manifest import Manifest
from bot.core.objects.resolve import resolve
from bot.handlers.drift.comparison_cache import Caches, CompareOptions
from bot.handlers.drift.desired_state import DesiredState, desired_states
from bot.handlers.drift.later_sources import Revision
from bot.handlers.drift.live_comparison import compare_live
from bot.handlers.drift.result import comparison_result
from bot.handlers.drift.served_kinds import scope_of
from bot.ports.cluster import Cluster, Discovery
from bot.ports.git import Repository
from bot.ports.isolation import skip_unexpected


@dataclass(frozen=True, slots=True)
class ObjectResults:
    """The drift of some objects of an application, with the resourceVersions compared; None for a missing object.

    `set_aside` are the differences that are not drift. `is_complete` is whether all of them could be compared.
    """

    objects: Mapping[ObjectKey, str | None]
    drift: tuple[ObjectDrift, ...]
    set_aside: tuple[ObjectDrift, ...]
    is_complete: bool


def compare_objects(
    applications: Mapping[Application, Collection[ObjectKey]],
    *,
    revisions: Mapping[str, Revision],
    repositories: Mapping[str, Repository],
    cluster: Cluster,
    discovery: Discovery,
    options: CompareOptions,
    caches: Caches,
) -> dict[str, ObjectResults]:
    """Compare these objects of each application, with a request for each. Returns the results by application.

    An application that fails unexpectedly has no results. `revisions` and `repositories` are by the repository's name.
    Raises PortError if the cluster does not answer.
    """
    manifests: dict[Application, Sequence[Manifest]] = {}
    for state in desired_states(list(applications), revisions, repositories, caches.manifest_cache):
        with skip_unexpected(f"objects of {state.application.name}"):
            manifests[state.application] = _declared(state, applications[state.application], discovery)
    live = compare_live(
        cluster,
        [(manifest, application) for application, several in manifests.items() for manifest in several],
        options=options,
        cache=caches.comparison_cache,
        discovery=discovery,
        one_by_one=True,
    )
    results: dict[str, ObjectResults] = {}
    for application, declared in manifests.items():
        with skip_unexpected(f"objects of {application.name}"):
            result = comparison_result(declared, application, live)
            versions = {manifest.key: live.version_of(manifest) for manifest in declared}
            results[application.name] = ObjectResults(
                versions, result.drift, result.set_aside, is_complete=not result.unknown
            )
    return results


def _declared(state: DesiredState, objects: Collection[ObjectKey], discovery: Discovery) -> Sequence[Manifest]:
    """The manifests of these objects, in their namespaces."""
    names = {(api_version, kind, name) for api_version, kind, _, name in objects}
    named = [item for item in state.manifests if (item.api_version, item.kind, item.name) in names]
    resolved = resolve(named, namespace=state.application.namespace, namespaced=scope_of(discovery))
    return [manifest for manifest in resolved if manifest.key in objects]

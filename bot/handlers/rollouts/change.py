"""What a merge changes in each application, from its rendered manifests before and after."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from bot.core.applications.application import Application
from bot.core.changes.rendered_change import all_paired, paired, rendered_change
from bot.core.objects.deep_equality import deep_equal
from bot.core.objects.documents import ManifestError
from bot.core.objects.images import newly_unpinned
from bot.core.objects.manifest import Manifest
from bot.core.rendering.source import Source
from bot.core.rollouts.pending import MAX_LISTED
from bot.core.rollouts.rollout import ApplicationChange, ApplicationRollout, Rollout
from bot.handlers.drift.later_sources import Identity, LaterSources, Revision, identity
from bot.handlers.rendering.manifest_cache import INVALID, LastValid, ManifestCache
from bot.i18n.catalogue import rollout as texts
from bot.i18n.language import LocalizedText
from bot.ports import Ports
from bot.ports.errors import PortError
from bot.ports.git import Repository, RevisionNotFoundError
from bot.ports.isolation import unexpected_as_port_error

# Objects with stored fields per rollout, divided among its applications, but at least one for each.
_MAX_OBJECTS = 24
_MIN_OBJECTS = 1
_MAX_OVERRIDDEN = 1_000  # more are waited for

Manifests = tuple[Manifest, ...]


@dataclass(frozen=True, slots=True)
class ChangedManifests:
    """What a merge changes in one application: the manifests that it added or `changed`, and those that it `removed`.

    Objects that are unknown before or after it are left out, since they can't be compared with the cluster.

    `earlier` are the changed ones as they were before it, with the API version that they have now. `is_superseded`
    means that a newer merge has changed some of them again.
    """

    changed: Sequence[Manifest]
    earlier: Sequence[Manifest]
    removed: Sequence[Manifest]
    is_superseded: bool = False


def describe(
    ports: Ports, rollout: Rollout, applications: Mapping[str, Application], manifest_cache: ManifestCache
) -> Rollout:
    """The rollout with the changes in its applications. Those that failed before are tried again."""
    repository = ports.repositories.get(rollout.repository)
    if repository is None:
        return rollout  # it is no longer in the configuration
    max_objects = max(_MIN_OBJECTS, _MAX_OBJECTS // len(rollout.parts))

    def described(part: ApplicationRollout) -> ApplicationRollout:
        application = applications.get(part.application)
        if application is None or application.repository.key != rollout.repository:
            return part
        is_described = part.change is not None and part.change.why is None
        is_decided = part.overridden is not None or not part.is_pending or not application.later_sources
        if is_described and is_decided:
            return part
        is_overridden: Callable[[Manifest], bool] | None = None
        with suppress(PortError):  # then everything is waited for, so that failures are still found
            is_overridden = later_sources.overrides(application)
        if not is_described:
            change = _change(repository, rollout, part, application, manifest_cache, max_objects, is_overridden)
            part = replace(part, change=change)
        if is_overridden is not None and not is_decided:
            overridden = _overridden(repository, rollout, part, application, manifest_cache, is_overridden)
            part = replace(part, overridden=overridden)
        return part

    def revision_of(key: str) -> Revision | None:
        if key == rollout.repository:
            return rollout.revision
        known = ports.repositories[key].known_revision()
        return known.sha if known else None

    later_sources = LaterSources(revision_of, ports.repositories, manifest_cache)
    _prepare(repository, rollout, applications, manifest_cache)
    return replace(rollout, parts=tuple(map(described, rollout.parts)))


def _prepare(
    repository: Repository, rollout: Rollout, applications: Mapping[str, Application], manifest_cache: ManifestCache
) -> None:
    """Render both revisions of all applications in batches. Errors are reported when each is described."""
    sources = defaultdict[str, list[Source]](list)
    for part in rollout.parts:
        if part.change is None and part.application in applications:
            for revision in (rollout.parent_of(part), rollout.revision):
                if revision is not None:
                    sources[revision].append(applications[part.application].source)
    for revision, some in sources.items():
        with suppress(PortError), unexpected_as_port_error(f"preparation of {rollout.id}"):
            manifest_cache.prepare(repository, revision, some)


def changed_manifests(
    repository: Repository,
    rollout: Rollout,
    part: ApplicationRollout,
    application: Application,
    manifest_cache: ManifestCache,
    newer: str | None = None,
) -> ChangedManifests:
    """The manifests that the merge added, changed or removed, as declared at the revision `newer` if there is one.

    Raises PortError, ManifestError.
    """
    latest = manifest_cache.declared(repository, newer, application.source)
    is_broken = False
    try:
        after = manifest_cache.declared(repository, rollout.revision, application.source)
    except (*INVALID, RevisionNotFoundError):
        if newer is None:
            raise
        after, is_broken = latest, True
    before: Manifests = ()
    last = LastValid(None)
    # A parent that no longer exists is an error, unless a newer merge can supersede this one.
    with suppress(*(() if newer is None else (RevisionNotFoundError,))):
        last = manifest_cache.last_valid(repository, rollout.parent_of(part), application.source)
        before = manifest_cache.declared(repository, last.revision, application.source)
    # What can't be rendered before the merge can still be compared with the cluster after it.
    pairs = [
        (None if old and old.is_unknown else old, new)
        for old, new in all_paired(before, after, application.namespace)
        if not (new.is_unknown if new else old and old.is_unknown)
    ]
    removed = [old for old, new in pairs if old and new is None]
    differing = [(old, new) for old, new in pairs if new and not (old and deep_equal(old.object, new.object))]
    # A deployer may have applied what the bot can't render, or a part of what is invalid.
    if last.was_unrendered or (last.was_invalid and not differing and not removed):
        differing = [(old, new) for old, new in pairs if new]
    changed = [new for _, new in differing]
    earlier = [replace(old, api_version=new.api_version) for old, new in differing if old]
    manifests = ChangedManifests(changed, earlier, removed, is_superseded=is_broken)
    return manifests if newer is None else _as_of(latest, manifests, application.namespace)


def without_overridden(
    manifests: ChangedManifests, part: ApplicationRollout, application: Application
) -> ChangedManifests:
    """Without the objects that a later source of the same resource declared, too, when the merge was described."""
    overridden = frozenset(part.overridden or ())

    def kept(some: Sequence[Manifest]) -> Sequence[Manifest]:
        return [manifest for manifest in some if identity(manifest, application) not in overridden]

    return replace(
        manifests,
        changed=kept(manifests.changed),
        earlier=kept(manifests.earlier),
        removed=kept(manifests.removed),
    )


def _overridden(
    repository: Repository,
    rollout: Rollout,
    part: ApplicationRollout,
    application: Application,
    manifest_cache: ManifestCache,
    is_overridden: Callable[[Manifest], bool],
) -> tuple[Identity, ...] | None:
    try:
        with unexpected_as_port_error(f"change of {application.name} in {rollout.id}"):
            manifests = changed_manifests(repository, rollout, part, application, manifest_cache)
    except (PortError, ManifestError):
        return None
    some = (*manifests.changed, *manifests.removed)
    return tuple(identity(manifest, application) for manifest in some if is_overridden(manifest))[:_MAX_OVERRIDDEN]


def _as_of(latest: Manifests, manifests: ChangedManifests, namespace: str) -> ChangedManifests:
    """The same objects as the `latest` manifests declare them, without those that are unknown there."""
    changed: list[Manifest] = []
    earlier: list[Manifest] = []
    removed: list[Manifest] = []
    is_superseded = manifests.is_superseded
    for manifest, current in all_paired(manifests.changed, latest, namespace):
        if manifest is not None:
            (changed if current else removed).append(current or manifest)
            is_superseded |= current is None or not deep_equal(manifest.object, current.object)
    for manifest, current in all_paired(manifests.removed, latest, namespace):
        if manifest is not None:
            (changed if current else removed).append(current or manifest)
            is_superseded |= current is not None
    changed = [manifest for manifest in changed if not manifest.is_unknown]
    for old, current in paired(manifests.earlier, changed, namespace):
        earlier += [replace(old, api_version=current.api_version)] if old and current else []
    return ChangedManifests(changed, earlier, removed, is_superseded)


def _change(
    repository: Repository,
    rollout: Rollout,
    part: ApplicationRollout,
    application: Application,
    manifest_cache: ManifestCache,
    max_objects: int,
    is_overridden: Callable[[Manifest], bool] | None,
) -> ApplicationChange:
    try:
        with unexpected_as_port_error(f"change of {application.name} in {rollout.id}"):
            try:
                before = manifest_cache.declared(repository, rollout.parent_of(part), application.source)
            except (ManifestError, PortError) as error:
                return ApplicationChange(why=LocalizedText(texts.BEFORE, reason=error.text))
            after = manifest_cache.declared(repository, rollout.revision, application.source)
            is_removal = not after
            before, after = (
                tuple(manifest for manifest in some if not (is_overridden and is_overridden(manifest)))
                for some in (before, after)
            )
            unpinned = newly_unpinned(paired(before, after, application.namespace))
            change = rendered_change(before, after, namespace=application.namespace)
            return ApplicationChange(
                change.bounded(max_objects), tuple(unpinned[:MAX_LISTED]), len(unpinned), is_removal=is_removal
            )
    except (PortError, ManifestError) as error:
        return ApplicationChange(why=error.text)

"""What git declares for applications, each at the revision of its repository."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from bot.context_pool import ContextThreadPool
from bot.core.applications.application import Application
from bot.core.charts.reference import ChartRef
from bot.core.objects.documents import ManifestError
from bot.core.objects.manifest import Manifest
from bot.handlers.drift.later_sources import LaterSources, Revision
from bot.handlers.drift.result import join_sentences
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.i18n.language import Text
from bot.ports.errors import PortError
from bot.ports.git import Repository
from bot.ports.isolation import unexpected_as_port_error
from bot.ports.rendering import RenderError

_PARALLEL_RENDERINGS = 4


@dataclass(frozen=True, slots=True)
class DesiredState:
    """What git declares for one application; `error` is why it could not be fully read.

    `overridden` is how many objects are left out because a later source declares them too. `chart` is the name and
    version of a fetched chart; `revision` is then its digest. `unknown` are the objects that the bot can't render or
    compare.
    """

    application: Application
    revision: str | None
    manifests: tuple[Manifest, ...] = ()
    error: Text | None = None
    notes: tuple[Text, ...] = ()
    overridden: int = 0
    chart: str = ""
    unknown: tuple[Manifest, ...] = ()


def desired_states(
    applications: Sequence[Application],
    revisions: Mapping[str, Revision],
    repositories: Mapping[str, Repository],
    manifest_cache: ManifestCache,
) -> list[DesiredState]:
    """What git declares for each application, in order. `revisions` and `repositories` are by the repository's name."""
    _prepare(applications, revisions, repositories, manifest_cache)
    later_sources = LaterSources(revisions.get, repositories, manifest_cache)
    return [
        _without_overridden(
            _desired_state(
                application,
                revisions[application.repository.key],
                repositories[application.repository.key],
                manifest_cache,
            ),
            later_sources,
        )
        for application in applications
    ]


def _prepare(
    applications: Sequence[Application],
    revisions: Mapping[str, Revision],
    repositories: Mapping[str, Repository],
    manifest_cache: ManifestCache,
) -> None:
    """Render the applications of each repository together, which takes far fewer git processes."""

    def prepare(name: str) -> None:
        revision = revisions[name]
        if isinstance(revision, PortError):
            return
        sources = [application.source for application in applications if application.repository.key == name]
        # Reported when the application that causes it is read.
        with suppress(PortError), unexpected_as_port_error(f"preparation of {name}"):
            manifest_cache.prepare(repositories[name], revision, sources)

    names = sorted({application.repository.key for application in applications})
    with ContextThreadPool(_PARALLEL_RENDERINGS, "prepare") as pool:
        list(pool.map(prepare, names))


def _without_overridden(desired: DesiredState, later_sources: LaterSources) -> DesiredState:
    """Leave out the objects that a later source of the same resource declares too; unknown if that can't be read."""
    try:
        is_overridden = later_sources.overrides(desired.application)
    except PortError as error:
        unknown = (*desired.unknown, *desired.manifests)
        why = join_sentences(filter(None, (desired.error, error.text)))
        return replace(desired, manifests=(), unknown=unknown, error=why)
    kept = tuple(manifest for manifest in desired.manifests if not is_overridden(manifest))
    return replace(desired, manifests=kept, overridden=len(desired.manifests) - len(kept))


def _desired_state(
    application: Application, revision: Revision, repository: Repository, manifest_cache: ManifestCache
) -> DesiredState:
    chart = ChartRef.from_key(application.repository.key)
    title = f"{chart.name} {repository.branch or chart.digest[:8]}" if chart and isinstance(revision, str) else ""
    return replace(_read(application, revision, repository, manifest_cache), chart=title)


def _read(
    application: Application, revision: Revision, repository: Repository, manifest_cache: ManifestCache
) -> DesiredState:
    if isinstance(revision, PortError):
        return DesiredState(application, None, error=revision.text)
    try:
        with unexpected_as_port_error(f"rendering of {application.name}"):
            rendering = manifest_cache.rendering(repository, revision, application.source)
        error = join_sentences(rendering.unknown)
        unknown = rendering.unknown_objects
        return DesiredState(application, revision, rendering.manifests, error, rendering.notes, unknown=unknown)
    except (ManifestError, RenderError) as error:
        return DesiredState(application, revision, error=error.text)
    except PortError as error:
        return DesiredState(application, None, error=error.text)

"""Drift checks: what git declares against what the cluster holds.

A check lists each kind once for all of its applications. If something cannot be read, only the applications that need
it are unknown.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from bot.context_pool import ContextThreadPool
from bot.core.applications.application import Application
from bot.core.charts.reference import ChartRef
from bot.core.drift.ignore_rules import IgnoreRule
from bot.core.drift.model import Check, Status
from bot.core.objects.managed_fields import INTERACTIVE
from bot.core.objects.manifest import Manifest, ManifestError
from bot.handlers.drift.comparison_cache import Caches, CompareOptions, ComparisonCache
from bot.handlers.drift.live_comparison import LiveComparison, compare_live
from bot.handlers.drift.result import ComparisonResult, comparison_result, join_sentences, summarize
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.handlers.rendering.render import gather, render
from bot.handlers.rendering.tree import Tree
from bot.i18n.catalogue import check as texts
from bot.i18n.language import LocalizedText, Text
from bot.ports.cluster import Cluster
from bot.ports.errors import PortError
from bot.ports.git import File, Repository
from bot.ports.isolation import UnexpectedError, unexpected_as_port_error
from bot.ports.rendering import Renderer, RenderError
from bot.ports.telemetry import COMPARE, NO_TELEMETRY, Telemetry

_PARALLEL_FETCHES = 4

Revision = str | PortError  # a full sha, or why git did not answer


@dataclass(frozen=True, slots=True)
class _DesiredState:
    """What git declares for one application; `error` says why it could not be fully read.

    `chart` is the name and version of a fetched chart, whose digest `revision` is. `overridden` is how many objects are
    left out because a later source declares them too.
    """

    application: Application
    revision: str | None
    manifests: tuple[Manifest, ...] = ()
    error: Text | None = None
    notes: tuple[Text, ...] = ()
    overridden: int = 0
    chart: str = ""


def fetch_all(repositories: Mapping[str, Repository]) -> dict[str, Revision]:
    """Fetch each repository: by its name, its tracked head, or why git did not answer."""

    def fetch_one(repository: Repository) -> Revision:
        try:
            with unexpected_as_port_error(f"fetch of {repository.name}"):
                return repository.fetch()
        except PortError as error:
            return error

    with ContextThreadPool(_PARALLEL_FETCHES, "fetch") as pool:
        return dict(zip(repositories, pool.map(fetch_one, repositories.values()), strict=True))


def check(
    applications: Sequence[Application],
    *,
    revisions: Mapping[str, Revision],
    repositories: Mapping[str, Repository],
    cluster: Cluster,
    ignore: Sequence[IgnoreRule],
    now: datetime,
    interactive: Sequence[str] = INTERACTIVE,
    caches: Caches | None = None,
    explain: bool = False,
    telemetry: Telemetry = NO_TELEMETRY,
) -> list[Check]:
    """Check applications of one cluster, each at the revision of its repository; returns the checks in their order.

    `revisions` and `repositories` are by the repository's name. `interactive` are patterns of field managers that
    people use by hand. With the `caches` of earlier checks, only what has changed since is rendered and compared. With
    `explain`, the checks also list the server's defaults, as set aside. Never raises: an application that could not be
    fully checked is UNKNOWN, with the reason.
    """
    caches = caches or Caches()
    _prepare(applications, revisions, repositories, caches.manifest_cache)
    desired_states = [
        _without_overridden(
            _desired_state(
                application,
                revisions[application.repository.key],
                repositories[application.repository.key],
                caches.manifest_cache,
            ),
            revisions,
            repositories,
            caches.manifest_cache,
        )
        for application in applications
    ]
    options = CompareOptions(tuple(ignore), tuple(interactive), explain)
    return _check(desired_states, cluster, options, now, caches.comparison_cache, telemetry)


def check_files(
    application: Application,
    files: Iterable[File],
    tree: Tree,
    renderer: Renderer,
    *,
    cluster: Cluster,
    ignore: Sequence[IgnoreRule],
    now: datetime,
    interactive: Sequence[str] = INTERACTIVE,
    explain: bool = False,
) -> Check:
    """Check files that are in no commit, such as those of a directory; their paths begin with the application's path.

    `tree` has the files beside them.
    """
    try:
        source = application.source
        with unexpected_as_port_error(f"rendering of {application.name}"):
            rendering = render(gather(tree, source, files), renderer)
        desired = _DesiredState(application, None, rendering.manifests, join_sentences(rendering.unknown))
    except (ManifestError, PortError) as error:
        desired = _DesiredState(application, None, error=error.text)
    options = CompareOptions(tuple(ignore), tuple(interactive), explain)
    return _check([desired], cluster, options, now, ComparisonCache())[0]


def _prepare(
    applications: Sequence[Application],
    revisions: Mapping[str, Revision],
    repositories: Mapping[str, Repository],
    manifest_cache: ManifestCache,
) -> None:
    """Render the applications of each repository together, which takes far fewer git processes than one by one."""

    def prepare(name: str) -> None:
        revision = revisions[name]
        if isinstance(revision, PortError):
            return
        sources = [application.source for application in applications if application.repository.key == name]
        # It is reported where the application that causes it is read.
        with suppress(PortError), unexpected_as_port_error(f"preparation of {name}"):
            manifest_cache.prepare(repositories[name], revision, sources)

    names = sorted({application.repository.key for application in applications})
    with ContextThreadPool(_PARALLEL_FETCHES, "prepare") as pool:
        list(pool.map(prepare, names))


def _without_overridden(
    desired: _DesiredState,
    revisions: Mapping[str, Revision],
    repositories: Mapping[str, Repository],
    manifest_cache: ManifestCache,
) -> _DesiredState:
    """Without the objects that a later source of the same resource declares too; unknown if that can't be read."""
    application = desired.application
    overridden: set[tuple[str, str, str, str]] = set()
    for reference, source in application.later_sources:
        revision = revisions.get(reference.key)
        try:
            if not isinstance(revision, str):
                raise revision or PortError(LocalizedText(texts.NOT_FETCHED, repository=reference.name))
            manifests = manifest_cache.manifests(repositories[reference.key], revision, source)
        except (ManifestError, PortError) as error:
            why = LocalizedText(texts.LATER_SOURCE, path=source.path or ".", why=error.text)
            return replace(desired, error=join_sentences(filter(None, (desired.error, why))))
        overridden |= {_identity(manifest, application.namespace) for manifest in manifests}
    kept = [manifest for manifest in desired.manifests if _identity(manifest, application.namespace) not in overridden]
    return replace(desired, manifests=tuple(kept), overridden=len(desired.manifests) - len(kept))


def _identity(manifest: Manifest, namespace: str) -> tuple[str, str, str, str]:
    """What identifies an object across versions of its API: group, kind, namespace and name."""
    group = manifest.api_version.rpartition("/")[0]
    return group, manifest.kind, manifest.namespace or namespace, manifest.name


def _desired_state(
    application: Application, revision: Revision, repository: Repository, manifest_cache: ManifestCache
) -> _DesiredState:
    chart = ChartRef.from_key(application.repository.key)
    title = f"{chart.name} {repository.branch or chart.digest[:8]}" if chart and isinstance(revision, str) else ""
    return replace(_read_desired(application, revision, repository, manifest_cache), chart=title)


def _read_desired(
    application: Application, revision: Revision, repository: Repository, manifest_cache: ManifestCache
) -> _DesiredState:
    if isinstance(revision, PortError):
        return _DesiredState(application, None, error=revision.text)
    try:
        with unexpected_as_port_error(f"rendering of {application.name}"):
            rendering = manifest_cache.rendering(repository, revision, application.source)
        error = join_sentences(rendering.unknown)
        return _DesiredState(application, revision, rendering.manifests, error, rendering.notes)
    except (ManifestError, RenderError) as error:
        return _DesiredState(application, revision, error=error.text)
    except PortError as error:
        return _DesiredState(application, None, error=error.text)


def _check(
    desired_states: Sequence[_DesiredState],
    cluster: Cluster,
    options: CompareOptions,
    now: datetime,
    cache: ComparisonCache,
    telemetry: Telemetry = NO_TELEMETRY,
) -> list[Check]:
    targets = [(manifest, desired.application) for desired in desired_states for manifest in desired.manifests]
    live: LiveComparison | PortError | None = None
    try:
        with unexpected_as_port_error(f"comparison with cluster {cluster.name}"):
            if targets:
                with telemetry.measure(COMPARE, cluster=cluster.name):
                    live = compare_live(cluster, targets, options=options, cache=cache)
    except PortError as error:
        live = error
    cache.evict(now)
    return [_check_or_unknown(desired, live, now) for desired in desired_states]


def _check_or_unknown(desired: _DesiredState, live: LiveComparison | PortError | None, now: datetime) -> Check:
    try:
        with unexpected_as_port_error(f"check of {desired.application.name}"):
            return _check_of(desired, live, now)
    except UnexpectedError as error:
        application = desired.application
        return Check(
            application=application.name,
            cluster=application.cluster,
            revision=desired.revision,
            chart=desired.chart,
            status=Status.UNKNOWN,
            error=error.text,
            objects=0,
            at=now,
        )


def _check_of(desired: _DesiredState, live: LiveComparison | PortError | None, now: datetime) -> Check:
    application = desired.application
    result = ComparisonResult(len(desired.manifests))
    error = desired.error
    if error is None and not desired.manifests and not desired.overridden:
        where = application.path or LocalizedText(texts.ITS_DIRECTORY)
        error = LocalizedText(texts.DECLARES_NOTHING, application=application.name, where=where)
    elif isinstance(live, PortError):
        error = error or live.text
    elif live is not None:
        result = comparison_result(desired.manifests, application, live)
        error = join_sentences(filter(None, (error, summarize(result.unknown))))
        if error is None and not result.objects and not desired.overridden:
            error = LocalizedText(texts.NOTHING_TO_COMPARE, application=application.name)
    notes = (*application.notes, *desired.notes, *result.notes)
    if desired.overridden:
        phrase = texts.ONE_OVERRIDDEN if desired.overridden == 1 else texts.OVERRIDDEN
        notes += (LocalizedText(phrase, n=str(desired.overridden)),)
    status = Status.UNKNOWN if error else Status.OUT_OF_SYNC if result.drift else Status.SYNCED
    return Check(
        application=application.name,
        cluster=application.cluster,
        revision=desired.revision,
        chart=desired.chart,
        status=status,
        error=error,
        objects=result.objects,
        at=now,
        drift=result.drift,
        set_aside=result.set_aside,
        notes=notes,
    )

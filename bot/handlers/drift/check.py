"""Drift checks: what git declares, compared with the cluster.

A check lists each kind once for all of its applications. If something cannot be read, only the applications that need
it become unknown.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from bot.context_pool import ContextThreadPool
from bot.core.applications.application import Application
from bot.core.drift.ignore_rules import IgnoreRule
from bot.core.drift.model import Check, Status
from bot.core.objects.documents import ManifestError
from bot.core.objects.managed_fields import INTERACTIVE
from bot.handlers.drift.comparison_cache import Caches, CompareOptions, ComparisonCache
from bot.handlers.drift.desired_state import DesiredState, desired_states
from bot.handlers.drift.later_sources import Revision
from bot.handlers.drift.live_comparison import LiveComparison, compare_live
from bot.handlers.drift.result import ComparisonResult, comparison_result, join_sentences, summarize
from bot.handlers.rendering.gather import gather
from bot.handlers.rendering.render import render
from bot.handlers.rendering.tree import Tree
from bot.i18n.catalogue import check as texts
from bot.i18n.language import LocalizedText
from bot.ports.cluster import Cluster
from bot.ports.errors import PortError
from bot.ports.git import File, Repository
from bot.ports.isolation import UnexpectedError, unexpected_as_port_error
from bot.ports.rendering import Renderer
from bot.ports.telemetry import COMPARE, NO_TELEMETRY, Telemetry

_PARALLEL_FETCHES = 4


def fetch_all(repositories: Mapping[str, Repository]) -> dict[str, Revision]:
    """Fetch each repository. Returns its tracked head, or why git did not answer, by name."""

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
    by_namespace: bool = False,
    telemetry: Telemetry = NO_TELEMETRY,
) -> list[Check]:
    """Check applications of one cluster, each at the revision of its repository. Returns the checks in their order.

    `revisions` and `repositories` are by the repository's name. `interactive` are patterns of field managers that
    people use by hand. With the `caches` of earlier checks, only what has changed since is rendered and compared. With
    `explain`, the checks also list the server's defaults, as set aside. With `by_namespace`, no list reads other
    namespaces than those that are needed. Never raises: an application that could not be fully checked is UNKNOWN, with
    the reason.
    """
    caches = caches or Caches()
    desired = desired_states(applications, revisions, repositories, caches.manifest_cache)
    options = CompareOptions(tuple(ignore), tuple(interactive), explain)
    return _check(desired, cluster, options, now, caches.comparison_cache, telemetry, by_namespace=by_namespace)


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
    """Check files outside git, such as those in a directory; their paths begin with the application's path.

    `tree` has the other files.
    """
    try:
        source = application.source
        with unexpected_as_port_error(f"rendering of {application.name}"):
            rendering = render(gather(tree, source, files), renderer)
        desired = DesiredState(application, None, rendering.manifests, join_sentences(rendering.unknown))
    except (ManifestError, PortError) as error:
        desired = DesiredState(application, None, error=error.text)
    options = CompareOptions(tuple(ignore), tuple(interactive), explain)
    return _check([desired], cluster, options, now, ComparisonCache())[0]


def _check(
    desired_states: Sequence[DesiredState],
    cluster: Cluster,
    options: CompareOptions,
    now: datetime,
    cache: ComparisonCache,
    telemetry: Telemetry = NO_TELEMETRY,
    *,
    by_namespace: bool = False,
) -> list[Check]:
    targets = [(manifest, desired.application) for desired in desired_states for manifest in desired.manifests]
    live: LiveComparison | PortError | None = None
    try:
        with unexpected_as_port_error(f"comparison with cluster {cluster.name}"):
            if targets:
                with telemetry.measure(COMPARE, cluster=cluster.name):
                    live = compare_live(cluster, targets, options=options, cache=cache, by_namespace=by_namespace)
    except PortError as error:
        live = error
    cache.evict(now)
    return [_check_or_unknown(desired, live, now) for desired in desired_states]


def _check_or_unknown(desired: DesiredState, live: LiveComparison | PortError | None, now: datetime) -> Check:
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
            origin=application.origin.key if application.origin else None,
            repository=application.repository.key,
            namespace=application.namespace,
        )


def _check_of(desired: DesiredState, live: LiveComparison | PortError | None, now: datetime) -> Check:
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
        unchecked=None if desired.error else result.unchecked,
        notes=notes,
        degraded=result.degraded,
        origin=application.origin.key if application.origin else None,
        repository=application.repository.key,
        namespace=application.namespace,
    )

"""What a change would do in the clusters: the applications whose inputs it changes, rendered on both sides."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from bot.core.applications.application import Application
from bot.core.changes.effect import Effect, bounded
from bot.core.changes.irreversible import irreversible
from bot.core.changes.rendered_change import rendered_change
from bot.core.objects.manifest import ManifestError
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.i18n.catalogue import effect as texts
from bot.i18n.language import LocalizedText
from bot.ports.errors import PortError
from bot.ports.git import Repository

# A revert at 3 a.m. does not wait longer: what is not rendered by then says so, and the pull request is opened.
PATIENCE = 20.0  # seconds
MOST_APPLICATIONS = 20
_PARALLEL = 2


def reached(
    repository: Repository, before: str, after: str, applications: Sequence[Application], manifest_cache: ManifestCache
) -> list[Application]:
    """The applications made of something that differs between two commits or trees, wherever it lies.

    RepositoryError.
    """
    sources = [application.source for application in applications]
    was, now = (manifest_cache.inputs(repository, revision, sources) for revision in (before, after))
    return [each for each in applications if was[each.source] != now[each.source]]


def effects(
    repository: Repository,
    before: str,
    after: str,
    applications: Sequence[Application],
    manifest_cache: ManifestCache,
    *,
    patience: float = PATIENCE,
) -> tuple[Effect, ...]:
    """What changes in each application, in their order, from one commit or tree to another.

    What cannot be rendered, or not within `patience` seconds, is unknown and says why; so are those beyond the first
    MOST_APPLICATIONS.
    """
    wanted = applications[:MOST_APPLICATIONS]
    pool = ThreadPoolExecutor(_PARALLEL, "effects")
    works = [pool.submit(_effect, repository, before, after, application, manifest_cache) for application in wanted]
    wait(works, timeout=patience)
    pool.shutdown(wait=False, cancel_futures=True)  # what runs ends by its own bounds, and is remembered
    found = [_done(work, each, patience) for work, each in zip(works, wanted, strict=True)]
    too_many = LocalizedText(texts.TOO_MANY, most=str(MOST_APPLICATIONS))
    found += [_unknown(each, too_many) for each in applications[MOST_APPLICATIONS:]]
    return bounded(found)


def _effect(
    repository: Repository, before: str, after: str, application: Application, manifest_cache: ManifestCache
) -> Effect:
    try:
        was, now = (manifest_cache.declared(repository, revision, application.source) for revision in (before, after))
    except (PortError, ManifestError) as error:
        return _unknown(application, str(error))
    namespace = application.namespace
    return Effect(
        application.name,
        application.cluster,
        namespace,
        rendered_change(was, now, namespace=namespace),
        irreversible(was, now, namespace=namespace),
    )


def _done(work: Future[Effect], application: Application, patience: float) -> Effect:
    if work.cancelled() or not work.done():
        return _unknown(application, LocalizedText(texts.TOO_SLOW, seconds=f"{patience:g}"))
    return work.result()


def _unknown(application: Application, why: str) -> Effect:
    return Effect(application.name, application.cluster, application.namespace, why=why)

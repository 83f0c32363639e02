"""Finds the applications that a change affects, and how, from their inputs and manifests before and after it."""

from collections.abc import Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass

from bot.context_pool import ContextThreadPool
from bot.core.applications.application import Application
from bot.core.changes.effect import Effect, bounded
from bot.core.changes.irreversible import irreversible
from bot.core.changes.rendered_change import rendered_change
from bot.core.objects.documents import ManifestError
from bot.core.rendering.source import parents_of
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.i18n.catalogue import effect as texts
from bot.i18n.language import LocalizedText, Text
from bot.ports.errors import PortError
from bot.ports.git import Repository
from bot.ports.isolation import unexpected_as_port_error

# A revert does not wait longer: effects that take longer are unknown in its pull request.
EFFECTS_TIMEOUT = 20.0  # seconds
MAX_APPLICATIONS = 20
_PARALLEL = 2


def affected_applications(
    repository: Repository,
    before: str | None,
    after: str,
    applications: Sequence[Application],
    manifest_cache: ManifestCache,
) -> list[Application]:
    """The repository's applications whose inputs differ between two commits or trees; None is an empty tree.

    Raises RepositoryError.
    """
    sources = [application.source for application in applications]
    inputs_after = manifest_cache.inputs(repository, after, sources)
    if before is None:
        return [application for application in applications if any(id_ for _, id_ in inputs_after[application.source])]
    inputs_before = manifest_cache.inputs(repository, before, sources)
    return [
        application
        for application in applications
        if inputs_before[application.source] != inputs_after[application.source]
    ]


@dataclass(frozen=True, slots=True)
class PossiblyAffected:
    """The `applications` that a change affects or may affect. `unreadable` are the names of the latter."""

    applications: tuple[Application, ...]
    unreadable: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all of them."""
        return tuple(application.name for application in self.applications)


def possibly_affected(
    repository: Repository,
    revision: str,
    files: Sequence[str],
    applications: Sequence[Application],
    manifest_cache: ManifestCache,
) -> PossiblyAffected:
    """The applications that a change to these files of a commit affects, and those whose inputs cannot be read.

    Raises RepositoryError.
    """
    sources = [application.source for application in applications]
    inputs = manifest_cache.known_inputs(repository, revision, sources)
    changed_files = set(files)
    changed = changed_files | parents_of(files)

    def is_changed(path: str | None) -> bool:
        """Whether a change may affect an input: a changed file may be, or have been, a link or submodule above it."""
        return path is None or path in changed or not changed_files.isdisjoint(path_and_parents(path))

    affected = [
        application
        for application, source in zip(applications, sources, strict=True)
        if (source_inputs := inputs[source]) is None
        or any(is_changed(manifest_cache.local_path(repository, source, path)) for path, _ in source_inputs)
    ]
    unreadable = tuple(application.name for application in affected if inputs[application.source] is None)
    return PossiblyAffected(tuple(affected), unreadable)


def path_and_parents(path: str) -> list[str]:
    """A path and its parent directories, from the root, which is ""."""
    return ["", *(path[:end] for end, letter in enumerate(path) if letter == "/"), path]


def effects(
    repository: Repository,
    before: str,
    after: str,
    applications: Sequence[Application],
    manifest_cache: ManifestCache,
    *,
    timeout: float = EFFECTS_TIMEOUT,
) -> tuple[Effect, ...]:
    """What changes in each application, in order, from one commit or tree to another.

    An effect is unknown, with the reason, if rendering fails or takes longer than `timeout` seconds in total, and for
    every application after the first MAX_APPLICATIONS.
    """
    rendered = applications[:MAX_APPLICATIONS]
    pool = ContextThreadPool(_PARALLEL, "effects")
    futures = [pool.submit(_effect, repository, before, after, application, manifest_cache) for application in rendered]
    wait(futures, timeout=timeout)
    pool.shutdown(wait=False, cancel_futures=True)  # running jobs end within the renderer's limits, and are cached
    computed = [_result(future, application, timeout) for future, application in zip(futures, rendered, strict=True)]
    too_many = LocalizedText(texts.TOO_MANY, most=str(MAX_APPLICATIONS))
    return bounded([*computed, *(_unknown(application, too_many) for application in applications[MAX_APPLICATIONS:])])


def _effect(
    repository: Repository, before: str, after: str, application: Application, manifest_cache: ManifestCache
) -> Effect:
    try:
        with unexpected_as_port_error(f"effect on {application.name}"):
            manifests_before, manifests_after = (
                manifest_cache.declared(repository, revision, application.source) for revision in (before, after)
            )
            namespace = application.namespace
            return Effect(
                application.name,
                application.cluster,
                namespace,
                rendered_change(manifests_before, manifests_after, namespace=namespace),
                irreversible(manifests_before, manifests_after, namespace=namespace),
            )
    except (PortError, ManifestError) as error:
        return _unknown(application, error.text)


def _result(future: Future[Effect], application: Application, timeout: float) -> Effect:
    if future.cancelled() or not future.done():
        return _unknown(application, LocalizedText(texts.TOO_SLOW, seconds=f"{timeout:g}"))
    return future.result()


def _unknown(application: Application, why: Text) -> Effect:
    return Effect(application.name, application.cluster, application.namespace, why=why)

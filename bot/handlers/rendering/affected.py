"""Which applications a change affects: those rendered from something that differs, wherever it lies."""

from collections.abc import Sequence

from bot.core.applications.application import Application
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.ports.git import Repository


def affected_applications(
    repository: Repository,
    before: str | None,
    after: str,
    applications: Sequence[Application],
    manifest_cache: ManifestCache,
) -> list[Application]:
    """Those of the repository's applications whose inputs differ between two commits or trees; None is an empty tree.

    RepositoryError.
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

"""Merges that were recorded without some of their applications, because a cluster couldn't be read."""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress

from bot.core.applications.application import Application
from bot.handlers.rendering.affected import affected_applications
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.ports import Ports
from bot.ports.git import Repository, RepositoryError
from bot.ports.isolation import skip_unexpected

_MAX_MERGES = 1_000


def missed_merges(
    ports: Ports,
    repository: Repository,
    recorded: str,
    applications: Sequence[Application],
    manifest_cache: ManifestCache,
) -> dict[str, list[Application]]:
    """The applications that missed merges up to the `recorded` head, by the commit before the first of these.

    That is the commit of the application's latest check, or of its latest rollout since. Raises StoreError.
    """
    missed = defaultdict[str, list[Application]](list)
    checks = ports.store.checks.latest([application.name for application in applications]) if applications else {}
    for application in applications:
        check = checks.get(application.name)
        if check is None or check.revision in (None, recorded) or check.repository != repository.name:
            continue
        with suppress(RepositoryError), skip_unexpected(f"merges that {application.name} missed"):
            if not repository.is_ancestor(check.revision, recorded):
                continue
            shas = [commit.sha for commit in repository.first_parent(check.revision, recorded, limit=_MAX_MERGES)]
            place = application.name, application.cluster
            covered = {
                rollout.revision
                for rollout in ports.store.rollouts.of_revisions(shas)
                if any((part.application, part.cluster) == place for part in rollout.parts)
            }
            begin = next((sha for sha in shas if sha in covered), check.revision)
            if affected_applications(repository, begin, recorded, [application], manifest_cache):
                missed[begin].append(application)
    return missed

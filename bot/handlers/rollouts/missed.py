"""Merges that were recorded without some of their applications, because a cluster couldn't be read."""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress

from bot.core.applications.application import Application
from bot.handlers.rendering.affected import affected_applications
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.ports import Ports
from bot.ports.git import LimitExceededError, Repository, RevisionNotFoundError, UnreadablePathError
from bot.ports.isolation import skip_unexpected

_MAX_MERGES = 1_000
_LASTING = (RevisionNotFoundError, UnreadablePathError, LimitExceededError)  # git would fail again


def missed_merges(
    ports: Ports,
    repository: Repository,
    recorded: str,
    applications: Sequence[Application],
    manifest_cache: ManifestCache,
) -> dict[str, list[Application]]:
    """The applications that missed merges up to the `recorded` head, by the commit before the first of these.

    That is the commit of the application's latest check, or of its latest rollout since. Raises RepositoryError if
    git may succeed later, StoreError.
    """
    checks = ports.store.checks.latest([application.name for application in applications]) if applications else {}
    by_revision = defaultdict[str, list[Application]](list)
    for application in applications:
        check = checks.get(application.name)
        if check and check.revision and check.revision != recorded and check.repository == repository.name:
            by_revision[check.revision].append(application)
    by_begin = defaultdict[str, list[Application]](list)
    for revision, checked in by_revision.items():
        with suppress(*_LASTING), skip_unexpected(f"merges in {repository.name} since {revision}"):
            for application, begin in _begins(ports, repository, revision, recorded, checked).items():
                by_begin[begin].append(application)
    missed: dict[str, list[Application]] = {}
    for begin, behind in by_begin.items():
        with suppress(*_LASTING), skip_unexpected(f"merges in {repository.name} that were missed since {begin}"):
            if affected := affected_applications(repository, begin, recorded, behind, manifest_cache):
                missed[begin] = affected
    return missed


def _begins(
    ports: Ports, repository: Repository, revision: str, recorded: str, applications: Sequence[Application]
) -> dict[Application, str]:
    """The latest commit that each application has, unless that is `recorded`: its latest rollout, or the `revision`."""
    if not repository.is_ancestor(revision, recorded):
        return {}
    shas = [commit.sha for _, commit in repository.mainline(revision, recorded, limit=_MAX_MERGES)]
    covered = defaultdict[tuple[str, str], set[str]](set)
    for rollout in ports.store.rollouts.of_revisions(shas):
        for part in rollout.parts:
            covered[part.application, part.cluster].add(rollout.revision)
    begins = {}
    for application in applications:
        shas_covered = covered[application.name, application.cluster]
        begins[application] = next((sha for sha in shas if sha in shas_covered), revision)
    return {application: begin for application, begin in begins.items() if begin != recorded}

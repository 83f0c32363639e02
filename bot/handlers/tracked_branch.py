"""Which revisions of a repository are the same branch, however the configuration and deployers write them."""

from collections.abc import Iterable, Mapping

from bot.core.applications.application import Application
from bot.core.charts.reference import is_chart_key
from bot.core.git.git_url import normalize
from bot.core.git.repository_ref import RepositoryRef
from bot.core.git.target_revision import TargetRevision
from bot.ports.git import Repository, RepositoryError


def branch_key(repositories: Mapping[str, Repository], key: str) -> str:
    """The key of the branch that a revision currently resolves to; `key` itself for a tag, commit or chart.

    `platform@HEAD`, `platform@refs/heads/main`, and `platform@ma*` are all `platform` if main is its configured branch.
    Raises RepositoryError.
    """
    ref = RepositoryRef.parse(key)
    repository = repositories.get(key)
    if ref.target_revision is None or repository is None or is_chart_key(key):
        return key
    resolved = repository.resolved_revision()
    if resolved.kind != "branch":
        return key
    if resolved.name == repositories[ref.name].branch:
        return ref.name
    return RepositoryRef(ref.name, TargetRevision.branch(resolved.name)).key


def applications_on_branch(
    repositories: Mapping[str, Repository], applications: Iterable[Application], key: str
) -> list[Application]:
    """The applications that track the same branch as `key`, and those in its repository whose revision is unknown.

    A repository is the same if its URL is, also under another name. Raises RepositoryError if the revision of `key` is
    unknown.
    """
    url, branch = normalize(repositories[key].url), _tracked(repositories, key)

    def may_track(other: str) -> bool:
        if normalize(repositories[other].url) != url:
            return False
        try:
            return _tracked(repositories, other) == branch
        except RepositoryError:
            return True

    listed = list(applications)
    tracking = {other: may_track(other) for other in {application.repository.key for application in listed}}
    return [application for application in listed if tracking[application.repository.key]]


def _tracked(repositories: Mapping[str, Repository], key: str) -> TargetRevision | None:
    """The branch that a revision currently resolves to, in full; the revision itself for a tag, commit or chart."""
    branch = branch_key(repositories, key)
    revision = RepositoryRef.parse(branch).target_revision
    return revision or TargetRevision.branch(repositories[branch].branch)

"""Which revisions of a repository are the same branch, however the configuration and deployers write them."""

from collections.abc import Iterable, Mapping

from bot.core.applications.application import Application
from bot.core.charts.reference import is_chart_key
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

    Raises RepositoryError if the revision of `key` is unknown.
    """
    branch, name = branch_key(repositories, key), RepositoryRef.parse(key).name

    def may_track(other: str) -> bool:
        try:
            return branch_key(repositories, other) == branch
        except RepositoryError:
            return True

    hosted = [application for application in applications if application.repository.name == name]
    tracking = {other: may_track(other) for other in {application.repository.key for application in hosted}}
    return [application for application in hosted if tracking[application.repository.key]]

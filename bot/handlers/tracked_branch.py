"""Which revisions of a repository are the same branch, however the configuration and deployers write them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from bot.core.applications.application import Application
from bot.core.charts.reference import is_chart_key
from bot.core.git.git_url import normalize
from bot.core.git.repository_ref import RepositoryRef
from bot.core.git.target_revision import HEAD, ResolvedRevision, TargetRevision
from bot.ports.git import Repository, RepositoryError


def branch_key(repositories: Mapping[str, Repository], key: str) -> str:
    """The key of the branch that a revision currently resolves to; `key` itself for a tag, commit or chart.

    `platform@HEAD`, `platform@refs/heads/main`, and `platform@ma*` are all `platform` if main is its configured branch.
    Raises RepositoryError.
    """
    resolved = repositories[key].resolved_revision() if _may_be_another(repositories, key) else None
    return key_of_branch(repositories, key, resolved) if resolved else key


def known_branch_key(repositories: Mapping[str, Repository], key: str) -> str | None:
    """Like `branch_key`, but as of the last fetch, without the network; None if that is unknown."""
    if not _may_be_another(repositories, key):
        return key
    try:
        resolved = repositories[key].known_revision()
        return key_of_branch(repositories, key, resolved) if resolved else None
    except RepositoryError:
        return None


def _may_be_another(repositories: Mapping[str, Repository], key: str) -> bool:
    """Whether `key` names a branch by its target revision, so that its `branch_key` may be another one."""
    return RepositoryRef.parse(key).target_revision is not None and key in repositories and not is_chart_key(key)


def key_of_branch(repositories: Mapping[str, Repository], key: str, resolved: ResolvedRevision) -> str:
    """The `branch_key` of a `key` whose revision resolves to `resolved`. Raises RepositoryError."""
    if not _may_be_another(repositories, key):
        return key
    name = RepositoryRef.parse(key).name
    if resolved.kind != "branch":
        return key
    if resolved.name == repositories[name].branch:
        return name
    return RepositoryRef(name, TargetRevision.branch(resolved.name)).key


def applications_on_branch(
    repositories: Mapping[str, Repository], applications: Iterable[Application], key: str
) -> list[Application]:
    """The applications that track the same branch as `key`, and those in its repository whose revision is unknown.

    A repository is the same if its URL is, also under another name. Fetches at most for `key`. Raises RepositoryError
    if the revision of `key` is unknown.
    """
    url, branch = normalize(repositories[key].url), _revision_of(repositories, branch_key(repositories, key))

    def may_track(other: str) -> bool:
        if normalize(repositories[other].url) != url:
            return False
        other_branch = known_branch_key(repositories, other)
        return other_branch is None or _revision_of(repositories, other_branch) == branch

    listed = list(applications)
    tracking = {other: may_track(other) for other in {application.repository.key for application in listed}}
    return [application for application in listed if tracking[application.repository.key]]


def _revision_of(repositories: Mapping[str, Repository], branch_key: str) -> TargetRevision:
    """The target revision of a key, in full if it is the repository's configured branch."""
    revision = RepositoryRef.parse(branch_key).target_revision
    return revision or TargetRevision.branch(repositories[branch_key].branch)


def group_by_fetch(keys: Iterable[str]) -> list[list[str]]:
    """The keys that one fetch updates together: all revisions of a repository, except HEAD, which may be missing."""
    groups: defaultdict[tuple[str, bool], list[str]] = defaultdict(list)
    for key in keys:
        ref = RepositoryRef.parse(key)
        is_head = ref.target_revision is not None and ref.target_revision.text == HEAD
        groups[key if is_chart_key(key) else ref.name, is_head].append(key)
    return list(groups.values())

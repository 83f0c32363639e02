"""Which revisions of a repository are the same branch, however the configuration and deployers write them."""

from collections import defaultdict
from collections.abc import Iterable

from bot.core.applications.application import Application
from bot.core.charts.reference import is_chart_key
from bot.core.git.git_url import normalize
from bot.core.git.repository_ref import RepositoryRef
from bot.core.git.target_revision import HEAD, ResolvedRevision, TargetRevision
from bot.ports import Ports
from bot.ports.git import Repository, RepositoryError


def branch_key(ports: Ports, key: str) -> str:
    """The key of the branch that a revision currently resolves to; `key` itself for a tag, commit or chart.

    `platform@HEAD`, `platform@refs/heads/main`, and `platform@ma*` are all `platform` if main is its configured branch.
    So are those of other configured repositories with the same URL. Raises RepositoryError.
    """
    resolved = ports.repositories[key].resolved_revision() if _may_be_another(ports, key) else None
    return key_of_branch(ports, key, resolved)


def known_branch_key(ports: Ports, key: str) -> str | None:
    """Like `branch_key`, but as of the last fetch, without the network; None if that is unknown."""
    if not _may_be_another(ports, key):
        return key_of_branch(ports, key, None)
    try:
        resolved = ports.repositories[key].known_revision()
        return key_of_branch(ports, key, resolved) if resolved else None
    except RepositoryError:
        return None


def key_of_branch(ports: Ports, key: str, resolved: ResolvedRevision | None) -> str:
    """The `branch_key` of a `key` whose revision resolves to `resolved`, if it has one. Raises RepositoryError."""
    if is_chart_key(key) or key not in ports.repositories:
        return key
    ref = RepositoryRef.parse(key)
    if ref.target_revision is None:
        branch = ports.repositories[key].branch
    elif resolved is not None and resolved.kind == "branch":
        branch = resolved.name
    else:
        return key
    # Its forge can review approvals, and its configuration may name the branch.
    name = min(
        names_of(ports, ref.name),
        key=lambda other: (other not in ports.forges, ports.repositories[other].branch != branch),
    )
    return name if ports.repositories[name].branch == branch else RepositoryRef(name, TargetRevision.branch(branch)).key


def base_of(repository: Repository) -> str | None:
    """The base of the pull requests that bring commits to a tracked revision; None for a tag or commit.

    Raises RepositoryError.
    """
    resolved = repository.resolved_revision()
    return resolved.name if resolved.kind == "branch" else None


def names_of(ports: Ports, name: str) -> list[str]:
    """The names of the configured repositories with the same URL as this one, which is among them."""
    url = normalize(ports.repositories[name].url)
    return [other for other in ports.repositories if normalize(ports.repositories[other].url) == url]


def _may_be_another(ports: Ports, key: str) -> bool:
    """Whether `key` names a branch by its target revision, so that its `branch_key` may be another one."""
    return RepositoryRef.parse(key).target_revision is not None and key in ports.repositories and not is_chart_key(key)


def applications_on_branch(ports: Ports, applications: Iterable[Application], key: str) -> list[Application]:
    """The applications that track the same branch as `key`, and those whose revision is unknown and may be it.

    A repository is the same if its URL is, also under another name. Fetches at most for `key`. Raises RepositoryError
    if the revision of `key` is unknown.
    """
    url, branch = normalize(ports.repositories[key].url), _revision_of(ports, branch_key(ports, key))

    def may_track(other: str) -> bool:
        if normalize(ports.repositories[other].url) != url:
            return False
        other_branch = known_branch_key(ports, other)
        if other_branch is None:
            return branch.exact_branch is None or _revision_of(ports, other).may_be_branch(branch.exact_branch)
        return _revision_of(ports, other_branch) == branch

    listed = list(applications)
    tracking = {other: may_track(other) for other in {application.repository.key for application in listed}}
    return [application for application in listed if tracking[application.repository.key]]


def _revision_of(ports: Ports, key: str) -> TargetRevision:
    """The target revision of a key, in full if it is the repository's configured branch."""
    return RepositoryRef.parse(key).target_revision or TargetRevision.branch(ports.repositories[key].branch)


def group_by_fetch(keys: Iterable[str]) -> list[list[str]]:
    """The keys that one fetch updates together: all revisions of a repository, except HEAD, which may be missing."""
    groups: defaultdict[tuple[str, bool], list[str]] = defaultdict(list)
    for key in keys:
        ref = RepositoryRef.parse(key)
        is_head = ref.target_revision is not None and ref.target_revision.text == HEAD
        groups[key if is_chart_key(key) else ref.name, is_head].append(key)
    return list(groups.values())

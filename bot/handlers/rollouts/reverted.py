"""Which commits a change really reverts, of those that it says it does."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.ports.git import Repository, RevisionNotFoundError

_MAX_COMMITS: Final = 100

_Blobs = dict[str, str | None]  # by path; None if there is no such file


@dataclass(frozen=True, slots=True)
class _Change:
    """One commit: the files that it changed, as they were before and after it."""

    sha: str
    before: _Blobs
    after: _Blobs


def reverted(repository: Repository, parent: str | None, revision: str, named: Sequence[str]) -> tuple[str, ...]:
    """The commits among the named ones that the change from `parent` to `revision` reverts.

    A commit is reverted if every file that it changed is as it was before one of these commits. A file that was changed
    again since then only has to be changed by the revert too, because its conflicts may have been resolved by hand.
    Raises RepositoryError.
    """
    changes = [change for sha in dict.fromkeys(named[:_MAX_COMMITS]) if (change := _change(repository, sha))]
    originals: defaultdict[str, set[str | None]] = defaultdict(set)
    for change in changes:
        for path, blob in change.before.items():
            originals[path].add(blob)
    paths = list(originals)
    before, after = (_blobs(repository, commit, paths) for commit in (parent, revision))

    def is_reverted(change: _Change, path: str) -> bool:
        is_untouched = before[path] == change.after[path]
        return before[path] != after[path] and (after[path] in originals[path] or not is_untouched)

    return tuple(change.sha for change in changes if all(is_reverted(change, path) for path in change.after))


def _change(repository: Repository, sha: str) -> _Change | None:
    """The change of a commit against its first parent; None if the repository has no such commit."""
    try:
        commit = repository.commit(sha)
    except RevisionNotFoundError:
        return None
    parent = commit.parents[0] if commit.parents else None
    paths = repository.changed_paths(parent, sha)
    return _Change(sha, _blobs(repository, parent, paths), _blobs(repository, sha, paths)) if paths else None


def _blobs(repository: Repository, commit: str | None, paths: Sequence[str]) -> _Blobs:
    if commit is None:
        return dict.fromkeys(paths)
    return dict(zip(paths, repository.tree_ids(commit, paths), strict=True))

"""Which commits a change really reverts, of those that it says it does."""

import logging
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Final

from bot.core.rollouts.rollout import Rollout
from bot.handlers.merge_time import MergeTime
from bot.ports.git import Repository, RepositoryError

_log = logging.getLogger(__name__)

_MAX_COMMITS: Final = 100
_MAX_MERGES: Final = 10  # with more commits, a file that was changed again since then doesn't count as restored

_Blobs = dict[str, str | None]  # by path; None if there is no such file


@dataclass(frozen=True, slots=True)
class _Change:
    """One commit, its first parent or an earlier one, and the files that changed, as they were before and after."""

    sha: str
    parent: str | None
    before: _Blobs
    after: _Blobs


def reverted(
    repository: Repository,
    parent: str | None,
    revision: str,
    named: Sequence[str],
    since: Mapping[str, str | None] = MappingProxyType({}),
) -> tuple[str, ...]:
    """The commits among the named ones that the change from `parent` to `revision` reverts.

    A commit is reverted if the change restores every file that the commit changed, possibly by reverting other named
    commits too. In a file that was changed again since then, reverting the commit once more must have no effect.
    `since` maps a commit to an earlier one: all changes since then must be reverted, not only the commit's own. For a
    merge that isn't in it, what the branch had before may be the first or the second parent. Raises RepositoryError.
    """
    first = _reverted(repository, parent, revision, named, since)
    others: dict[str, str | None] = {}
    for sha in named[:_MAX_COMMITS]:
        if sha not in first and sha not in since:
            with suppress(RepositoryError):  # anyone can name any commit
                for other in repository.commit(sha).parents[1:2]:
                    others[sha] = other
    second = _reverted(repository, parent, revision, named, {**since, **others}) if others else ()
    return tuple(sha for sha in dict.fromkeys(named) if sha in first or (sha in others and sha in second))


def _reverted(
    repository: Repository,
    parent: str | None,
    revision: str,
    named: Sequence[str],
    since: Mapping[str, str | None],
) -> tuple[str, ...]:
    changes = {sha: change for sha in named[:_MAX_COMMITS] if (change := _change(repository, sha, since))}
    paths = list(dict.fromkeys(path for change in changes.values() for path in change.after))
    before, after = (_blobs(repository, commit, paths) for commit in (parent, revision))
    merge_time = MergeTime()

    def is_reverted(change: _Change) -> bool:
        if any(before[path] == after[path] for path in change.after):
            return False
        others = [path for path in change.after if after[path] not in _originals(change, path, changes.values())]
        if any(before[path] == change.after[path] for path in others):
            return False
        return not others or _is_absent(repository, change, revision, changes, merge_time)

    return tuple(sha for sha, change in changes.items() if is_reverted(change))


def undoes(repository: Repository, rollout: Rollout, older: Rollout) -> bool:
    """Whether a rollout, which reverts the last commit of an older one, undoes all that the older one changed.

    That is more than one commit if a pull request was rebased, many merges came at once, or an application tracked
    another revision before. Raises RepositoryError.
    """
    parents = repository.commit(older.revision).parents or (None,)
    parents = parents if len(parents) == 1 else ()  # which one the branch had isn't known from the names
    return all(
        earlier in parents
        or older.revision
        in reverted(repository, rollout.parent, rollout.revision, rollout.reverts, {older.revision: earlier})
        for earlier in {older.parent_of(part) for part in older.parts}
    )


def _originals(change: _Change, path: str, changes: Collection[_Change]) -> set[str | None]:
    """The file as it was before the change, and before each named change that led to that."""
    originals: set[str | None] = set()
    before = {other.after[path]: other.before[path] for other in changes if path in other.after}
    blob = change.before[path]
    while blob not in originals and blob != change.after[path]:
        originals.add(blob)
        blob = before.get(blob, blob)
    return originals


def _is_absent(
    repository: Repository,
    change: _Change,
    revision: str,
    changes: Mapping[str, _Change],
    merge_time: MergeTime,
) -> bool:
    """Whether reverting the commit, with the named commits that it directly follows, would change nothing."""
    parent = change.parent
    while parent is not None and parent in changes:
        parent = changes[parent].parent
    if parent is None or len(changes) > _MAX_MERGES:
        return False
    merge = partial(repository.merge_trees, change.sha, revision, parent)
    try:
        return merge_time.produces(repository, revision, merge)
    except RepositoryError as error:
        _log.warning("cannot tell whether %s reverts %s: %s", revision, change.sha, error)
        return False


def _change(repository: Repository, sha: str, since: Mapping[str, str | None]) -> _Change | None:
    """The change of a commit, usually against its first parent; None if it cannot be read, such as an unknown commit.

    Anyone can name any commit.
    """
    try:
        parents = repository.commit(sha).parents
        parent = since.get(sha, parents[0] if parents else None)
        paths = repository.changed_paths(parent, sha)
    except RepositoryError as error:
        _log.info("cannot read %s, which is said to be reverted: %s", sha, error)
        return None
    return _Change(sha, parent, _blobs(repository, parent, paths), _blobs(repository, sha, paths)) if paths else None


def _blobs(repository: Repository, commit: str | None, paths: Sequence[str]) -> _Blobs:
    if commit is None:
        return dict.fromkeys(paths)
    return dict(zip(paths, repository.tree_ids(commit, paths), strict=True))

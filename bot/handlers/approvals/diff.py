"""The diff of an unapproved change."""

from collections.abc import Iterator, Sequence

from bot.core.git.patch import FileChange, redacted_patch
from bot.ports.git import Repository

_MAX_FILES = 200  # with a diff; more are only listed


def changes(repository: Repository, parent: str | None, sha: str) -> Iterator[str]:
    """The diff between two commits as lines, with credentials redacted. Raises RepositoryError."""
    paths = repository.changed_paths(parent, sha)
    read = paths[:_MAX_FILES]
    sides = [_contents(repository, revision, read) if revision else {} for revision in (parent, sha)]
    return redacted_patch(
        FileChange(path, sides[0].get(path), sides[1].get(path)) if path in read else FileChange(path, None, None)
        for path in paths
    )


def _contents(repository: Repository, revision: str, paths: Sequence[str]) -> dict[str, bytes]:
    read = repository.files_of(revision, paths)
    return {file.path: file.content for files in read for file in files or ()}

"""The diff of an unapproved change."""

from collections.abc import Iterator, Sequence
from itertools import repeat

from bot.core.git.patch import FileChange, redacted_patch
from bot.core.rendering.limits import MAX_FILE_BYTES
from bot.ports.git import Repository

_MAX_FILES = 200  # with a diff; more are only listed
_MAX_READ = 64 * 2**20  # bytes of these files, in both commits


def changes(repository: Repository, parent: str | None, sha: str) -> Iterator[str]:
    """The diff between two commits as lines, with credentials redacted. Raises RepositoryError, also while iterating.

    Reads the files as the lines are used, since together they may not fit in memory.
    """
    return redacted_patch(_file_changes(repository, parent, sha, repository.changed_paths(parent, sha)))


def _file_changes(repository: Repository, parent: str | None, sha: str, paths: Sequence[str]) -> Iterator[FileChange]:
    sides = [_contents(repository, revision, paths[:_MAX_FILES]) for revision in (parent, sha)]
    count = size = 0
    for path, before, after in zip(paths, *sides, strict=False):
        yield FileChange(path, before, after)
        count += 1
        size += len(before or b"") + len(after or b"")
        if size > _MAX_READ:
            break
    yield from (FileChange(path, None, None) for path in paths[count:])


def _contents(repository: Repository, revision: str | None, paths: Sequence[str]) -> Iterator[bytes | None]:
    if revision is None:
        yield from repeat(None, len(paths))
        return
    # A file may have been a directory before, or be one now, with any number of other files.
    for path, files in zip(paths, repository.files_of(revision, paths, most_bytes=MAX_FILE_BYTES), strict=True):
        yield next((file.content for file in files or () if file.path == path), None)

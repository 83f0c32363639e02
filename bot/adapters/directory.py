"""A directory on this machine as a source of manifests, for `gitops-bot check --path`."""

import os
from collections.abc import Iterator
from pathlib import Path

from bot.core.render import matters
from bot.ports import File, RepositoryError


def read_directory(root: Path) -> list[File]:
    """The files below `root` (or `root` itself) that can hold manifests; paths are relative to it.

    Hidden folders and links to folders are left out. RepositoryError when there is no such path or it is unreadable.
    """
    if not root.exists():
        raise RepositoryError(f"There is no {root}.")
    base, paths = (root.parent, [root]) if root.is_file() else (root, _walk(root))
    try:
        return [File(path.relative_to(base).as_posix(), path.read_bytes()) for path in paths]
    except OSError as error:
        raise RepositoryError(f"{error.filename} cannot be read: {error.strerror}.") from error


def _walk(root: Path) -> Iterator[Path]:
    def fail(error: OSError) -> None:
        raise error

    for folder, folders, names in os.walk(root, onerror=fail):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (path for name in names if matters(name) and (path := Path(folder, name)).is_file())

"""A directory on this machine as a source of manifests, for `gitops-bot check --path`."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bot.core.rendering.render import matters
from bot.core.rendering.source import Kind, detect, tidy, within
from bot.ports.git import File, RepositoryError

MAX_FILE_BYTES = 5 * 2**20
MAX_FILES = 20_000


def read_directory(root: Path) -> list[File]:
    """The files below `root` (or `root` itself) that can hold manifests; paths are relative to it.

    Hidden folders and links to folders are left out. RepositoryError when there is no such path or it is unreadable.
    """
    base, paths = (root.parent, [root]) if root.is_file() else (root, _walk(root, matters))
    return _read(root, base, paths)


class Directory:
    """A directory with what lies beside it: `path` in `top`, the git work tree it is in, or itself where it is in none.

    Plain manifests refer to nothing beside them: for them `top` is the directory. RepositoryError when there is none.
    """

    def __init__(self, root: Path) -> None:
        if not root.exists():
            raise RepositoryError(f"{root} does not exist.")
        names = [path.name for path in root.iterdir()] if root.is_dir() else []
        self.kind = detect(names, "")
        whole = root.resolve()
        homes = (folder for folder in _above(whole) if (folder / ".git").exists())
        self.root = root
        self.top = root if self.kind is Kind.PLAIN else next(homes, whole)
        self.path = "" if self.top == root else tidy(whole.relative_to(self.top).as_posix())

    def own(self) -> Sequence[File]:
        """The files of the directory itself, as far as its kind needs them. RepositoryError."""
        return read_directory(self.root) if self.kind is Kind.PLAIN else self.files(self.path)

    def files(self, path: str) -> Sequence[File]:
        """Every regular file at or below `path`, without links and without git's own. RepositoryError."""
        place = self._place(path)
        if place is None:
            raise RepositoryError(f"{path} does not exist in {self.top}.")
        return _read(self.root, self.top, [place] if place.is_file() else _walk(place, None))

    def has(self, path: str) -> bool:
        """Whether there is anything at `path`, and no link on the way to it."""
        return self._place(path) is not None

    def _place(self, path: str) -> Path | None:
        meant = within("", path)
        if meant is None:
            return None
        place, whole = self.top / meant, self.top.resolve() / meant
        return place if place.exists() and place.resolve() == whole else None


def _above(folder: Path) -> Iterator[Path]:
    """The folders that git would look for a work tree in (git(1), GIT_CEILING_DIRECTORIES)."""
    ceilings = {Path(each) for each in os.environ.get("GIT_CEILING_DIRECTORIES", "").split(os.pathsep) if each}
    yield folder
    for above in folder.parents:
        if above in ceilings:
            return
        yield above


def _read(root: Path, base: Path, paths: Sequence[Path] | Iterator[Path]) -> list[File]:
    if not root.exists():
        raise RepositoryError(f"{root} does not exist.")
    files: list[File] = []
    try:
        for path in paths:
            if path.stat().st_size > MAX_FILE_BYTES or len(files) == MAX_FILES:
                raise RepositoryError(
                    f"{root} needs more than {MAX_FILES:,} files, or a file larger than {MAX_FILE_BYTES >> 20} MiB "
                    f"({path}). Narrow the path."
                )
            files.append(File(path.relative_to(base).as_posix(), path.read_bytes()))
    except OSError as error:
        raise RepositoryError(f"{error.filename} cannot be read: {error.strerror}.") from error
    return files


def _walk(root: Path, wanted: Callable[[str], bool] | None) -> Iterator[Path]:
    """The files below a folder whose names are wanted; with None every one that is no link, hidden ones too."""

    def fail(error: OSError) -> None:
        raise error

    for folder, folders, names in os.walk(root, onerror=fail):
        folders[:] = [name for name in folders if (not name.startswith(".") if wanted else name != ".git")]
        for name in names:
            path = Path(folder, name)
            if (wanted(name) if wanted else not path.is_symlink()) and path.is_file():
                yield path

"""A local directory as a source of manifests, for `gitops-bot check --path`."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bot.core.rendering.limits import MAX_FILE_BYTES, MAX_FILES
from bot.core.rendering.plain import is_input_file
from bot.core.rendering.source import SourceType, detect_source_type, is_within, normalize_path, resolve_path
from bot.ports.git import File, LinkedFiles, RepositoryError

_SUBMODULE_PATH = re.compile(r"^[ \t]*path[ \t]*=[ \t]*(\S[^\n]*)$", re.MULTILINE)  # gitmodules(5)


def read_directory(root: Path) -> list[File]:
    """The files below `root` (or `root` itself) that can contain manifests, with paths relative to it.

    Hidden folders and links to folders are left out. Raises RepositoryError if the path does not exist or is
    unreadable.
    """
    base, paths = (root.parent, [root]) if root.is_file() else (root, _walk(root, is_input_file))
    return _read(root, base, paths)


class Directory:
    """A directory at `path` in `top`, which is its git work tree, or the directory itself without one.

    For plain manifests, which don't refer to other files, `top` is the directory. Raises RepositoryError if it does not
    exist.
    """

    def __init__(self, root: Path) -> None:
        if not root.exists():
            raise RepositoryError(f"{root} does not exist.")
        names = [path.name for path in root.iterdir()] if root.is_dir() else []
        self.kind = detect_source_type(names, "")
        resolved = root.resolve()
        work_trees = (folder for folder in _ancestors(resolved) if (folder / ".git").exists())
        self._work_tree = next(work_trees, resolved)
        self.root = root
        self.top = root if self.kind is SourceType.PLAIN else self._work_tree
        self.path = "" if self.top == root else normalize_path(resolved.relative_to(self.top).as_posix())

    def own_files(self) -> Sequence[File]:
        """The files in the directory that its source type needs, but none behind a link out of the work tree.

        Raises RepositoryError.
        """
        if self.kind is not SourceType.PLAIN:
            return self.files(self.path)
        files = read_directory(self.root)
        return [file for file in files if (self.top / file.path).resolve().is_relative_to(self._work_tree)]

    def files(self, path: str) -> Sequence[File]:
        """Every regular file at or below `path`, without links and .git. Raises RepositoryError."""
        target = self._find(path)
        if target is None:
            raise RepositoryError(f"{path} does not exist in {self.top}.")
        return _read(self.root, self.top, [target] if target.is_file() else _walk(target, None))

    def linked(self, path: str) -> LinkedFiles:
        """The files behind the links at or below `path` that point into `top`, without following more links there."""
        top = self.top.resolve()
        links = [
            (Path(folder, name).relative_to(self.top).as_posix(), Path(os.path.realpath(Path(folder, name))))
            for folder, folders, names in os.walk(self.top / path)
            for name in (*folders, *names)
            if Path(folder, name).is_symlink()
        ]
        broken = tuple(link for link, target in links if not (target.exists() and target.is_relative_to(top)))
        inside = [
            (link, normalize_path(target.relative_to(top).as_posix()))
            for link, target in links
            if link not in broken and not (self.top / link).is_relative_to(target)
        ]
        files = [
            File(link + file.path.removeprefix(target), file.content)
            for link, target in inside
            for file in self.files(target)
        ]
        places, targets = tuple(link for link, _ in inside), tuple(target for _, target in inside)
        return LinkedFiles(tuple(files), places, targets, broken)

    def has(self, path: str) -> bool:
        """Whether `path` exists without following links."""
        return self._find(path) is not None

    def submodules(self, path: str) -> Sequence[str]:
        """Those at, above or below `path` whose files are not there: git leaves their directories empty."""
        modules, top = self._work_tree / ".gitmodules", self.top.resolve()
        if not modules.is_file() or modules.is_symlink():  # git ignores a link too
            return []
        [file] = _read(self._work_tree, self._work_tree, [modules])
        paths = _SUBMODULE_PATH.findall(file.content.decode(errors="replace"))
        try:
            folders = [(self._work_tree / path.strip(' \t"')).resolve() for path in paths if "\0" not in path]
            empty = [folder for folder in folders if not (folder.is_dir() and any(folder.iterdir()))]
        except OSError as error:
            raise RepositoryError(f"{error.filename} cannot be read: {error.strerror}.") from error
        inside = [normalize_path(folder.relative_to(top).as_posix()) for folder in empty if folder.is_relative_to(top)]
        return [submodule for submodule in inside if is_within(submodule, path) or is_within(path, submodule)]

    def _find(self, path: str) -> Path | None:
        relative = resolve_path("", path)
        if relative is None:
            return None
        target = self.top / relative
        return target if target.exists() and target.resolve() == self.top.resolve() / relative else None


def _ancestors(folder: Path) -> Iterator[Path]:
    """The folder and its parents in which git would look for a work tree (git(1), GIT_CEILING_DIRECTORIES)."""
    ceilings = {Path(path) for path in os.environ.get("GIT_CEILING_DIRECTORIES", "").split(os.pathsep) if path}
    yield folder
    for parent in folder.parents:
        if parent in ceilings:
            return
        yield parent


def _read(root: Path, base: Path, paths: Sequence[Path] | Iterator[Path]) -> list[File]:
    if not root.exists():
        raise RepositoryError(f"{root} does not exist.")
    files: list[File] = []
    path = root
    try:
        for path in paths:
            if path.stat().st_size > MAX_FILE_BYTES or len(files) == MAX_FILES:
                raise RepositoryError(
                    f"{root} has more than {MAX_FILES:,} files, or {path} is larger than {MAX_FILE_BYTES >> 20} MiB. "
                    "Choose a smaller directory."
                )
            files.append(File(path.relative_to(base).as_posix(), path.read_bytes()))
    except OSError as error:  # a failed read doesn't name its file
        raise RepositoryError(f"{error.filename or path} cannot be read: {error.strerror}.") from error
    return files


def _walk(root: Path, matches: Callable[[str], bool] | None) -> Iterator[Path]:
    """The files below a folder whose names match; all files that are not links, including hidden ones, if None."""

    def fail(error: OSError) -> None:
        raise error

    for folder, folders, names in os.walk(root, onerror=fail):
        folders[:] = [name for name in folders if (not name.startswith(".") if matches else name != ".git")]
        for name in names:
            path = Path(folder, name)
            if (matches(name) if matches else not path.is_symlink()) and path.is_file():
                yield path

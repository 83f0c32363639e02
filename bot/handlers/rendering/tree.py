"""The files that a source is rendered from: those of a commit, or of Flux's artifact of it."""

import threading
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from typing import Protocol

from cachetools import LRUCache

from bot.core.globs import GlobError
from bot.core.objects.documents import ManifestError
from bot.core.rendering.budget import Budget, BudgetExceededError
from bot.core.rendering.limits import MAX_BYTES, MAX_CACHED_BYTES, MAX_FILES, MAX_MATCHED
from bot.core.rendering.source import is_within
from bot.core.rendering.sourceignore import IGNORE_FILE, SourceIgnore
from bot.i18n.catalogue import manifest as manifest_texts
from bot.i18n.catalogue import render as texts
from bot.i18n.language import LocalizedText
from bot.ports.git import (
    File,
    LinkedFiles,
    Links,
    LinksBelow,
    OutputTooLargeError,
    Repository,
    UnreadablePathError,
)

_MAX_LINKS = 1_000  # per path: links to directories with links multiply
_FILE_BYTES = 256  # of memory besides the content
_MAX_PATH = 4_096  # characters of a path, and names looked up to resolve a link, which may be circular


class Tree(Protocol):
    """Files by their paths from a root, in one commit or one directory."""

    def files(self, path: str) -> Sequence[File]:
        """The regular files at or below `path`, without links. Raises RepositoryError if there are none or too many."""
        ...

    def linked(self, path: str) -> LinkedFiles:
        """The files behind the links at, above or below `path` that point into the tree. Raises RepositoryError."""
        ...

    def has(self, path: str) -> bool:
        """Whether there is anything at `path`, also behind links. Raises RepositoryError."""
        ...

    def submodules(self, path: str) -> Collection[str]:
        """The submodules at, above or below `path`, whose files are not in the tree. Raises RepositoryError."""
        ...


class Commit:
    """The `Tree` of a repository at a full sha. It caches files, so applications that share a tree read it once."""

    def __init__(self, repository: Repository, revision: str) -> None:
        self._repository = repository
        self._revision = revision
        self._read: LRUCache[str, Sequence[File]] = LRUCache(MAX_CACHED_BYTES, getsizeof=_size)
        self._lock = threading.Lock()
        self._ids: dict[str, str | None] = {}
        self._links: _Links | None = None

    def files(self, path: str) -> Sequence[File]:
        """See Tree."""
        with self._lock:
            files = self._read.get(path)
        if files is None:
            files = () if self._all_links().is_behind(path) else self._repository.files(self._revision, path)
            with self._lock, suppress(ValueError):  # they are too large for the cache
                self._read[path] = files
        return files

    def linked(self, path: str) -> LinkedFiles:
        """See Tree."""
        links = self._all_links()
        files: list[File] = []
        places: list[str] = []
        targets: list[str] = []
        broken: list[str] = []
        dangling: list[str] = []
        todo = [(link, link) for link in links.within(path)]
        followed = size = 0
        _check_links(path, len(todo), 0, 0)
        while todo:
            link, place = todo.pop()
            followed += 1
            target, through = links.follow(link)
            targets += through
            if target is not None and is_within(link, target):
                continue  # a link to a parent directory
            if target is not None:
                targets.append(target)
            if target is None or self.tree_id(target) is None:
                broken.append(place)
                dangling += [place] if target is not None else []
                continue
            places.append(place)
            below_target = self.files(target)
            size += sum(len(file.content) for file in below_target)
            files += [File(place + file.path.removeprefix(target), file.content) for file in below_target]
            todo += [(below, place + below.removeprefix(target)) for below in links.within(target)]
            _check_links(path, followed + len(todo), len(files), size)
        return LinkedFiles(tuple(files), tuple(places), tuple(targets), tuple(broken), tuple(dangling))

    def has(self, path: str) -> bool:
        """See Tree."""
        target, _ = self._all_links().follow(path)
        return target is not None and self.tree_id(target) is not None

    def submodules(self, path: str) -> Collection[str]:
        """See Tree."""
        return self._all_links().submodules(path)

    def tree_id(self, path: str) -> str | None:
        """The id of the tree or blob at `path`; None if there is none. Raises RepositoryError."""
        if path not in self._ids:
            self._ids[path] = self._repository.tree_id(self._revision, path)
        return self._ids[path]

    def _all_links(self) -> "_Links":
        if self._links is None:
            self._links = _Links(self._repository.links(self._revision))
        return self._links


def _size(files: Sequence[File]) -> int:
    """The bytes of files, roughly, with their paths and objects."""
    return sum(_FILE_BYTES + len(file.content) for file in files) + _FILE_BYTES


def _check_links(path: str, links: int, files: int, size: int) -> None:
    if links > _MAX_LINKS or files > MAX_FILES or size > MAX_BYTES:
        raise UnreadablePathError(LocalizedText(texts.LINKS, path=path or ".", most=f"{_MAX_LINKS:,}"))


class _Links:
    """The symbolic links and submodules of a commit."""

    def __init__(self, links: Links) -> None:
        self._links = links
        self._below: dict[str, LinksBelow] = {}

    def is_behind(self, path: str) -> bool:
        """Whether a path leads through a link above it."""
        return any(self._links.target(path[:end]) is not None for end, letter in enumerate(path) if letter == "/")

    def submodules(self, path: str) -> Sequence[str]:
        """The submodules at, above or below a path."""
        above = self._links.submodule(path)
        return self._links_below(path).submodules if above is None else [above]

    def within(self, path: str) -> Sequence[str]:
        """The links at or below a path; the path itself if it is behind a link."""
        if path and (self._links.target(path) is not None or self.is_behind(path)):
            return [path]
        return self._links_below(path).links

    def follow(self, path: str) -> tuple[str | None, Sequence[str]]:
        """The path behind the links in `path`, None if it is outside the tree or circular, and the links on the way.

        A link at `path` itself is not among the latter.
        """
        folder: list[str] = []
        todo = path.split("/")[::-1]
        through: list[str] = []
        names = 0
        while todo:
            name = todo.pop()
            place = "/".join((*folder, name))
            text = self._links.target(place)
            names += 1
            if names > _MAX_PATH or len(place) > _MAX_PATH or (name == ".." and not folder):
                return None, through
            if text is not None:
                through.append(place)
                if text.startswith("/") or not text.isprintable() or len(text) > _MAX_PATH:
                    return None, through
                todo += text.split("/")[::-1]
            elif name == "..":
                folder.pop()
            elif name not in ("", "."):
                folder.append(name)
        return "/".join(folder), [place for place in through if place != path]

    def _links_below(self, path: str) -> LinksBelow:
        if path not in self._below:
            self._below[path] = self._links.below(path)
        return self._below[path]


class RecordedTree:
    """A `Tree` that records the paths it is asked for, whether there is anything at them or not."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.paths: dict[str, None] = {}  # in the order of the first request

    def files(self, path: str) -> Sequence[File]:
        """See Tree."""
        self.paths[path] = None
        return self._tree.files(path)

    def linked(self, path: str) -> LinkedFiles:
        """See Tree."""
        linked = self._tree.linked(path)
        self.paths |= dict.fromkeys((path, *linked.targets))
        return linked

    def has(self, path: str) -> bool:
        """See Tree."""
        self.paths[path] = None
        return self._tree.has(path)

    def submodules(self, path: str) -> Collection[str]:
        """See Tree."""
        return self._tree.submodules(path)


def ids_of(repository: Repository, revision: str, paths: Sequence[str]) -> dict[str, str | None]:
    """The id of the tree or blob at each path, or `ids_of_missing`. Raises RepositoryError."""
    ids = dict(zip(paths, repository.tree_ids(revision, paths) if paths else [], strict=True))
    missing = [path for path, id_ in ids.items() if id_ is None]
    return {**ids, **dict(zip(missing, ids_of_missing(repository, revision, missing) if missing else [], strict=True))}


def ids_of_missing(repository: Repository, revision: str, paths: Iterable[str]) -> list[str | None]:
    """An id of each path at which git has nothing: where links lead it, or its submodule; None if it leads nowhere.

    So a commit that makes a parent directory of such a path a link or a submodule changes its id. One that is
    too large to read has another id in each commit. Raises RepositoryError.
    """
    links = repository.links(revision)

    def identify(path: str) -> str | None:
        try:
            target, _ = _Links(links).follow(path)
            if target != path:
                return f"link to {target}"
            submodule = links.submodule(path)
        except OutputTooLargeError:
            return f"unreadable in {revision}"
        return f"submodule {submodule}" if submodule else None

    return [identify(path) for path in paths]


class FluxArtifact:
    """The `Tree` without the files that Flux excludes from its artifact of the repository."""

    def __init__(self, tree: Tree, ignore: str, ignore_files: Sequence[str]) -> None:
        self._tree = tree
        self._ignore = ignore
        self._contents = {
            file.path: file.content for path in ignore_files if tree.has(path) for file in tree.files(path)
        }
        self._budget = Budget(MAX_MATCHED)
        self._source_ignores: dict[tuple[str, ...], SourceIgnore] = {}  # by the paths of the files

    def files(self, path: str) -> Sequence[File]:
        """See Tree."""
        return self.without_excluded(self._tree.files(path))

    def linked(self, path: str) -> LinkedFiles:
        """No files: Flux excludes all links. See Tree."""
        del path
        return LinkedFiles()

    def has(self, path: str) -> bool:
        """Whether there are files at `path`: Flux excludes all links. See Tree."""
        return self._tree.has(path) and bool(self.files(path))

    def submodules(self, path: str) -> Collection[str]:
        """None: Flux fetches submodules only for a GitRepository that asks for them, which is not followed."""
        del path
        return ()

    def without_excluded(self, files: Iterable[File]) -> list[File]:
        """The files that are not excluded. Raises ManifestError."""
        files = list(files)
        ignore_files = {file.path: file.content for file in files if file.path.rsplit("/", 1)[-1] == IGNORE_FILE}
        try:
            ignore = self._source_ignores.get(key := tuple(sorted(ignore_files)))
            if ignore is None:
                contents = {**self._contents, **ignore_files}
                ignore = self._source_ignores[key] = SourceIgnore(contents, self._ignore, self._budget)
            return [file for file in files if not ignore.excludes(file.path)]
        except GlobError as error:
            raise ManifestError(IGNORE_FILE, 1, error.text) from error
        except BudgetExceededError as error:
            raise ManifestError(IGNORE_FILE, 1, LocalizedText(manifest_texts.TOO_MANY_PATTERNS)) from error


def ignore_files_above(path: str) -> tuple[str, ...]:
    """The possible paths of .sourceignore files above a path."""
    parts = path.split("/") if path else []
    return tuple("/".join((*parts[:end], IGNORE_FILE)) for end in range(len(parts)))

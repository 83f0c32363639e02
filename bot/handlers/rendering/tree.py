"""The files that a source is rendered from: those of a commit, or those of the artifact that Flux makes of it."""

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from bot.core.globs import GlobError
from bot.core.objects.manifest import ManifestError
from bot.core.rendering.limits import MAX_BYTES, MAX_FILES
from bot.core.rendering.source import is_within, resolve_path
from bot.core.rendering.sourceignore import IGNORE_FILE, SourceIgnore
from bot.i18n.catalogue import render as texts
from bot.i18n.language import LocalizedText
from bot.ports.git import File, LinkedFiles, Repository, RepositoryError

_MAX_LINKS = 1_000  # per path; links to directories with links multiply


class Tree(Protocol):
    """Files by their paths from a root, at one commit or of one directory."""

    def files(self, path: str) -> Sequence[File]:
        """Every regular file at or below `path`, without links. RepositoryError if there is none, or too many."""
        ...

    def linked(self, path: str) -> LinkedFiles:
        """The files behind the links at or below `path` that point into the tree. RepositoryError."""
        ...

    def has(self, path: str) -> bool:
        """Whether there is anything at `path`."""
        ...


class Commit:
    """`Tree` of a repository at a full sha. Caches what it reads, so applications that share a tree read it once."""

    def __init__(self, repository: Repository, revision: str) -> None:
        self._repository = repository
        self._revision = revision
        self._read: dict[str, Sequence[File]] = {}
        self._ids: dict[str, str | None] = {}
        self._links: Mapping[str, str] | None = None

    def files(self, path: str) -> Sequence[File]:
        """See Tree."""
        if path not in self._read:
            self._read[path] = self._repository.files(self._revision, path)
        return self._read[path]

    def linked(self, path: str) -> LinkedFiles:
        """See Tree."""
        if self._links is None:
            self._links = self._repository.links(self._revision)
        files: list[File] = []
        places: list[str] = []
        targets: list[str] = []
        todo = [(link, link) for link in self._links if is_within(link, path)]
        size = 0
        while todo:
            link, place = todo.pop()
            target = resolve_path(posixpath.dirname(link), self._links[link])
            if target is None or is_within(link, target) or not self.has(target):
                continue
            places.append(place)
            targets.append(target)
            below_target = self.files(target)
            size += sum(len(file.content) for file in below_target)
            if len(targets) > _MAX_LINKS or len(files) + len(below_target) > MAX_FILES or size > MAX_BYTES:
                raise RepositoryError(LocalizedText(texts.LINKS, path=path or ".", most=f"{_MAX_LINKS:,}"))
            files += [File(place + file.path.removeprefix(target), file.content) for file in below_target]
            todo += [(below, place + below.removeprefix(target)) for below in self._links if is_within(below, target)]
        return LinkedFiles(tuple(files), tuple(places), tuple(targets))

    def has(self, path: str) -> bool:
        """See Tree."""
        return self.tree_id(path) is not None

    def tree_id(self, path: str) -> str | None:
        """The id of the tree or blob at `path`; None if there is none. RepositoryError."""
        if path not in self._ids:
            self._ids[path] = self._repository.tree_id(self._revision, path)
        return self._ids[path]


class FluxArtifact:
    """`Tree` without the files that Flux excludes from its artifact of the repository."""

    def __init__(self, tree: Tree, ignore: str, ignore_files: Sequence[str]) -> None:
        self._tree = tree
        self._ignore = ignore
        self._contents = {
            file.path: file.content for path in ignore_files if tree.has(path) for file in tree.files(path)
        }

    def files(self, path: str) -> Sequence[File]:
        """See Tree."""
        return self.without_excluded(self._tree.files(path))

    def linked(self, path: str) -> LinkedFiles:
        """None: Flux excludes all links. See Tree."""
        del path
        return LinkedFiles()

    def has(self, path: str) -> bool:
        """See Tree."""
        return self._tree.has(path)

    def without_excluded(self, files: Iterable[File]) -> list[File]:
        """The files that are not excluded. ManifestError."""
        files = list(files)
        own = {file.path: file.content for file in files if file.path.rsplit("/", 1)[-1] == IGNORE_FILE}
        try:
            ignore = SourceIgnore({**self._contents, **own}, self._ignore)
            return [file for file in files if not ignore.excludes(file.path)]
        except GlobError as error:
            raise ManifestError(IGNORE_FILE, 1, error.text) from error


def ignore_files_above(path: str) -> tuple[str, ...]:
    """Where the .sourceignore files above a path would be."""
    parts = path.split("/") if path else []
    return tuple("/".join((*parts[:end], IGNORE_FILE)) for end in range(len(parts)))

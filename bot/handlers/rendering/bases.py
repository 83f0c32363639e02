"""Mounts remote bases and files as directories in the tree of the repository that refers to them."""

import posixpath
import threading
from collections.abc import Collection, Iterable
from contextlib import suppress
from hashlib import sha256
from typing import Protocol

from cachetools import LRUCache, TTLCache

from bot.core.git.git_url import normalize
from bot.core.rendering.remote_base import RemoteBase, mounted_root
from bot.core.rendering.remote_file import RemoteFile
from bot.core.rendering.source import KUSTOMIZATION_FILES
from bot.file_memory import reserve
from bot.handlers.rendering.tree import Commit, Tree
from bot.i18n.catalogue import render as texts
from bot.i18n.language import LocalizedText
from bot.ports.bases import Bases, BaseUnavailableError, LastingBaseError
from bot.ports.git import File, LinkedFiles, Repository, RepositoryError
from bot.ports.tenant import for_tenant

_MAX_MOUNTED = 10_000
_BRANCHES_FRESH = 60.0  # seconds; reading which branch is the default one starts git
_MAX_COMMITS = 2  # to keep in memory, since many applications share a base


class _MountedTree(Tree, Protocol):
    """A tree with git ids."""

    def tree_id(self, path: str) -> str | None:
        """The id of the tree or blob at `path`; None if there is none. Raises RepositoryError."""
        ...


class _MountedFile:
    """A `_MountedTree` of a kustomization with one file."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def files(self, path: str) -> list[File]:
        """See Tree."""
        del path
        reserve(len(self._content))
        return [File(KUSTOMIZATION_FILES[0], b"resources: [file.yaml]"), File("file.yaml", self._content)]

    def linked(self, path: str) -> LinkedFiles:
        """See Tree."""
        del path
        return LinkedFiles()

    def has(self, path: str) -> bool:
        """See Tree."""
        return not path

    def submodules(self, path: str) -> tuple[str, ...]:
        """See Tree."""
        del path
        return ()

    def tree_id(self, path: str) -> str | None:
        """See _MountedTree."""
        return sha256(self._content).hexdigest() if self.has(path) else None


class MountedBases:
    """The bases and files that kustomizations have referred to. Thread-safe."""

    def __init__(self, bases: Bases) -> None:
        self._bases = bases
        self._mounted: LRUCache[str, RemoteBase | RemoteFile] = LRUCache(_MAX_MOUNTED)  # by the root of the mount
        self._commits: LRUCache[tuple[str, str], Commit] = LRUCache(_MAX_COMMITS)
        # by the root of the mount and the repository's name
        self._own: TTLCache[tuple[str, str], bool] = TTLCache(_MAX_MOUNTED, _BRANCHES_FRESH)
        self._lock = threading.Lock()

    def is_allowed(self, base: RemoteBase | RemoteFile) -> bool:
        """See Bases."""
        return self._bases.is_allowed(base)

    def mount(self, base: RemoteBase | RemoteFile) -> None:
        """Make the base available at its mount."""
        with self._lock:
            self._mounted[base.root] = base

    def base(self, path: str) -> RemoteBase | RemoteFile | None:
        """The base or file mounted at or above a path; None if there is none."""
        with self._lock:
            return self._mounted.get(mounted_root(path))

    def is_own(self, base: RemoteBase | RemoteFile, repository: Repository) -> bool:
        """Whether the base is in the tracked branch of the repository that refers to it; False if that is unknown."""
        return self._is_own(base, repository) is True

    def _is_own(self, base: RemoteBase | RemoteFile, repository: Repository) -> bool | None:
        """See is_own.

        The answer can be up to a minute old. None if the default branch can't be read.
        """
        if isinstance(base, RemoteFile) or normalize(base.url) != normalize(repository.url):
            return False
        key = base.root, repository.name
        with self._lock:
            is_own = self._own.get(key)
        if is_own is None:
            try:
                branch = base.ref.removeprefix("refs/heads/") or self._default_branch(base)
                is_own = branch == repository.branch
            except RepositoryError:
                return None
            with self._lock:
                self._own[key] = is_own
        return is_own

    def _default_branch(self, base: RemoteBase) -> str:
        self._bases.revision(base)  # fetches it, within limits
        return self._bases.repository(base).branch

    def tree(self, base: RemoteBase | RemoteFile) -> _MountedTree:
        """The tree of the base's repository at its ref, or of the file. Raises RepositoryError."""
        if isinstance(base, RemoteFile):
            return _MountedFile(self._bases.content(base))
        revision = self._bases.revision(base)
        key = base.root, revision
        with self._lock:
            if key not in self._commits:
                self._commits[key] = Commit(self._bases.repository(base), revision)
            return self._commits[key]

    def tree_id(self, path: str, tenants: Iterable[str], repository: Repository, revision: str) -> str | None:
        """The id of the tree at a path mounted for a commit, None if there is none or it cannot be read.

        It is fetched for each of the tenants until it can be read. Raises RepositoryError if the base is in the same
        branch, and git cannot read that.
        """
        base = self.base(path)
        if base is None:
            return None
        for tenant in tenants:
            with for_tenant(tenant):
                if self.is_own(base, repository):
                    return repository.tree_id(revision, _inside(path))
                with suppress(RepositoryError):
                    return self.tree(base).tree_id(_inside(path))
        return None

    def local_path(self, path: str, repository: Repository) -> str | None:
        """The path in the repository that a mounted path leads to; the path itself if that is elsewhere.

        None if that is unknown.
        """
        base = self.base(path)
        is_own = None if base is None else self._is_own(base, repository)
        if is_own is None:
            return None
        return _inside(path) if is_own else path


class BasesOfCommit:
    """The bases that one commit refers to. Those in the tracked branch of its repository are read at that commit."""

    def __init__(self, bases: MountedBases, repository: Repository, commit: Commit) -> None:
        self._bases = bases
        self._repository = repository
        self._commit = commit
        self.has_mounted = False

    def is_allowed(self, base: RemoteBase | RemoteFile) -> bool:
        """See Bases."""
        return self._bases.is_allowed(base)

    def is_own(self, base: RemoteBase | RemoteFile) -> bool:
        """See MountedBases."""
        return self._bases.is_own(base, self._repository)

    def mount(self, base: RemoteBase | RemoteFile) -> None:
        """See MountedBases."""
        self.has_mounted = True
        self._bases.mount(base)

    def base(self, path: str) -> RemoteBase | RemoteFile | None:
        """See MountedBases."""
        return self._bases.base(path)

    def tree(self, base: RemoteBase | RemoteFile) -> _MountedTree:
        """See MountedBases."""
        return self._commit if self.is_own(base) else self._bases.tree(base)


class TreeWithBases:
    """A `Tree` with mounted bases. Each stays at the state in which it was first read."""

    def __init__(self, tree: Tree, bases: BasesOfCommit) -> None:
        self._tree = tree
        self._bases = bases
        self._trees: dict[str, _MountedTree] = {}

    def files(self, path: str) -> list[File]:
        """See Tree."""
        root = mounted_root(path)
        if not root:
            return list(self._tree.files(path))
        return [File(f"{root}/{file.path}", file.content) for file in self._mounted(path).files(_inside(path))]

    def linked(self, path: str) -> LinkedFiles:
        """See Tree."""
        root = mounted_root(path)
        if not root:
            return self._tree.linked(path)
        linked = self._mounted(path).linked(_inside(path))
        return LinkedFiles(
            tuple(File(f"{root}/{file.path}", file.content) for file in linked.files),
            *(
                tuple(posixpath.join(root, name) for name in names)
                for names in (linked.links, linked.targets, linked.broken, linked.dangling)
            ),
        )

    def has(self, path: str) -> bool:
        """See Tree."""
        if not mounted_root(path):
            return self._tree.has(path)
        return self._bases.base(path) is not None and self._mounted(path).has(_inside(path))

    def submodules(self, path: str) -> Collection[str]:
        """Those of the repository, not of the bases. See Tree."""
        return () if mounted_root(path) else self._tree.submodules(path)

    def tree_id(self, path: str) -> str | None:
        """The id of the tree at a mounted path."""
        return self._mounted(path).tree_id(_inside(path))

    def _mounted(self, path: str) -> _MountedTree:
        root, base = mounted_root(path), self._bases.base(path)
        if base is None:
            raise RepositoryError(f"{path} is not mounted.")
        if root not in self._trees:
            try:
                self._trees[root] = self._bases.tree(base)
            except RepositoryError as error:
                is_file = isinstance(base, RemoteFile)
                text = error.text if is_file else LocalizedText(texts.NO_BASE, base=base.title, why=error.text)
                kind = LastingBaseError if isinstance(error, LastingBaseError) else BaseUnavailableError
                raise kind(text) from error
        return self._trees[root]


def _inside(path: str) -> str:
    return path.removeprefix(mounted_root(path)).lstrip("/")

"""Mounts remote bases: as directories beside the files of the repository that refers to them."""

import posixpath
import threading

from cachetools import LRUCache

from bot.core.rendering.remote_base import RemoteBase, mounted_root
from bot.handlers.rendering.tree import Commit, Tree
from bot.i18n.catalogue import render as texts
from bot.i18n.language import LocalizedText
from bot.ports.bases import Bases
from bot.ports.git import File, LinkedFiles, RepositoryError

_MAX_COMMITS = 2  # whose files are held, since many applications share a base


class MountedBases:
    """The bases that kustomizations have referred to so far. Any thread may call."""

    def __init__(self, bases: Bases) -> None:
        self._bases = bases
        self._mounted: dict[str, RemoteBase] = {}  # by the root of the mount
        self._commits: LRUCache[tuple[str, str], Commit] = LRUCache(_MAX_COMMITS)
        self._lock = threading.Lock()

    def is_allowed(self, base: RemoteBase) -> bool:
        """See Bases."""
        return self._bases.is_allowed(base)

    def mount(self, base: RemoteBase) -> None:
        """Make the base available at its mount."""
        self._mounted[base.root] = base

    def base(self, path: str) -> RemoteBase | None:
        """The base whose repository has a path; None if it is not mounted."""
        return self._mounted.get(mounted_root(path))

    def commit(self, base: RemoteBase) -> Commit:
        """The base's repository at its ref. RepositoryError."""
        revision = self._bases.revision(base)
        key = base.root, revision
        with self._lock:
            if key not in self._commits:
                self._commits[key] = Commit(self._bases.repository(base), revision)
            return self._commits[key]

    def tree_id(self, path: str) -> str | None:
        """The id of the tree at a mounted path, None if there is none or it cannot be read."""
        base = self.base(path)
        if base is None:
            return None
        try:
            return self.commit(base).tree_id(_inside(path))
        except RepositoryError:
            return None


class TreeWithBases:
    """A `Tree` with mounted bases, each at the commit that it had when it was first read here."""

    def __init__(self, tree: Tree, bases: MountedBases) -> None:
        self._tree = tree
        self._bases = bases
        self._commits: dict[str, Commit] = {}

    def files(self, path: str) -> list[File]:
        """See Tree."""
        root = mounted_root(path)
        if not root:
            return list(self._tree.files(path))
        return [File(f"{root}/{file.path}", file.content) for file in self._commit(path).files(_inside(path))]

    def linked(self, path: str) -> LinkedFiles:
        """See Tree."""
        root = mounted_root(path)
        if not root:
            return self._tree.linked(path)
        linked = self._commit(path).linked(_inside(path))
        return LinkedFiles(
            tuple(File(f"{root}/{file.path}", file.content) for file in linked.files),
            *(tuple(posixpath.join(root, name) for name in names) for names in (linked.links, linked.targets)),
        )

    def has(self, path: str) -> bool:
        """See Tree."""
        if not mounted_root(path):
            return self._tree.has(path)
        return self._bases.base(path) is not None and self._commit(path).has(_inside(path))

    def tree_id(self, path: str) -> str | None:
        """The id of the tree at a mounted path, as it was read here."""
        return self._commit(path).tree_id(_inside(path))

    def _commit(self, path: str) -> Commit:
        root, base = mounted_root(path), self._bases.base(path)
        if base is None:
            raise RepositoryError(f"{path} is not mounted.")
        if root not in self._commits:
            try:
                self._commits[root] = self._bases.commit(base)
            except RepositoryError as error:
                raise RepositoryError(LocalizedText(texts.NO_BASE, base=base.title, why=error.text)) from error
        return self._commits[root]


def _inside(path: str) -> str:
    return path.removeprefix(mounted_root(path)).lstrip("/")

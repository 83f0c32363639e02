"""What earlier drift checks worked out, so that a check works on what moved and on nothing else.

Whoever checks again and again owns one `Memory` and passes it in. No live object is held.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.core.compare import Comparison
from bot.core.ignore import IgnoreRule
from bot.core.manifest import Manifest, ManifestError
from bot.core.ownership import INTERACTIVE
from bot.core.render import render
from bot.ports import File, Repository

# Of one path: the tracked head, and merges on their way with what was before each.
_REMEMBERED_TREES = 4
_REMEMBERED_REVISIONS = 8192
# An object that no check has met for so long is gone, or its application is.
_FORGOTTEN_AFTER = timedelta(days=1)

Object = Mapping[str, Any]
_Read = tuple[Manifest, ...] | ManifestError  # of a tree, or why it holds none


class Rendered:
    """Manifests by (repository, path, tree id): what did not change in git is not read again. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids: OrderedDict[tuple[str, str, str], str | None] = OrderedDict()
        self._trees: dict[tuple[str, str], OrderedDict[str | None, _Read]] = {}

    def __len__(self) -> int:
        """How many trees are held."""
        with self._lock:
            return sum(map(len, self._trees.values()))

    def prepare(self, repository: Repository, revision: str, paths: Iterable[str]) -> None:
        """Read many paths at a full sha with few gits, before `manifests` is asked for each.

        RepositoryError when one of the paths cannot be in a repository, or there is no such commit.
        """
        places = {path: (repository.name, revision, path) for path in paths}
        with self._lock:
            new = [path for path, place in places.items() if place not in self._ids]
        ids = repository.tree_ids(revision, new) if new else []
        with self._lock:
            self._ids.update({places[path]: id_ for path, id_ in zip(new, ids, strict=True)})
            trees = {path: self._ids[place] for path, place in places.items() if place in self._ids}
            known = {path: self._trees.get((repository.name, path), ()) for path in trees}
            unread = [path for path, tree in trees.items() if tree is not None and tree not in known[path]]
            while len(self._ids) > _REMEMBERED_REVISIONS:
                self._ids.popitem(last=False)
        for path, files in zip(unread, repository.files_of(revision, unread), strict=True):
            if files is not None:
                self._read(repository, path, trees[path], files)

    def manifests(self, repository: Repository, revision: str, path: str) -> tuple[Manifest, ...]:
        """The manifests below a path at a full sha; the same ones for the same tree. RepositoryError, ManifestError."""
        place = repository.name, revision, path
        with self._lock:
            known = place in self._ids
            tree = self._ids.get(place)
        if not known:
            tree = repository.tree_id(revision, path)
        with self._lock:
            self._ids[place] = tree
            self._ids.move_to_end(place)
            trees = self._trees.get((repository.name, path), OrderedDict())
            found = trees.get(tree)
            if found is not None:
                trees.move_to_end(tree)
        if found is None:
            found = self._read(repository, path, tree, repository.files(revision, path))
        if isinstance(found, ManifestError):
            raise ManifestError(found.file, found.line, found.problem)
        return found

    def _read(self, repository: Repository, path: str, tree: str | None, files: Iterable[File]) -> _Read:
        found: _Read
        try:
            found = tuple(render([(file.path, file.content) for file in files], path))
        except ManifestError as error:
            found = ManifestError(error.file, error.line, error.problem)  # the caught one would keep the files' bytes
        with self._lock:
            trees = self._trees.setdefault((repository.name, path), OrderedDict())
            trees[tree] = found
            while len(trees) > _REMEMBERED_TREES:
                trees.popitem(last=False)
        return found


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator says of differences: which to ignore, and which field managers are tools that people use.

    `explain` asks for everything that was set aside, the server's defaults too.
    """

    ignore: tuple[IgnoreRule, ...] = ()
    interactive: tuple[str, ...] = INTERACTIVE
    explain: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """All that a comparison rests on. `declared` is a manifest's object, `version` the live one's resourceVersion.

    `document` is the OpenAPI document that describes it; `scaled` says whether an autoscaler has it as its target.
    """

    declared: Object
    version: str
    document: Object | None
    scaled: bool
    rules: Rules

    def is_still(self, other: "Basis") -> bool:
        """Whether the same comes out. What was read anew counts as another: `1` and `true` are equal in Python."""
        return (
            self.version == other.version != ""
            and self.declared is other.declared
            and self.document is other.document
            and self.scaled == other.scaled
            and self.rules == other.rules
        )


@dataclass(slots=True)
class _Known:
    basis: Basis
    comparison: Comparison
    used: datetime


class Remembered:
    """The latest comparison of each object, for as long as its basis is what it was. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[object, ...], _Known] = {}

    def __len__(self) -> int:
        """How many comparisons are held."""
        return len(self._known)

    def recall(
        self, key: tuple[object, ...], basis: Basis, compare: Callable[[], Comparison], *, now: datetime
    ) -> Comparison:
        """The comparison under a key: the one that is known where it still holds, else a new one."""
        known = self._known.get(key)
        if known is None or not known.basis.is_still(basis):
            known = _Known(basis, compare(), now)
            with self._lock:
                self._known[key] = known
        known.used = now
        return known.comparison

    def forget(self, now: datetime) -> None:
        """Drop what no check has met for a day."""
        with self._lock:
            gone = [key for key, known in self._known.items() if now - known.used > _FORGOTTEN_AFTER]
            for key in gone:
                del self._known[key]


@dataclass(frozen=True, slots=True)
class Memory:
    """Both, for one owner."""

    rendered: Rendered = field(default_factory=Rendered)
    compared: Remembered = field(default_factory=Remembered)

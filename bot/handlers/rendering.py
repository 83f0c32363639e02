"""From a source to its manifests: what it needs is gathered from git, and the official program makes the rest of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.core.kustomization import Reference, references
from bot.core.manifest import Manifest, read_manifests
from bot.core.render import render
from bot.core.source import KUSTOMIZATIONS, Kind, Source, below, detect
from bot.garbage import uncollected
from bot.ports import File, PortError, Renderer, RenderError, Repository, RepositoryError

MAX_FILES = 20_000
MAX_BYTES = 256 * 2**20
MAX_TREES = 1_000


class Tree(Protocol):
    """Files by their paths from a root, at one commit or of one directory."""

    def files(self, path: str) -> Sequence[File]:
        """Every regular file at or below `path`, without links. RepositoryError when there is none, or too much."""
        ...

    def has(self, path: str) -> bool:
        """Whether there is anything at `path`."""
        ...


class Commit:
    """`Tree` of a repository at a full sha. What several applications share is read once, for as long as it is held."""

    def __init__(self, repository: Repository, revision: str) -> None:
        self._repository = repository
        self._revision = revision
        self._read: dict[str, Sequence[File]] = {}

    def files(self, path: str) -> Sequence[File]:
        """See Tree."""
        if path not in self._read:
            self._read[path] = self._repository.files(self._revision, path)
        return self._read[path]

    def has(self, path: str) -> bool:
        """See Tree."""
        return self._repository.tree_id(self._revision, path) is not None


@dataclass(slots=True)
class Gathered:
    """What a source is and needs. `outside` has, of each tree that was read, the paths beside it that it needs."""

    kind: Kind
    files: dict[str, File] = field(default_factory=dict)
    outside: dict[str, tuple[str, ...]] = field(default_factory=dict)
    helm: bool = False


def gather(tree: Tree, source: Source, files: Iterable[File]) -> Gathered:
    """Find what a source needs beside its own `files`. ManifestError, RenderError, RepositoryError."""
    own = {file.path: file for file in files}
    path = source.path
    gathered = Gathered(source.kind or detect(own, path), own)
    if gathered.kind is Kind.KUSTOMIZE:
        _follow(tree, path, gathered)
    else:
        gathered.outside[path] = ()
    return gathered


def manifests(gathered: Gathered, source: Source, renderer: Renderer | None) -> tuple[Manifest, ...]:
    """What the files come to. ManifestError; RenderError; PortError when there is nothing to render with."""
    path = source.path
    if gathered.kind is Kind.PLAIN:
        with uncollected():
            return tuple(render([(file.path, file.content) for file in gathered.files.values()], path))
    if renderer is None:
        raise PortError(f"Nothing is here to render {path or 'this'} with.")
    made = renderer.kustomize(list(gathered.files.values()), path, helm=gathered.helm)
    names = (f"{path}/{name}".lstrip("/") for name in KUSTOMIZATIONS)
    with uncollected():
        return tuple(read_manifests(next(name for name in names if name in gathered.files), made))


def _follow(tree: Tree, path: str, gathered: Gathered) -> None:
    read, todo = [path], [Reference(path, path, 1)]
    while todo:
        reference = todo.pop()
        if reference.path in gathered.outside:
            continue
        if not any(below(reference.path, root) for root in read):
            gathered.files.update({file.path: file for file in _read(tree, reference)})
            read.append(reference.path)
            _bound(gathered, len(read))
        part = {name: file.content for name, file in gathered.files.items() if below(name, reference.path)}
        found = references(part, reference.path)
        gathered.helm = gathered.helm or found.helm
        gathered.outside[reference.path] = tuple(each.path for each in found.outside)
        todo += found.outside


def _read(tree: Tree, reference: Reference) -> Sequence[File]:
    try:
        return tree.files(reference.path)
    except RepositoryError:
        if not tree.has(reference.path):
            raise reference.missing() from None
        raise


def _bound(gathered: Gathered, trees: int) -> None:
    total = sum(len(file.content) for file in gathered.files.values())
    if len(gathered.files) > MAX_FILES or total > MAX_BYTES or trees > MAX_TREES:
        raise RenderError(
            f"What the application refers to comes to {trees:,} paths, {len(gathered.files):,} files and "
            f"{total / 2**20:.0f} MiB; up to {MAX_TREES:,}, {MAX_FILES:,} and {MAX_BYTES >> 20} MiB are read."
        )

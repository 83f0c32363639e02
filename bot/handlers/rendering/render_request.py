"""The inputs of a source's rendering, and the bases and files that a kustomization adds."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from hashlib import sha256
from itertools import chain

from bot.core.charts.reference import ChartRef
from bot.core.objects.documents import ManifestError
from bot.core.rendering.kustomization import (
    BaseReference,
    ReadFiles,
    Reference,
    References,
    find_references,
    with_base_paths,
)
from bot.core.rendering.limits import MAX_BYTES, MAX_FILES, MAX_REMOTE_BASES, MAX_REMOTE_FILES, MAX_TREES
from bot.core.rendering.load_restrictions import move_outside_files, outside_paths
from bot.core.rendering.remote_base import RemoteBase, mounted_root
from bot.core.rendering.remote_chart import RemoteChart
from bot.core.rendering.remote_file import RemoteFile
from bot.core.rendering.source import KUSTOMIZATION_FILES, Source, SourceType, is_within, parents_of
from bot.handlers.rendering.bases import BasesOfCommit, TreeWithBases
from bot.handlers.rendering.tree import Tree
from bot.i18n.catalogue import manifest as manifest_texts
from bot.i18n.catalogue import render as texts
from bot.i18n.language import LocalizedText
from bot.ports.git import File, RepositoryError
from bot.ports.rendering import RenderError


@dataclass(slots=True)
class RenderRequest:
    """A source, including the overrides of files in its path, and everything needed to render it.

    `root` is the path to render: the source's, or a fetched chart's. `outside` has the other paths that each tree
    depends on, `bases` the remote bases by the roots of their mounts, except those in the source's own branch, and
    `base_ids` the tree ids of paths in all of them. `floating` has the charts without an exact version, and the files
    that refer to them. `helm` is whether a kustomization has charts, `plugins` whether one has generators, transformers
    or validators. `links` are the paths of files behind symbolic links. `values` are Helm's values files, from the
    repository's root. `read` is what has been read of the files so far.
    """

    source: Source
    kind: SourceType
    root: str
    files: dict[str, File] = field(default_factory=dict)
    outside: dict[str, tuple[str, ...]] = field(default_factory=dict)
    base_ids: dict[str, str | None] = field(default_factory=dict)
    bases: dict[str, RemoteBase | RemoteFile] = field(default_factory=dict)
    floating: list[tuple[ChartRef, str]] = field(default_factory=list)
    helm: bool = False
    plugins: bool = False
    links: set[str] = field(default_factory=set)
    values: tuple[str, ...] = ()
    set_file: tuple[tuple[str, str], ...] = ()
    read: ReadFiles = field(default_factory=ReadFiles)

    def contents(self) -> dict[str, bytes]:
        """The content of each file, by path."""
        return {name: file.content for name, file in self.files.items()}

    def floating_digest(self) -> str:
        """A hash of all files if a newer version of a chart may change them later, else "". Slow for large files."""
        if not self.floating:
            return ""
        digest = sha256()
        for path, file in sorted(self.files.items()):
            digest.update(f"{path}\0{len(file.content)}\0".encode(errors="surrogateescape"))
            digest.update(file.content)
        return digest.hexdigest()


def follow_kustomization(
    tree: Tree, path: str, request: RenderRequest, bases: BasesOfCommit | None, *, is_unrestricted: bool
) -> list[RemoteChart]:
    """Add what the kustomization at a path needs from outside it. Returns the charts that have to be fetched.

    With `is_unrestricted`, it can load files from anywhere in the repository. Raises ManifestError, RenderError,
    RepositoryError.
    """
    mounted = TreeWithBases(tree, bases) if bases else None
    read, todo = [path], [Reference(path, path, 1)]
    remote_charts: list[RemoteChart] = []
    linked: list[str] = []  # targets of links
    names_origins = False
    missing = 0
    flux_paths = cache(partial(_flux_paths, request))
    while todo:
        reference = todo.pop()
        if reference.path in request.outside:
            continue
        tree_of = mounted if mounted and mounted_root(reference.path) else tree
        if reference.optional and is_missing(tree_of, reference.path):
            request.outside[reference.path] = ()
            missing += 1
            check_limits(request, missing)
            continue
        targets: Sequence[str] = ()  # of links
        if not any(_is_read_with(reference.path, root) for root in read):
            targets = read_tree(tree_of, reference, request)
            read.append(reference.path)
            check_limits(request, len(read))
        below = f"{reference.path}/" if reference.path else ""
        part = {
            name: file.content
            for name, file in request.files.items()
            if name.startswith(below) or name == reference.path
        }
        references = find_references(part, reference.path, request.read)
        request.helm = request.helm or references.uses_helm
        remote_charts += references.charts
        request.plugins = request.plugins or references.uses_plugins
        if reference.path == path:  # Kustomize ignores buildMetadata elsewhere
            names_origins = references.names_origins
        if references.bases and names_origins:
            raise references.bases[0].error(manifest_texts.BASE_ORIGIN)
        _refuse_other_roots(references, reference.path)
        outside = [*references.outside, *(chain.from_iterable(map(flux_paths, part)) if is_unrestricted else ())]
        outside += _mount(references.bases, request, bases)
        request.outside[reference.path] = (*(other.path for other in outside), *targets)
        linked += targets
        todo += outside
    for root in read if request.helm else ():
        refuse_submodules(tree, root)  # there may be parts of a chart in them
    request.outside.update({target: () for target in linked if target not in request.outside})
    if mounted:
        request.base_ids = {place: mounted.tree_id(place) for place in request.outside if mounted_root(place)}
    if is_unrestricted:
        moved = move_outside_files(request.contents(), request.read.budget)
        request.files.update({name: File(name, content) for name, content in moved.items()})
    return _missing_charts(request, remote_charts)


def _missing_charts(request: RenderRequest, charts: Iterable[RemoteChart]) -> list[RemoteChart]:
    """The charts missing at their paths. Raises ManifestError if a kustomization refers to a path inside one.

    Otherwise a fetched file could be used as a kustomization without having been checked here.
    """
    files, outside = (set(paths) | parents_of(paths) for paths in (request.files, request.outside))
    missing = {chart.path: chart for chart in charts if chart.path not in files}
    for chart in missing.values():
        if chart.path in outside:
            raise chart.not_fetchable(manifest_texts.COMMIT_CHART)
    return list(missing.values())


def _refuse_other_roots(references: References, path: str) -> None:
    """Raise ManifestError for a path that leads out of its repository."""
    for reference in references.outside:
        if mounted_root(reference.path) != mounted_root(path):
            raise reference.missing_error()


def _is_read_with(path: str, root: str) -> bool:
    return is_within(path, root) and mounted_root(path) == mounted_root(root)


def _mount(
    references: Sequence[BaseReference], request: RenderRequest, bases: BasesOfCommit | None
) -> Iterator[Reference]:
    """Mount the bases, and put their paths into the kustomizations. Raises ManifestError for a forbidden base."""
    for reference in references:
        if bases is None:
            raise reference.error(manifest_texts.REMOTE)
        if not bases.is_allowed(reference.base):
            raise reference.error(manifest_texts.BASE_NOT_ALLOWED)
        if not bases.is_own(reference.base):
            request.bases.setdefault(reference.base.root, reference.base)
        files = sum(isinstance(base, RemoteFile) for base in request.bases.values())
        if len(request.bases) - files > MAX_REMOTE_BASES:
            raise reference.error(manifest_texts.TOO_MANY_BASES)
        if files > MAX_REMOTE_FILES:
            raise reference.error(manifest_texts.TOO_MANY_FILES)
        bases.mount(reference.base)
        yield Reference(reference.base.mount, reference.file, reference.line)
    for file in {reference.file for reference in references}:
        file_references = [reference for reference in references if reference.file == file]
        content = with_base_paths(file, request.files[file].content, file_references, request.read.budget)
        request.files[file] = File(file, content)


def _flux_paths(request: RenderRequest, file: str) -> Sequence[Reference]:
    """The paths that Flux lets a file read if it is a kustomization."""
    if file.rsplit("/", 1)[-1] not in KUSTOMIZATION_FILES:
        return ()
    paths = outside_paths(file, request.files[file].content, request.read.budget)
    return [Reference(path, file, 1, optional=True) for path in paths]


def refuse_submodules(tree: Tree, path: str) -> None:
    """Raise ManifestError for a submodule at, above, or below a path: the bot doesn't have its files."""
    if submodules := tree.submodules(path):
        raise ManifestError(min(submodules), 1, LocalizedText(manifest_texts.SUBMODULE))


def is_missing(tree: Tree, path: str) -> bool:
    """Whether there is nothing at a path.

    Raises ManifestError if that is unknown, for a path in a submodule or behind a link out of the repository.
    """
    if tree.has(path):
        return False
    linked = tree.linked(path)
    if set(linked.broken) - set(linked.dangling):
        raise ManifestError(path, 1, LocalizedText(manifest_texts.BROKEN_LINK))
    for place in (path, *linked.targets):
        refuse_submodules(tree, place)
    return True


def read_tree(tree: Tree, reference: Reference, request: RenderRequest) -> Sequence[str]:
    """Add the files at a path, including those behind links. Returns the targets of these links."""
    try:
        linked = tree.linked(reference.path)
        files = (*tree.files(reference.path), *linked.files)
        if reference.path in linked.broken:
            raise reference.missing_error()
        request.files.update({file.path: file for file in files})
        request.links.update(file.path for file in linked.files)
    except RepositoryError:
        if not mounted_root(reference.path) and is_missing(tree, reference.path):
            raise reference.missing_error() from None
        raise
    return linked.targets


def check_limits(request: RenderRequest, trees: int, *, directories: int = 0) -> None:
    """Raise RenderError for a source with too many trees, too many files and directories, or too large files."""
    total = sum(len(file.content) for file in request.files.values())
    files = len(request.files) + directories
    if files > MAX_FILES or total > MAX_BYTES or trees > MAX_TREES:
        raise RenderError(
            LocalizedText(
                texts.TOO_MUCH,
                trees=f"{trees:,}",
                files=f"{files:,}",
                size=f"{total / 2**20:.0f}",
                most_trees=f"{MAX_TREES:,}",
                most_files=f"{MAX_FILES:,}",
                most_size=str(MAX_BYTES >> 20),
            )
        )


def check_copy(request: RenderRequest) -> None:
    """Raise RenderError for a source that is too large to copy to disk: equal trees in git multiply directories."""
    directories: set[str] = set()
    for path in request.files:
        while (path := path.rpartition("/")[0]) and path not in directories:
            directories.add(path)
        if len(directories) > MAX_FILES:
            break
    check_limits(request, min(len(request.outside) or 1, MAX_TREES), directories=len(directories))

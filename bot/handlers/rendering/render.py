"""From a source to its manifests: what it needs is gathered from git, and the official program makes the rest of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from bot.core.objects.manifest import Manifest, ManifestError, is_hook, read_manifests
from bot.core.rendering.chart import find_dependencies, is_nondeterministic
from bot.core.rendering.helm_values import merge_values
from bot.core.rendering.kustomization import Reference, find_references
from bot.core.rendering.kustomize_edit import edit_kustomization, substitute_variables
from bot.core.rendering.limits import MAX_BYTES, MAX_FILES, MAX_OBJECTS, MAX_TREES
from bot.core.rendering.plain import render_plain
from bot.core.rendering.source import (
    CHART_FILE,
    KUSTOMIZATION_FILES,
    HelmParameters,
    KustomizeParameters,
    Source,
    SourceType,
    detect_source_type,
    is_within,
)
from bot.garbage import gc_paused
from bot.i18n.catalogue import manifest as manifest_texts
from bot.i18n.catalogue import render as texts
from bot.i18n.language import LocalizedText, Text
from bot.ports.errors import PortError
from bot.ports.git import File, Repository, RepositoryError
from bot.ports.rendering import Renderer, RenderError

_NAMED = 3  # objects told before "and N more"


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
    """What a source is and needs. `outside` has, of each tree that was read, the paths beside it that it needs.

    `helm` and `plugins` say whether a kustomization has charts, and generators, transformers or validators; `values`
    are Helm's values files, from the repository's root.
    """

    kind: SourceType
    files: dict[str, File] = field(default_factory=dict)
    outside: dict[str, tuple[str, ...]] = field(default_factory=dict)
    helm: bool = False
    plugins: bool = False
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rendering:
    """What a source comes to. `varying` names what came out differently the second time, and is not among the rest."""

    manifests: tuple[Manifest, ...]
    varying: Text = ""


def gather(tree: Tree, source: Source, files: Iterable[File]) -> Gathered:
    """Find what a source needs beside its own `files`. ManifestError, RenderError, RepositoryError."""
    own = {file.path: file for file in files}
    path = source.path
    gathered = Gathered(source.type or detect_source_type(own, path), own)
    if source.type is SourceType.KUSTOMIZE and detect_source_type(own, path) is not SourceType.KUSTOMIZE:
        file = f"{path}/{KUSTOMIZATION_FILES[0]}".lstrip("/")
        raise ManifestError(file, 1, LocalizedText(manifest_texts.NO_KUSTOMIZATION))
    if source.kustomize != KustomizeParameters() and gathered.kind is not SourceType.HELM:
        changed = edit_kustomization({name: file.content for name, file in own.items()}, path, source.kustomize)
        if changed is not None:
            gathered.kind = SourceType.KUSTOMIZE
            own[changed.file] = File(changed.file, changed.content)
    if gathered.kind is SourceType.KUSTOMIZE:
        _follow(tree, path, gathered)
    elif gathered.kind is SourceType.HELM:
        _follow_chart(tree, path, source.helm, gathered)
    else:
        gathered.outside[path] = ()
    return gathered


def make(gathered: Gathered, source: Source, renderer: Renderer | None) -> Rendering:
    """What the files come to. ManifestError; RenderError; PortError when there is nothing to render with.

    Where a template may use chance or the clock it is rendered twice.
    """
    path, contents = source.path, [(file.path, file.content) for file in gathered.files.values()]
    if gathered.kind is SourceType.PLAIN:
        inside = len(path) + 1 if path else 0
        counted = [each for each in contents if each[0] == path or source.directory.includes(each[0][inside:])]
        with gc_paused():
            return Rendering(_bounded(path, render_plain(counted, path)))
    if renderer is None:
        raise PortError(LocalizedText(texts.NO_RENDERER, path=path or LocalizedText(texts.THIS)))
    first = _run(gathered, source, renderer)
    charts = gathered.helm or gathered.kind is SourceType.HELM
    told = (source.helm.inline_values, *(value for _, value in (*source.helm.set, *source.helm.set_string)))
    if charts and is_nondeterministic([*contents, *(("", text.encode()) for text in told)]):
        return _settled(first, _run(gathered, source, renderer))
    return Rendering(first)


def _run(gathered: Gathered, source: Source, renderer: Renderer) -> tuple[Manifest, ...]:
    path, files = source.path, list(gathered.files.values())
    names = (CHART_FILE,) if gathered.kind is SourceType.HELM else KUSTOMIZATION_FILES
    file = next(name for name in (f"{path}/{each}".lstrip("/") for each in names) if name in gathered.files)
    if gathered.kind is SourceType.HELM:
        values = merge_values(((name, gathered.files[name].content) for name in gathered.values), file, source.helm)
        parameters = replace(source.helm, values_files=(), inline_values=values, set=(), set_string=())
        made = renderer.helm(files, path, parameters)
    else:
        made = renderer.kustomize(files, path, helm=gathered.helm, plugins=gathered.plugins)
        try:
            made = (
                substitute_variables(made, dict(source.kustomize.substitutions))
                if source.kustomize.substitutions
                else made
            )
        except ValueError as error:
            raise RenderError(LocalizedText(texts.NO_VARIABLE, path=path or ".")) from error
    with gc_paused():
        return _bounded(file, read_manifests(file, made))


def _bounded(file: str, manifests: Sequence[Manifest]) -> tuple[Manifest, ...]:
    if len(manifests) > MAX_OBJECTS:
        raise ManifestError(file or ".", 1, LocalizedText(manifest_texts.TOO_MANY_OBJECTS, most=f"{MAX_OBJECTS:,}"))
    return tuple(manifests)


def _settled(first: Sequence[Manifest], second: Sequence[Manifest]) -> Rendering:
    """What was the same twice."""
    again = {manifest.key: manifest.object for manifest in second}
    same = tuple(each for each in first if is_hook(each.object) or again.get(each.key) == each.object)
    kept = {manifest.key for manifest in same}
    others = (each for each in (*first, *second) if each.key not in kept and not is_hook(each.object))
    varying = dict.fromkeys(f"{each.kind} {each.name}" for each in others)
    if not varying:
        return Rendering(same)
    named, more = list(varying)[:_NAMED], len(varying) - _NAMED
    phrase = texts.VARYING_MORE if more > 0 else texts.VARYING
    return Rendering(same, LocalizedText(phrase, objects=", ".join(named), n=str(more)))


def _follow(tree: Tree, path: str, gathered: Gathered) -> None:
    read, todo = [path], [Reference(path, path, 1)]
    while todo:
        reference = todo.pop()
        if reference.path in gathered.outside:
            continue
        if not any(is_within(reference.path, root) for root in read):
            gathered.files.update({file.path: file for file in _read(tree, reference)})
            read.append(reference.path)
            _bound(gathered, len(read))
        part = {name: file.content for name, file in gathered.files.items() if is_within(name, reference.path)}
        found = find_references(part, reference.path)
        gathered.helm = gathered.helm or found.uses_helm
        gathered.plugins = gathered.plugins or found.uses_plugins
        gathered.outside[reference.path] = tuple(each.path for each in found.outside)
        todo += found.outside


def _follow_chart(tree: Tree, path: str, parameters: HelmParameters, gathered: Gathered) -> None:
    needed = find_dependencies({name: file.content for name, file in gathered.files.items()}, path, parameters)
    for number, reference in enumerate(needed.outside, 1):
        if not reference.optional or tree.has(reference.path):
            gathered.files.update({file.path: file for file in _read(tree, reference)})
        _bound(gathered, number)
    gathered.values = tuple(path for path in needed.values_files if path in gathered.files)
    for name, home in needed.local_charts.items():
        for file in [file for file in gathered.files.values() if is_within(file.path, home)]:
            vendored = f"{path}/charts/{name}{file.path.removeprefix(home)}".lstrip("/")
            gathered.files[vendored] = File(vendored, file.content)
    gathered.outside[path] = tuple(each.path for each in needed.outside)
    gathered.outside.update({each.path: () for each in needed.outside})


def _read(tree: Tree, reference: Reference) -> Sequence[File]:
    try:
        return tree.files(reference.path)
    except RepositoryError:
        if not tree.has(reference.path):
            raise reference.missing_error() from None
        raise


def _bound(gathered: Gathered, trees: int) -> None:
    total = sum(len(file.content) for file in gathered.files.values())
    if len(gathered.files) > MAX_FILES or total > MAX_BYTES or trees > MAX_TREES:
        raise RenderError(
            LocalizedText(
                texts.TOO_MUCH,
                trees=f"{trees:,}",
                files=f"{len(gathered.files):,}",
                size=f"{total / 2**20:.0f}",
                most_trees=f"{MAX_TREES:,}",
                most_files=f"{MAX_FILES:,}",
                most_size=str(MAX_BYTES >> 20),
            )
        )

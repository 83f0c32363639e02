"""Gathers the files that a source depends on: its own, those they refer to, charts, and remote bases."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from bot.core.applications.argocd_source import override_files, override_source
from bot.core.applications.discovery import UnsupportedResourceError
from bot.core.charts.reference import ChartRef
from bot.core.objects.documents import ManifestError, NodeBudget, read_documents, refuse_lfs_pointer
from bot.core.rendering.chart import (
    expand_values_files,
    find_dependencies,
    verify_lock,
)
from bot.core.rendering.kustomization import ReadFiles
from bot.core.rendering.kustomize_edit import edit_kustomization
from bot.core.rendering.plain import is_input_file
from bot.core.rendering.source import (
    KUSTOMIZATION_FILES,
    KustomizeParameters,
    Source,
    SourceType,
    detect_source_type,
    is_within,
    parents_of,
    resolve_path,
)
from bot.handlers.rendering.bases import BasesOfCommit
from bot.handlers.rendering.charts import add_remote_charts, fetched_files
from bot.handlers.rendering.render_request import (
    RenderRequest,
    check_copy,
    check_limits,
    follow_kustomization,
    is_missing,
    read_tree,
    refuse_submodules,
)
from bot.handlers.rendering.tree import FluxArtifact, RecordedTree, Tree, ignore_files_above
from bot.i18n.catalogue import manifest as manifest_texts
from bot.i18n.catalogue import render as texts
from bot.i18n.language import LocalizedText
from bot.ports.charts import Charts
from bot.ports.git import File, LinkedFiles
from bot.ports.rendering import RenderError

_FETCHED: Final = ".fetched"  # the directory of a fetched chart, next to the repository's files
_CHART_SUFFIXES: Final = (".yaml", ".yml", ".json", ".tpl", ".tgz")  # of the files that Helm itself reads


def gather(
    tree: Tree,
    source: Source,
    files: Iterable[File],
    charts: Charts | None = None,
    bases: BasesOfCommit | None = None,
) -> RenderRequest:
    """Find what a source depends on besides its own `files`, fetch the charts that it needs, and mount its bases.

    Raises ManifestError, RenderError, RepositoryError, ChartError.
    """
    path, files = source.path, list(files)
    tree = recorded = RecordedTree(tree)
    # Not every deployer follows a link at the path itself.
    if not files and path in (linked := tree.linked(path)).links + linked.broken:
        raise ManifestError(path, 1, LocalizedText(manifest_texts.LINKED_PATH))
    if source.ignore is not None:
        tree = FluxArtifact(tree, source.ignore, ignore_files_above(path))
        files = tree.without_excluded(files)
    files_by_path = {file.path: file for file in files}
    source = _overridden(source, files_by_path, (read := ReadFiles()).budget)
    kind = source.type or detect_source_type(files_by_path, path)
    request = RenderRequest(source, kind, path, files_by_path, read=read)
    if chart := ChartRef.from_key(source.chart):
        request.root = f"{_FETCHED}/{chart.name}"
        files_by_path |= fetched_files(chart, request.root, charts)
    _refuse_unfetched(tree, request)
    linked = tree.linked(path)
    request.links.update(file.path for file in linked.files)
    _refuse_broken(request, linked)
    links = set(linked.links)
    files_by_path |= {
        file.path: file for file in linked.files if request.kind is not SourceType.PLAIN or _is_link(file, links)
    }
    if source.type is SourceType.KUSTOMIZE and detect_source_type(files_by_path, path) is not SourceType.KUSTOMIZE:
        file = f"{path}/{KUSTOMIZATION_FILES[0]}".lstrip("/")
        raise ManifestError(file, 1, LocalizedText(manifest_texts.NO_KUSTOMIZATION))
    if source.kustomize != KustomizeParameters() and request.kind is not SourceType.HELM:
        parameters = _with_present_components(tree, path, source.kustomize)
        changed = edit_kustomization(request.contents(), path, parameters, read.budget)
        if changed is not None:
            request.kind = SourceType.KUSTOMIZE
            files_by_path[changed.file] = File(changed.file, changed.content)
    if request.kind is SourceType.KUSTOMIZE:
        is_unrestricted = source.kustomize.flux is not None
        remote = follow_kustomization(tree, path, request, bases, is_unrestricted=is_unrestricted)
        add_remote_charts(request, remote, charts, manifest_texts.COMMIT_CHART)
    elif request.kind is SourceType.HELM:
        _follow_chart(tree, request, charts)
    if request.kind is not SourceType.PLAIN:
        check_copy(request)
    others = tuple(other for other in recorded.paths if other not in request.outside and not is_within(other, path))
    request.outside[path] = (*request.outside.get(path, ()), *others)
    request.outside.update(dict.fromkeys(others, ()))
    return request


def _overridden(source: Source, files: Mapping[str, File], budget: NodeBudget) -> Source:
    """The source with Argo CD's parameter files in its path applied. Raises ManifestError, RenderError."""
    paths = [f"{source.path}/{name}".lstrip("/") for name in override_files(source)]
    patches = [
        (path, document)
        for path in paths
        if path in files
        for _, document in read_documents(path, files[path].content, budget)
        if isinstance(document, dict)
    ]
    if not patches:
        return source
    try:
        return override_source(source, patches)
    except UnsupportedResourceError as error:
        files_read = " + ".join(path for path, _ in patches)
        raise RenderError(LocalizedText(texts.OVERRIDDEN, file=files_read, why=error.text)) from error


def _with_present_components(tree: Tree, path: str, parameters: KustomizeParameters) -> KustomizeParameters:
    if not parameters.ignore_missing_components:
        return parameters
    components = [
        component
        for component in parameters.components
        if (resolved := resolve_path(path, component)) is not None and not is_missing(tree, resolved)
    ]
    return replace(parameters, components=tuple(components))


def _follow_chart(tree: Tree, request: RenderRequest, charts: Charts | None) -> None:
    root, parameters, contents = request.root, request.source.helm, request.contents()
    needed = find_dependencies(contents, root, parameters, request.read.budget)
    if needed.remote_charts and request.source.ignore is None:  # source-controller doesn't check the lock file
        verify_lock(contents, root, request.read.budget)
    for number, reference in enumerate(needed.outside, 1):
        if not reference.optional or not is_missing(tree, reference.path):
            for place in (reference.path, *read_tree(tree, reference, request)):
                refuse_submodules(tree, place)
        check_limits(request, number)
    ignore_missing = parameters.ignore_missing_values_files
    request.values = expand_values_files(needed.values_files, request.files, ignore_missing=ignore_missing)
    request.set_file = needed.set_file
    for name, chart_path in needed.local_charts.items():
        for file in [file for file in request.files.values() if is_within(file.path, chart_path)]:
            vendored = f"{root}/charts/{name}{file.path.removeprefix(chart_path)}".lstrip("/")
            request.files[vendored] = File(vendored, file.content)
        check_limits(request, len(needed.outside))
    add_remote_charts(request, needed.remote_charts, charts, manifest_texts.COMMIT_CHARTS)


def _refuse_unfetched(tree: Tree, request: RenderRequest) -> None:
    """Raise ManifestError for a submodule where manifests are read, and for a chart's files in Git LFS.

    Kustomize reads only what kustomizations refer to: `follow_kustomization` checks that.
    """
    path, directory = request.source.path, request.source.directory
    inside = len(path) + 1 if path else 0
    if request.kind is SourceType.HELM:
        refuse_submodules(tree, request.root)
        for file in request.files.values():
            if file.path.endswith(_CHART_SUFFIXES):
                refuse_lfs_pointer(file.path, file.content)
    elif request.kind is SourceType.PLAIN:
        for submodule in tree.submodules(path):
            if is_within(submodule, path) and directory.includes_below(submodule[inside:]):
                refuse_submodules(tree, submodule)


def _refuse_broken(request: RenderRequest, linked: LinkedFiles) -> None:
    """Raise ManifestError for a broken link among plain manifests; Kustomize reports it itself."""
    path, directory = request.source.path, request.source.directory
    inside = len(path) + 1 if path else 0
    for link in linked.broken:
        is_read = request.kind is SourceType.HELM or (
            request.kind is SourceType.PLAIN
            and is_input_file(link.rsplit("/", 1)[-1])
            and directory.includes(link[inside:])
        )
        if is_read and link not in request.files:
            raise ManifestError(link, 1, LocalizedText(manifest_texts.BROKEN_LINK))


def _is_link(file: File, links: set[str]) -> bool:
    """Whether a file is itself a link, and not in a linked directory, which only Helm and Kustomize follow."""
    return file.path in links and links.isdisjoint(parents_of([file.path]))

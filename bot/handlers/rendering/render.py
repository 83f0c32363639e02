"""Renders a source: gathers the files that it depends on from git, then runs Kustomize or Helm if needed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

from bot.core.applications.argocd_source import override_files, override_source
from bot.core.applications.discovery import UnsupportedResourceError
from bot.core.charts.reference import ChartRef
from bot.core.objects.manifest import Manifest, ManifestError, NodeBudget, read_documents, refuse_lfs_pointer
from bot.core.objects.resolve import is_hook
from bot.core.rendering.budget import BudgetExceededError
from bot.core.rendering.chart import (
    expand_values_files,
    find_dependencies,
    is_nondeterministic,
    is_remote_schema,
    verify_lock,
)
from bot.core.rendering.encrypted import split_encrypted
from bot.core.rendering.envsubst import SubstitutionError
from bot.core.rendering.helm_values import merge_values
from bot.core.rendering.kustomization import ReadFiles
from bot.core.rendering.kustomize_edit import edit_kustomization
from bot.core.rendering.limits import MAX_OBJECTS
from bot.core.rendering.plain import is_input_file, render_plain
from bot.core.rendering.post_build import post_build
from bot.core.rendering.remote_base import RemoteBase
from bot.core.rendering.resource_location import with_locations
from bot.core.rendering.secret_mask import mask_keys
from bot.core.rendering.source import (
    CHART_FILE,
    KUSTOMIZATION_FILES,
    Capabilities,
    KustomizeParameters,
    Source,
    SourceType,
    detect_source_type,
    is_within,
    resolve_path,
)
from bot.gc_pauses import gc_paused
from bot.handlers.rendering.bases import BasesOfCommit
from bot.handlers.rendering.chart_output import deployed_by_flux, read_output, with_metadata
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
from bot.i18n.language import LocalizedText, Phrase, Text
from bot.ports.charts import Charts
from bot.ports.errors import PortError
from bot.ports.git import File, LinkedFiles
from bot.ports.rendering import Renderer, RenderError, RenderStoppedError

_FETCHED: Final = ".fetched"  # the directory of a fetched chart, next to the repository's files
_CHART_SUFFIXES: Final = (".yaml", ".yml", ".json", ".tpl", ".tgz")  # of the files that Helm itself reads
_MAX_NAMED = 3  # objects named before "and N more"


@dataclass(frozen=True, slots=True)
class Rendering:
    """The result of rendering.

    `unknown` has one sentence for each reason that objects are missing from `manifests`. `unknown_objects` are those of
    them that messages may name, without values from Secrets. `notes` has what else people should know.
    `floating_digest` is that of its RenderRequest; ManifestCache sets it.
    """

    manifests: tuple[Manifest, ...]
    unknown: tuple[Text, ...] = ()
    unknown_objects: tuple[Manifest, ...] = ()
    notes: tuple[Text, ...] = ()
    floating_digest: str = ""


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
    files_by_path |= {
        file.path: file for file in linked.files if request.kind is not SourceType.PLAIN or _is_link(file, linked)
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


def render(request: RenderRequest, renderer: Renderer | None) -> Rendering:
    """Render the files. Raises ManifestError, RenderError; PortError if there is no renderer.

    Charts whose output may vary, such as with the time, are rendered twice; objects that vary become `unknown`.
    """
    floating = [base for base in request.bases.values() if not base.is_pinned]
    notes = [
        LocalizedText(texts.NOT_PINNED if isinstance(base, RemoteBase) else texts.NOT_PINNED_FILE, base=base.title)
        for base in floating
    ]
    notes += [LocalizedText(texts.NOT_PINNED_CHART, chart=chart.title, file=file) for chart, file in request.floating]
    rendering = _render(request, renderer)
    return replace(rendering, notes=tuple(notes[:_MAX_NAMED]))


def _render(request: RenderRequest, renderer: Renderer | None) -> Rendering:
    source = request.source
    path, contents = source.path, [(file.path, file.content) for file in request.files.values()]
    if request.kind is SourceType.PLAIN:
        directory, inside = source.directory, len(path) + 1 if path else 0
        included = [(name, content) for name, content in contents if name == path or directory.includes(name[inside:])]
        with gc_paused():
            manifests = render_plain(included, path, hidden=directory.hidden, skip_other_yaml=directory.skip_other_yaml)
        located = [replace(item, line=None) if item.file in request.links else item for item in manifests]
        return _without_encrypted(Rendering(_within_limit(path, with_metadata(located, source))))
    if renderer is None:
        raise PortError(LocalizedText(texts.NO_RENDERER, path=path or LocalizedText(texts.THIS)))
    charts = request.helm or request.kind is SourceType.HELM
    if charts and source.helm_capabilities is None:
        raise PortError(LocalizedText(texts.NO_CAPABILITIES))
    if source.helm.masked_values:
        return _without_secrets(request, renderer.without_cache())
    first = _without_encrypted(_run_renderer(request, renderer))
    inline = (source.helm.inline_values, *(value for _, value in (*source.helm.set, *source.helm.set_string)))
    if charts and is_nondeterministic([*contents, *(("", text.encode()) for text in inline)]):
        return _without_varying(first, _without_encrypted(_run_renderer(request, renderer)))
    return first


def _run_renderer(request: RenderRequest, renderer: Renderer) -> Rendering:
    source, path = request.source, request.root
    files = [file for file in request.files.values() if not is_remote_schema(file.path, file.content)]
    names = (CHART_FILE,) if request.kind is SourceType.HELM else KUSTOMIZATION_FILES
    file = next(name for name in (f"{path}/{base}".lstrip("/") for base in names) if name in request.files)
    if request.kind is SourceType.HELM:
        values = merge_values(
            ((name, request.files[name].content) for name in request.values),
            file,
            source.helm,
            set_file=((name, request.files[path].content) for name, path in request.set_file),
        )
        parameters = replace(
            source.helm,
            values_files=(),
            inline_values=values,
            set=(),
            set_string=(),
            set_file=(),
            **asdict(source.helm_capabilities or Capabilities()),
        )
        if source.helm.replaces_values:
            defaults = f"{path}/values.yaml".lstrip("/")
            files = [File(defaults, b"") if file.path == defaults else file for file in files]
        output = renderer.helm(files, path, parameters)
        with gc_paused():
            printed = read_output(file, output, request)
        deployed = deployed_by_flux(file, output, printed, request, renderer)
        return Rendering(_within_limit(file, _located(deployed, request)))
    helm = source.helm_capabilities if request.helm else None
    output = renderer.kustomize(files, path, helm=helm, plugins=request.plugins)
    with gc_paused():
        if source.kustomize.flux is None:
            return Rendering(_within_limit(file, _located(read_output(file, output, request), request)))
        try:
            built = post_build(file, output, source.kustomize.flux)
        except (SubstitutionError, BudgetExceededError) as error:
            reason = texts.NO_VARIABLE if isinstance(error, SubstitutionError) else texts.LONG_VARIABLES
            raise RenderError(LocalizedText(reason, path=path or ".")) from None
    manifests = with_metadata(_located(built.manifests, request), source)
    unread = _unknown(with_metadata(built.unread, source))
    return Rendering(_within_limit(file, manifests), _not_checked(texts.UNREAD_VARIABLES, unread), unread)


def _located(manifests: Sequence[Manifest], request: RenderRequest) -> list[Manifest]:
    """The objects, each with the file and line that declare it; without a line for charts and kustomize plugins."""
    if request.kind is not SourceType.KUSTOMIZE or request.plugins:
        return [replace(manifest, line=None) for manifest in manifests]
    files = {name: file.content for name, file in request.files.items() if name not in request.links}
    return with_locations(manifests, files, request.root)


def _within_limit(file: str, manifests: Sequence[Manifest]) -> tuple[Manifest, ...]:
    if len(manifests) > MAX_OBJECTS:
        raise ManifestError(file or ".", 1, LocalizedText(manifest_texts.TOO_MANY_OBJECTS, most=f"{MAX_OBJECTS:,}"))
    return tuple(manifests)


def _without_encrypted(rendering: Rendering) -> Rendering:
    readable, encrypted = split_encrypted(rendering.manifests)
    return Rendering(
        tuple(readable),
        (*rendering.unknown, *_not_checked(texts.ENCRYPTED, encrypted)),
        (*rendering.unknown_objects, *_unknown(encrypted)),
    )


def _without_secrets(request: RenderRequest, renderer: Renderer) -> Rendering:
    """The objects that are the same with masked values from Secrets; the others are unknown.

    Raises RenderError, whose text contains nothing from a Secret, and PortError.
    """
    helm = request.source.helm
    try:
        first = _without_encrypted(_run_renderer(request, renderer))
    except RenderStoppedError:
        raise
    except (ManifestError, RenderError):
        raise RenderError(LocalizedText(texts.SECRET_ERROR)) from None
    values = mask_keys(helm.masked_values, helm.secret_keys, (file.content for file in request.files.values()))
    masked = replace(request.source, helm=replace(helm, inline_values=values))
    try:
        second = _without_encrypted(_run_renderer(replace(request, source=masked), renderer))
    except (ManifestError, RenderError):
        return Rendering((), (LocalizedText(texts.SECRET_NEEDED),))
    masked_objects = {manifest.key: manifest.object for manifest in second.manifests}
    same = tuple(manifest for manifest in first.manifests if masked_objects.get(manifest.key) == manifest.object)
    # An object in only one rendering may be named after a value of a Secret, so it is not listed.
    differing = [manifest for manifest in first.manifests if manifest.key in masked_objects and manifest not in same]
    is_complete = {manifest.key for manifest in first.manifests} == masked_objects.keys()
    unnamed = () if is_complete else (LocalizedText(texts.SECRET_OBJECTS),)
    unknown = _unknown(replace(manifest, object=masked_objects[manifest.key]) for manifest in differing)
    return Rendering(
        same,
        (*second.unknown, *_not_checked(texts.SECRET_VALUES, differing), *unnamed),
        (*second.unknown_objects, *unknown),
    )


def _without_varying(first: Rendering, second: Rendering) -> Rendering:
    """The objects that are the same in both renderings; the others are unknown."""
    second_objects = {manifest.key: manifest.object for manifest in second.manifests}
    same = tuple(
        manifest
        for manifest in first.manifests
        if is_hook(manifest.object) or second_objects.get(manifest.key) == manifest.object
    )
    same_keys = {manifest.key for manifest in same}
    others = [
        manifest
        for manifest in (*first.manifests, *second.manifests)
        if manifest.key not in same_keys and not is_hook(manifest.object)
    ]
    # Without content, since it differs even if git doesn't change it.
    varying = _unknown(
        replace(manifest, object={})
        for manifest in first.manifests
        if manifest.key in second_objects and manifest in others
    )
    return Rendering(same, (*first.unknown, *_not_checked(texts.VARYING, others)), (*first.unknown_objects, *varying))


def _unknown(manifests: Iterable[Manifest]) -> tuple[Manifest, ...]:
    return tuple(replace(manifest, is_unknown=True) for manifest in manifests)


def _not_checked(reason: Phrase, manifests: Iterable[Manifest]) -> tuple[Text, ...]:
    """A sentence with the first few objects that cannot be checked and the reason; empty if there is no object."""
    titles = list(dict.fromkeys(f"{manifest.kind} {manifest.name}" for manifest in manifests))
    if not titles:
        return ()
    objects: Text = ", ".join(titles[:_MAX_NAMED])
    if len(titles) > _MAX_NAMED:
        objects = LocalizedText(texts.AND_MORE, objects=objects, n=str(len(titles) - _MAX_NAMED))
    return (LocalizedText(reason, objects=objects),)


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


def _is_link(file: File, linked: LinkedFiles) -> bool:
    """Whether a file is itself a link, and not in a linked directory, which only Helm and Kustomize follow."""
    return [link for link in linked.links if is_within(file.path, link)] == [file.path]

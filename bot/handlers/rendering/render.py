"""Renders the gathered files of a source, with Kustomize or Helm if needed."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import chain

from bot.core.objects.documents import ManifestError
from bot.core.objects.manifest import Manifest, UnnamedManifest
from bot.core.objects.resolve import is_hook
from bot.core.rendering.budget import BudgetExceededError
from bot.core.rendering.chart import (
    is_remote_schema,
    renderings_to_compare,
)
from bot.core.rendering.encrypted import split_encrypted
from bot.core.rendering.envsubst import SubstitutionError
from bot.core.rendering.helm_values import merge_values
from bot.core.rendering.limits import MAX_OBJECTS
from bot.core.rendering.plain import render_plain
from bot.core.rendering.post_build import post_build
from bot.core.rendering.remote_base import RemoteBase
from bot.core.rendering.resource_location import with_locations
from bot.core.rendering.secret_mask import MAX_CHART_BYTES, mask_keys
from bot.core.rendering.source import (
    CHART_FILE,
    KUSTOMIZATION_FILES,
    Capabilities,
    SourceType,
)
from bot.gc_pauses import gc_paused
from bot.handlers.rendering.chart_output import deployed_by_flux, read_output, with_metadata
from bot.handlers.rendering.render_request import (
    RenderRequest,
)
from bot.i18n.catalogue import manifest as manifest_texts
from bot.i18n.catalogue import render as texts
from bot.i18n.language import LocalizedText, Phrase, Text
from bot.ports.errors import PortError
from bot.ports.git import File
from bot.ports.rendering import Renderer, RenderError, RenderPostponedError, RenderStoppedError

_Key = tuple[str, str, str | None, str]
_MAX_NAMED = 3  # objects named before "and N more"


@dataclass(frozen=True, slots=True)
class Rendering:
    """The result of rendering.

    `unknown` has one sentence for each reason that objects are missing from `manifests`. `unknown_objects` are those of
    them that are known, without values from Secrets. `notes` has what else people should know.
    `floating_digest` is that of its RenderRequest; ManifestCache sets it.
    """

    manifests: tuple[Manifest, ...]
    unknown: tuple[Text, ...] = ()
    unknown_objects: tuple[Manifest, ...] = ()
    notes: tuple[Text, ...] = ()
    floating_digest: str = ""


def render(request: RenderRequest, renderer: Renderer | None) -> Rendering:
    """Render the files. Raises ManifestError, RenderError; PortError if there is no renderer.

    Charts whose output may vary, such as with the time, are rendered several times; objects that vary become `unknown`.
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
    run = partial(_run_renderer, request, renderer)
    first = run()
    renderings = _renderings(request) if charts else 1
    if renderings == 1:
        return first
    return _without_varying(first, chain([run()], _while_not_postponed(run, renderings - 2)))


def _renderings(request: RenderRequest) -> int:
    helm = request.source.helm
    inline = (helm.inline_values, *(value for _, value in (*helm.set, *helm.set_string)))
    contents = [(file.path, file.content) for file in request.files.values()]
    return renderings_to_compare([*contents, *(("", text.encode()) for text in inline)])


def _while_not_postponed(run: Callable[[], Rendering], renderings: int) -> Iterator[Rendering]:
    """As many more renderings as there is time for."""
    for _ in range(renderings):
        try:
            rendering = run()
        except RenderPostponedError:
            return
        yield rendering


def _run_renderer(request: RenderRequest, renderer: Renderer) -> Rendering:
    return _without_encrypted(_run_program(request, renderer))


def _run_program(request: RenderRequest, renderer: Renderer) -> Rendering:
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
    """The objects that are the same in all renderings, and with masked values from Secrets; the others are unknown.

    An object that isn't in the masked rendering may be named after a value of a Secret. Raises RenderError, whose text
    contains nothing from a Secret, and PortError.
    """
    helm = request.source.helm
    run = partial(_run_with_secrets, request, renderer)
    first = run()
    chart = [file.content for file in request.files.values()]
    if helm.secret_keys and sum(map(len, chart)) > MAX_CHART_BYTES:
        large = LocalizedText(texts.SECRET_LARGE, most=str(MAX_CHART_BYTES // 2**20))
        return Rendering((), (large,), _unnamed(_all(first)))
    values = mask_keys(helm.masked_values, helm.secret_keys, chart)
    masked = replace(request.source, helm=replace(helm, inline_values=values))
    try:
        second = _run_renderer(replace(request, source=masked), renderer)
    except RenderStoppedError:
        raise
    except (ManifestError, RenderError):
        return Rendering((), (LocalizedText(texts.SECRET_NEEDED),), _unnamed(_all(first)))
    _, varying, everywhere = _compare(first, _while_not_postponed(run, _renderings(request) - 1))
    masked_keys = {manifest.key for manifest in _all(second)}
    named = [manifest for key, manifest in varying.items() if key in masked_keys]
    hidden = varying.keys() - masked_keys
    masked_objects = {manifest.key: manifest.object for manifest in second.manifests}
    constant = [manifest for manifest in first.manifests if manifest.key not in varying]
    pairs = [(manifest, masked_objects.get(manifest.key)) for manifest in constant]
    same = tuple(manifest for manifest, other in pairs if manifest.object == other)
    differing = [manifest for manifest, other in pairs if other is not None and manifest.object != other]
    in_one = ({manifest.key for manifest in _all(first)} ^ masked_keys) - varying.keys()
    unnamed = (
        *_unnamed(manifest for manifest in _all(first) if manifest.key in in_one),
        *_unnamed(manifest for key, manifest in varying.items() if key in everywhere and key in hidden),
    )
    is_random = bool(hidden - everywhere)  # then so may be those in only the masked rendering
    is_complete = {manifest.key for manifest in constant} == masked_objects.keys() - varying.keys()
    unknown = (
        *_unknown(replace(manifest, object=masked_objects[manifest.key]) for manifest in differing),
        *_unknown(manifest for manifest in named if manifest.key in everywhere),
    )
    return Rendering(
        same,
        (
            *second.unknown,
            *_not_checked(texts.SECRET_VALUES, differing),
            *_not_checked(texts.VARYING, named),
            *((LocalizedText(texts.VARYING_OBJECTS),) if is_random else ()),
            *((LocalizedText(texts.SECRET_OBJECTS),) if unnamed or not (is_random or is_complete) else ()),
        ),
        (*second.unknown_objects, *unknown, *unnamed),
    )


def _run_with_secrets(request: RenderRequest, renderer: Renderer) -> Rendering:
    try:
        return _run_renderer(request, renderer)
    except RenderStoppedError:
        raise
    except (ManifestError, RenderError):
        raise RenderError(LocalizedText(texts.SECRET_ERROR)) from None


def _without_varying(first: Rendering, others: Iterable[Rendering]) -> Rendering:
    """The objects that are the same in all renderings; the others are unknown."""
    same, varying, everywhere = _compare(first, others)
    unknown = _unknown(manifest for key, manifest in varying.items() if key in everywhere)
    return Rendering(
        same,
        (*first.unknown, *_not_checked(texts.VARYING, varying.values())),
        (*first.unknown_objects, *unknown),
    )


def _compare(
    first: Rendering, others: Iterable[Rendering]
) -> tuple[tuple[Manifest, ...], dict[_Key, Manifest], set[_Key]]:
    """The objects that are the same in all renderings; the others, without content; the keys that are in all."""
    same = list(first.manifests)
    found = _without_content(first)
    everywhere = set(found)
    for other in others:
        objects = {manifest.key: manifest.object for manifest in other.manifests}
        same = [item for item in same if is_hook(item.object) or objects.get(item.key) == item.object]
        found |= _without_content(other)
        everywhere &= objects.keys()
    same_keys = {manifest.key for manifest in same}
    return tuple(same), {key: manifest for key, manifest in found.items() if key not in same_keys}, everywhere


def _without_content(rendering: Rendering) -> dict[_Key, Manifest]:
    """The objects except hooks. Their content may differ even if git doesn't change it."""
    manifests = (manifest for manifest in rendering.manifests if not is_hook(manifest.object))
    return {manifest.key: replace(manifest, object={}) for manifest in manifests}


def _unknown(manifests: Iterable[Manifest]) -> tuple[Manifest, ...]:
    return tuple(replace(manifest, is_unknown=True) for manifest in manifests)


def _unnamed(manifests: Iterable[Manifest]) -> tuple[Manifest, ...]:
    return tuple(
        UnnamedManifest(*manifest.key, {"digest": _digest(manifest)}, manifest.file, manifest.line, is_unknown=True)
        for manifest in manifests
        if not is_hook(manifest.object)
    )


def _digest(manifest: Manifest) -> str:
    return hashlib.sha256(json.dumps(manifest.object, sort_keys=True, default=str).encode()).hexdigest()


def _all(rendering: Rendering) -> tuple[Manifest, ...]:
    return rendering.manifests + rendering.unknown_objects


def _not_checked(reason: Phrase, manifests: Iterable[Manifest]) -> tuple[Text, ...]:
    """A sentence with the first few objects that cannot be checked and the reason; empty if there is no object."""
    titles = list(dict.fromkeys(f"{manifest.kind} {manifest.name}" for manifest in manifests))
    if not titles:
        return ()
    objects: Text = ", ".join(titles[:_MAX_NAMED])
    if len(titles) > _MAX_NAMED:
        objects = LocalizedText(texts.AND_MORE, objects=objects, n=str(len(titles) - _MAX_NAMED))
    return (LocalizedText(reason, objects=objects),)

"""Reads and changes what a renderer printed. In the output of Helm, a comment names the template of each document."""

import json
import posixpath
import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from bot.core.objects.documents import ManifestError
from bot.core.objects.manifest import Manifest, read_manifests
from bot.core.objects.resolve import is_hook
from bot.core.objects.resource import mapping
from bot.core.rendering.source import KUSTOMIZATION_FILES, Source
from bot.core.rendering.yaml_json import write_documents
from bot.handlers.rendering.render_request import RenderRequest
from bot.i18n.catalogue import render as texts
from bot.i18n.language import LocalizedText
from bot.ports.git import File
from bot.ports.rendering import Renderer, RenderError

_HELM_OUTPUT: Final = "helm-output.yaml"
_SOURCE: Final = re.compile(r"# Source: [^/\n]{1,250}/(.{1,4096})")
_CRDS: Final = re.compile(r"# Source: [^/\n]+/(?:charts/[^/\n]+/)*crds/")


def read_output(file: str, output: bytes, request: RenderRequest) -> Sequence[Manifest]:
    """The objects in the output. Raises ManifestError; RenderError if a template of the request printed the line."""
    try:
        return read_manifests(file, output)
    except ManifestError as error:
        lines = output.decode(errors="replace").split("\n")[: error.line]
        source = next(filter(None, map(_SOURCE.fullmatch, reversed(lines))), None)
        template = posixpath.join(request.root, source[1]) if source else ""
        if template not in request.files:
            raise
        raise RenderError(LocalizedText(texts.AT, place=template, why=error.problem)) from None


def deployed_by_flux(
    file: str, output: bytes, printed: Sequence[Manifest], request: RenderRequest, renderer: Renderer
) -> Sequence[Manifest]:
    """The objects that Helm printed, after Flux's post-renderers and with its metadata, without post-rendered hooks.

    Flux applies those from crds/ directories separately, as they are:
    https://github.com/fluxcd/helm-controller/blob/main/internal/action/crds.go
    """
    source = request.source
    if not (source.helm.post_renderers or source.labels or source.annotations):
        return printed
    crds, others = _without_crds(output, printed)
    for kustomization in source.helm.post_renderers:
        objects = [manifest.object for manifest in others if not is_hook(manifest.object)]
        if not objects:
            return crds
        rendered = write_documents(objects)
        entries = write_documents([{**json.loads(kustomization), "resources": [_HELM_OUTPUT]}])
        files = [File(KUSTOMIZATION_FILES[0], entries), File(_HELM_OUTPUT, rendered)]
        others = read_output(file, renderer.kustomize(files, "", helm=None, plugins=False), request)
    return [*crds, *with_metadata(others, source)]


def with_metadata(manifests: Sequence[Manifest], source: Source) -> Sequence[Manifest]:
    """The objects with the deployer's labels and annotations, which override others."""
    added = {"labels": dict(source.labels), "annotations": dict(source.annotations)}
    return [_labeled(manifest, added) for manifest in manifests] if any(added.values()) else manifests


def _labeled(manifest: Manifest, added: Mapping[str, Mapping[str, str]]) -> Manifest:
    metadata = dict(mapping(manifest.object, "metadata"))
    metadata |= {field: {**mapping(metadata, field), **entries} for field, entries in added.items() if entries}
    return replace(manifest, object={**manifest.object, "metadata": metadata})


def _without_crds(output: bytes, printed: Sequence[Manifest]) -> tuple[list[Manifest], Sequence[Manifest]]:
    """The objects from crds/ directories, and the others. A file in one can have several, but only one comment."""
    lines = enumerate(output.decode(errors="replace").split("\n"), 1)
    sources = [(number, _CRDS.match(line) is not None) for number, line in lines if line.startswith("# Source: ")]
    crds: list[Manifest] = []
    others: list[Manifest] = []
    for manifest in printed:
        place = bisect_left(sources, (manifest.line or 0, False))
        (crds if place > 0 and sources[place - 1][1] else others).append(manifest)
    return crds, others

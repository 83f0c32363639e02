"""Reads and changes what a renderer printed. In the output of Helm, a comment names the template of each document."""

import json
import posixpath
import re
from collections.abc import Sequence
from typing import Final

from bot.core.objects.manifest import Manifest, ManifestError, read_manifests
from bot.core.objects.resolve import is_hook
from bot.core.rendering.source import KUSTOMIZATION_FILES
from bot.handlers.rendering.render_request import RenderRequest
from bot.i18n.catalogue import render as texts
from bot.i18n.language import LocalizedText
from bot.ports.git import File
from bot.ports.rendering import Renderer, RenderError

_HELM_OUTPUT: Final = "helm-output.yaml"
_SOURCE: Final = re.compile(r"# Source: [^/\n]{1,250}/(.{1,4096})")


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


def post_rendered(file: str, output: bytes, request: RenderRequest, renderer: Renderer) -> bytes:
    """Helm's output after Flux's post-renderers, without hooks, which Flux does not post-render."""
    for kustomization in request.source.helm.post_renderers:
        objects = [manifest.object for manifest in read_output(file, output, request) if not is_hook(manifest.object)]
        if not objects:
            return b""
        rendered = "\n---\n".join(json.dumps(declared) for declared in objects).encode()
        entries = json.dumps({**json.loads(kustomization), "resources": [_HELM_OUTPUT]}).encode()
        files = [File(KUSTOMIZATION_FILES[0], entries), File(_HELM_OUTPUT, rendered)]
        output = renderer.kustomize(files, "", helm=None, plugins=False)
    return output

"""Reads what a renderer printed. In the output of Helm, a comment names the template of each document."""

import posixpath
import re
from collections.abc import Sequence
from typing import Final

from bot.core.objects.manifest import Manifest, ManifestError, read_manifests
from bot.handlers.rendering.render_request import RenderRequest
from bot.i18n.catalogue import render as texts
from bot.i18n.language import LocalizedText
from bot.ports.rendering import RenderError

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

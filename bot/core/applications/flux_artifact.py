"""Reads Flux's `ArtifactGenerator`: which part of a git repository an `ExternalArtifact` holds.

https://fluxcd.io/flux/components/source/artifactgenerators/
"""

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.core.applications.discovery import UnsupportedResourceError
from bot.core.objects.resource import Object, items, mapping, text
from bot.core.rendering.source import resolve_path
from bot.i18n.catalogue import discovery as texts
from bot.i18n.language import LocalizedText

ARTIFACT_GENERATOR: Final = ("source.extensions.fluxcd.io", "ArtifactGenerator")
EXTERNAL_ARTIFACT: Final = "ExternalArtifact"
_TARGET: Final = "@artifact"


@dataclass(frozen=True, slots=True)
class GitArtifact:
    """An artifact whose files are those below `path` of the GitRepository that `source` refers to."""

    source: Object
    path: str


def git_artifact(name: str, namespace: str, generators: Sequence[Object]) -> GitArtifact:
    """The content of the ExternalArtifact. Raises UnsupportedResourceError unless it is one directory in git."""
    for generator in generators:
        if text(mapping(generator, "metadata"), "namespace") != namespace:
            continue
        spec = mapping(generator, "spec")
        for artifact in items(spec, "artifacts"):
            if isinstance(artifact, Mapping) and text(artifact, "name") == name:
                return _read(artifact, spec, namespace)
    raise UnsupportedResourceError(LocalizedText(texts.NO_GENERATOR, name=f"{namespace}/{name}"[:150]))


def _read(artifact: Object, spec: Object, namespace: str) -> GitArtifact:
    copies = [_copy(entry) for entry in items(artifact, "copy")]
    sources = {
        text(source, "alias"): {"namespace": namespace, **source}
        for source in items(spec, "sources")
        if isinstance(source, Mapping)
    }
    if len(set(copies)) != 1 or copies[0] is None or copies[0][0] not in sources:
        name = f"{namespace}/{text(artifact, 'name')}"[:150]
        raise UnsupportedResourceError(LocalizedText(texts.MIXED_ARTIFACT, name=name))
    alias, path = copies[0]
    return GitArtifact(sources[alias], path)


def _copy(entry: object) -> tuple[str, str] | None:
    """The alias of the source of a copy, and the directory in it that becomes the artifact's root.

    None unless it copies a whole directory (`@alias/apps/base/**`) and keeps the end of its path (`@artifact/base/`).
    """
    copy = entry if isinstance(entry, Mapping) else {}
    alias, _, pattern = text(copy, "from").removeprefix("@").partition("/")
    target, _, place = text(copy, "to").partition("/")
    directory = resolve_path("", pattern.removesuffix("**") or ".")
    place = place.strip("/")
    if not pattern.endswith("**") or target != _TARGET or directory is None or "*" in directory:
        return None
    if items(copy, "exclude") or text(copy, "strategy") not in ("", "Overwrite"):
        return None
    if not f"/{directory}".endswith(f"/{place}" if place else ""):
        return None
    root = directory.removesuffix(place) if place else directory
    return alias, posixpath.normpath(root).strip("/").removeprefix(".") if root else ""

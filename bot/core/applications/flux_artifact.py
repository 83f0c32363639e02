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


class GitArtifacts:
    """The artifacts of generators, each read once."""

    def __init__(self, generators: Sequence[Object]) -> None:
        self._declared: dict[tuple[str, str], tuple[Object, Object]] = {}  # by namespace and name, with the spec
        self._read: dict[tuple[str, str], GitArtifact | None] = {}
        for generator in generators:
            namespace, spec = text(mapping(generator, "metadata"), "namespace"), mapping(generator, "spec")
            for artifact in items(spec, "artifacts"):
                if isinstance(artifact, Mapping):
                    self._declared.setdefault((namespace, text(artifact, "name")), (artifact, spec))

    def find(self, name: str, namespace: str) -> GitArtifact:
        """The content of the ExternalArtifact. Raises UnsupportedResourceError unless it is one directory in git."""
        key = namespace, name
        if key not in self._declared:
            raise UnsupportedResourceError(LocalizedText(texts.NO_GENERATOR, name=f"{namespace}/{name}"[:150]))
        if key not in self._read:
            self._read[key] = _read(*self._declared[key], namespace)
        artifact = self._read[key]
        if artifact is None:
            raise UnsupportedResourceError(LocalizedText(texts.MIXED_ARTIFACT, name=f"{namespace}/{name}"[:150]))
        return artifact


def _read(artifact: Object, spec: Object, namespace: str) -> GitArtifact | None:
    """The artifact; None unless it is one directory in git."""
    copies = [_copy(entry) for entry in items(artifact, "copy")]
    sources = {
        text(source, "alias"): {"namespace": namespace, **source}
        for source in items(spec, "sources")
        if isinstance(source, Mapping)
    }
    if len(set(copies)) != 1 or copies[0] is None or copies[0][0] not in sources:
        return None
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

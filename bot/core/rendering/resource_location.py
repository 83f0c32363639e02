"""Finds the files that declare a kustomization's objects, which Kustomize's output doesn't name."""

import posixpath
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from bot.core.objects.documents import ManifestError, NodeBudget, read_documents
from bot.core.objects.manifest import Manifest, read_manifests
from bot.core.objects.resource import items, text
from bot.core.rendering.load_restrictions import original_path
from bot.core.rendering.remote_base import mounted_root
from bot.core.rendering.source import KUSTOMIZATION_FILES, resolve_path

_MAX_KUSTOMIZATIONS: Final = 1_000  # one that several others contain counts several times
_LONG: Final = 254  # characters of a prefix or suffix that makes each name invalid
# Kinds whose names get no prefix and no suffix.
# https://github.com/kubernetes-sigs/kustomize/blob/master/api/internal/builtins/PrefixTransformer.go
_KEEP_NAMES: Final = frozenset({"APIService", "CustomResourceDefinition", "Namespace"})


@dataclass(frozen=True, slots=True)
class _Place:
    """A file or directory of a kustomization, and the prefix and suffix that Kustomize adds to the names in it."""

    path: str
    prefix: str = ""
    suffix: str = ""
    is_component: bool = False


def with_locations(rendered: Sequence[Manifest], files: Mapping[str, bytes], root: str) -> list[Manifest]:
    """The objects of the kustomization at `root`, each with the file and line of the resource it was built from.

    `files` are by path, without those behind symbolic links. An object has a line only if exactly one resource has the
    same group, kind and name. Plugins can rename objects, so call this only for kustomizations without plugins.
    """
    declared: dict[tuple[str, str, str], list[Manifest]] = {}
    budget = NodeBudget()
    for place in _resources(files, root, budget):
        with suppress(ManifestError):  # Kustomize accepts some files that the bot refuses
            for manifest in read_manifests(original_path(place.path), files[place.path], budget):
                is_renamed = manifest.kind not in _KEEP_NAMES
                name = f"{place.prefix}{manifest.name}{place.suffix}" if is_renamed else manifest.name
                declared.setdefault(_identity(manifest, name), []).append(manifest)
    identities = [_identity(manifest, manifest.name) for manifest in rendered]
    totals = Counter(identities)  # objects with the same name are in different namespaces
    return [
        _located(manifest, declared.get(identity, ()) if totals[identity] == 1 else ())
        for manifest, identity in zip(rendered, identities, strict=True)
    ]


def _located(manifest: Manifest, resources: Sequence[Manifest]) -> Manifest:
    if len(resources) != 1:
        return replace(manifest, line=None)
    return replace(manifest, file=resources[0].file, line=resources[0].line)


def _identity(manifest: Manifest, name: str) -> tuple[str, str, str]:
    return manifest.api_version.rpartition("/")[0], manifest.kind, name


def _resources(files: Mapping[str, bytes], root: str, budget: NodeBudget) -> list[_Place]:
    """The files that the kustomization at `root` and those below it list, unless the names in them are uncertain."""
    resources: list[_Place] = []
    todo = [_Place(root)]
    for _ in range(_MAX_KUSTOMIZATIONS):
        if not todo:
            return resources
        place = todo.pop()
        candidates = (posixpath.join(place.path, name) for name in KUSTOMIZATION_FILES)
        for file in [path for path in candidates if path in files][:1]:
            try:
                entries = list(_entries(file, files[file], place, budget))
            except ManifestError:  # together, they are too large
                return []
            for entry in entries:
                if entry is None:
                    return []
                (resources if entry.path in files else todo).append(entry)
    return []


def _entries(file: str, content: bytes, place: _Place, budget: NodeBudget) -> Iterator[_Place | None]:
    """The entries of a kustomization; None if it is a component that renames objects of others."""
    for _, document in read_documents(file, content, budget):
        if not isinstance(document, dict):
            continue
        fields = {key.casefold(): value for key, value in document.items()}  # as Go's decoder reads them
        prefix, suffix = text(fields, "nameprefix"), text(fields, "namesuffix")
        if place.is_component and (prefix or suffix):
            yield None
        prefix, suffix = (place.prefix + prefix)[:_LONG], (suffix + place.suffix)[:_LONG]
        for field in ("resources", "bases", "components"):
            for entry in items(fields, field):
                path = resolve_path(place.path, entry) if isinstance(entry, str) else None
                if path is not None and not mounted_root(path):
                    is_component = field == "components"
                    yield _Place(path, prefix, suffix, is_component)

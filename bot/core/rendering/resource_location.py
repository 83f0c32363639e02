"""Finds the files that declare a kustomization's objects, since Kustomize's output does not name them."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

from bot.core.objects.manifest import Manifest, ManifestError, NodeBudget, read_manifests


def with_locations(rendered: Iterable[Manifest], resources: Iterable[tuple[str, bytes]]) -> list[Manifest]:
    """The rendered objects, each with the file and the line of the resource that it was built from.

    `resources` are (path, content) pairs. An object has no line unless exactly one resource of its group and kind has
    its name, so call this only for kustomizations that keep names.
    """
    declared: dict[tuple[str, str, str], list[Manifest]] = {}
    budget = NodeBudget()
    for path, content in resources:
        with suppress(ManifestError):  # Kustomize reads some files that the bot refuses
            for manifest in read_manifests(path, content, budget):
                declared.setdefault(_identity(manifest), []).append(manifest)
    return [_located(manifest, declared.get(_identity(manifest), ())) for manifest in rendered]


def _located(manifest: Manifest, resources: Sequence[Manifest]) -> Manifest:
    if len(resources) != 1:
        return replace(manifest, line=None)
    return replace(manifest, file=resources[0].file, line=resources[0].line)


def _identity(manifest: Manifest) -> tuple[str, str, str]:
    return manifest.api_version.rpartition("/")[0], manifest.kind, manifest.name

"""Applies a deployer's changes to a kustomization before the build, as `kustomize edit` and Flux do."""

import json
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.core.objects.documents import ManifestError, NodeBudget, read_documents
from bot.core.objects.resource import items, mapping
from bot.core.rendering.source import KUSTOMIZATION_FILES, KustomizeParameters, is_within, parents_of
from bot.core.rendering.yaml_json import write_documents
from bot.i18n.catalogue import manifest as texts
from bot.i18n.language import LocalizedText

_SUFFIXES: Final = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class EditedFile:
    """A kustomization's path from the repository's root, and its new content."""

    file: str
    content: bytes


def edit_kustomization(
    files: Mapping[str, bytes], root: str, parameters: KustomizeParameters, budget: NodeBudget | None = None
) -> EditedFile | None:
    """The kustomization at `root` with the deployer's changes; None if there is none and none is to be created.

    Raises ManifestError unless the file has exactly one kustomization, or if it already has a label to add.
    """
    candidates = (posixpath.join(root, name) for name in KUSTOMIZATION_FILES)
    file = next((path for path in candidates if path in files), None)
    if file is None and parameters.flux is None:
        return None
    if file is None:
        file = posixpath.join(root, KUSTOMIZATION_FILES[0])
        # Kustomize rejects a kustomization without fields; Flux sets this one if there is nothing to build.
        resources = _generated_resources(files, root)
        kustomization: dict[str, Any] = {"resources": resources} if resources else {"namespace": "_placeholder"}
    else:
        documents = [value for _, value in read_documents(file, files[file], budget)]
        while documents and documents[-1] is None:  # Kustomize reads only the first one
            documents.pop()
        first, *others = documents or [{}]
        if others or not isinstance(first, dict) or not (first or parameters.flux):
            raise ManifestError(file, 1, LocalizedText(texts.SEVERAL_KUSTOMIZATIONS))
        kustomization = dict(first)
        if parameters.flux and not items(kustomization, "resources"):
            kustomization["buildMetadata"] = ["originAnnotations"]
    for key, value in (
        ("namePrefix", parameters.name_prefix),
        ("nameSuffix", parameters.name_suffix),
        ("namespace", parameters.namespace),
        ("buildMetadata", list(parameters.build_metadata)),
    ):
        if value:
            kustomization[key] = value
    _add_metadata(kustomization, file, parameters)
    edit_images = _merge_images if parameters.flux else _set_images
    replicas = [{"name": name, "count": count} for name, count in parameters.replicas]
    patches = [json.loads(patch) for patch in parameters.patches]
    kustomization |= {
        "images": edit_images(items(kustomization, "images"), [json.loads(image) for image in parameters.images]),
        "replicas": _replace_by_name(items(kustomization, "replicas"), replicas),
        "patches": [*items(kustomization, "patches"), *patches],
        "components": [*items(kustomization, "components"), *parameters.components],
    }
    return EditedFile(file, write_documents([{key: value for key, value in kustomization.items() if value != []}]))


def _add_metadata(kustomization: dict[str, Any], file: str, parameters: KustomizeParameters) -> None:
    """Add labels and annotations as `kustomize edit add label` and `annotation` do."""
    labels, annotations = dict(parameters.common_labels), dict(parameters.common_annotations)
    if annotations:
        existing = mapping(kustomization, "commonAnnotations")
        kustomization["commonAnnotations"] = _add(existing, annotations, file, force=parameters.force_annotations)
    if labels and parameters.label_without_selector:
        entries = [dict(entry) for entry in items(kustomization, "labels") if isinstance(entry, Mapping)]
        options = {"includeSelectors": False, "includeTemplates": parameters.label_include_templates}
        same = (entry for entry in entries if all(bool(entry.get(key)) is value for key, value in options.items()))
        entry = next(same, None)
        if entry is None:
            entries.append(entry := {**options})
        entry["pairs"] = _add(mapping(entry, "pairs"), labels, file, force=parameters.force_labels)
        kustomization["labels"] = entries
    elif labels:
        existing = mapping(kustomization, "commonLabels")
        kustomization["commonLabels"] = _add(existing, labels, file, force=parameters.force_labels)


def _add(existing: Mapping[str, Any], added: Mapping[str, str], file: str, *, force: bool) -> dict[str, Any]:
    if not force and (taken := [name for name in added if name in existing]):
        raise ManifestError(file, 1, LocalizedText(texts.ALREADY_LABELED, name=taken[0][:100]))
    return {**existing, **added}


def _generated_resources(files: Mapping[str, bytes], root: str) -> list[str]:
    """Every manifest below `root`; a directory with a kustomization replaces the files in it."""
    kustomized = {posixpath.dirname(path) for path in files if posixpath.basename(path) in KUSTOMIZATION_FILES}
    replaced: set[str] = set()  # the directories with a kustomization, and those below
    outermost = set()
    for directory in sorted(parents_of(files), key=len):
        is_below = directory != "" and posixpath.dirname(directory) in replaced
        if is_below or directory in kustomized:
            replaced.add(directory)
        if directory in kustomized and not is_below:
            outermost.add(directory)
    manifests = [path for path in files if path.endswith(_SUFFIXES) and posixpath.dirname(path) not in replaced]
    return sorted(posixpath.relpath(path, root or ".") for path in (*manifests, *outermost) if is_within(path, root))


def _merge_images(entries: Sequence[Any], overrides: Sequence[Mapping[str, Any]]) -> list[Any]:
    """The entries with the fields that Flux sets; a tag or a digest replaces both."""
    merged = [dict(entry) if isinstance(entry, Mapping) else entry for entry in entries]
    by_name: dict[str, dict[str, Any]] = {}  # the first entry of each name
    for entry in merged:
        if isinstance(entry, dict) and isinstance(name := entry.get("name"), str):
            by_name.setdefault(name, entry)
    for override in overrides:
        fields = {key: value for key, value in override.items() if value}
        entry = by_name.setdefault(fields["name"], fields)
        if entry is fields:
            merged.append(fields)
            continue
        if "newTag" in fields or "digest" in fields:
            entry.pop("newTag", None)
            entry.pop("digest", None)
        entry |= fields
    return merged


def _set_images(entries: Sequence[Any], overrides: Sequence[Mapping[str, Any]]) -> list[Any]:
    """The entries after `kustomize edit set image`: replaced by name, where `*` keeps the current value."""
    existing = {entry["name"]: entry for entry in entries if isinstance(entry, Mapping) and "name" in entry}
    images = existing | {
        override["name"]: {
            key: kept if value == "*" else value
            for key, value in override.items()
            if value != "*" or (kept := existing.get(override["name"], {}).get(key))
        }
        for override in overrides
    }
    return [images[name] for name in sorted(images)] if overrides else [*entries]


def _replace_by_name(entries: Sequence[Any], overrides: Sequence[Mapping[str, Any]]) -> list[Any]:
    """The entries with the overrides in place of those with the same name."""
    names = {override["name"] for override in overrides}
    kept = [entry for entry in entries if not (isinstance(entry, Mapping) and entry.get("name") in names)]
    return [*kept, *overrides]

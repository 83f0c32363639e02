"""Applies a deployer's changes to a kustomization before the build, and Flux's variables after it."""

import json
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.core.objects.manifest import ManifestError, read_documents
from bot.core.objects.resource import items
from bot.core.rendering.source import KUSTOMIZATION_FILES, KustomizeParameters, is_within
from bot.i18n.catalogue import manifest as texts
from bot.i18n.language import LocalizedText

_SUFFIXES: Final = (".yaml", ".yml")
_SUBSTITUTION_DISABLED: Final = re.compile(
    rb"^[ \t]+[\"']?kustomize\.toolkit\.fluxcd\.io/substitute[\"']?:\s*[\"']?disabled", re.MULTILINE
)
_VARIABLE: Final = re.compile(rb"\$(\$?)\{([^{}]*)\}")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class EditedFile:
    """A kustomization's path from the repository's root, and its new content."""

    file: str
    content: bytes


def edit_kustomization(files: Mapping[str, bytes], root: str, parameters: KustomizeParameters) -> EditedFile | None:
    """The kustomization at `root` with the deployer's changes; None if there is none and none should be created.

    ManifestError if the file doesn't hold exactly one kustomization.
    """
    candidates = (posixpath.join(root, name) for name in KUSTOMIZATION_FILES)
    file = next((path for path in candidates if path in files), None)
    if file is None and not parameters.create_if_missing:
        return None
    if file is None:
        file = posixpath.join(root, KUSTOMIZATION_FILES[0])
        kustomization: dict[str, Any] = {"resources": _generated_resources(files, root)}
    else:
        documents = [value for _, value in read_documents(file, files[file])]
        if len(documents) != 1 or not isinstance(documents[0], dict):
            raise ManifestError(file, 1, LocalizedText(texts.SEVERAL_KUSTOMIZATIONS))
        kustomization = dict(documents[0])
    for key, value in (
        ("namePrefix", parameters.name_prefix),
        ("nameSuffix", parameters.name_suffix),
        ("namespace", parameters.namespace),
    ):
        if value:
            kustomization[key] = value
    images = [json.loads(image) for image in parameters.images]
    replicas = [{"name": name, "count": count} for name, count in parameters.replicas]
    patches = [json.loads(patch) for patch in parameters.patches]
    kustomization |= {
        "images": _replace_by_name(items(kustomization, "images"), images),
        "replicas": _replace_by_name(items(kustomization, "replicas"), replicas),
        "patches": [*items(kustomization, "patches"), *patches],
        "components": [*items(kustomization, "components"), *parameters.components],
    }
    return EditedFile(file, json.dumps({key: value for key, value in kustomization.items() if value != []}).encode())


def substitute_variables(manifests: bytes, variables: Mapping[str, str]) -> bytes:
    """Built manifests after Flux's `postBuild`: `${name}` replaced, with or without a default, unless disabled.

    https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution. ValueError for other
    string functions.
    """

    def substitute(match: re.Match[bytes]) -> bytes:
        is_escaped, expression = match[1], match[2].decode(errors="replace")
        if is_escaped:
            return match[0][1:]
        name = _NAME.match(expression)
        rest = expression[name.end() :] if name else expression
        if name is None or not (not rest or rest.startswith((":=", ":-", "=", "-"))):
            raise ValueError("this string function is not supported")
        value = variables.get(name[0])
        if rest.startswith(":"):
            return (value or rest[2:]).encode()
        return (value if value is not None else rest[1:]).encode()

    return b"\n---\n".join(
        document if _SUBSTITUTION_DISABLED.search(document) else _VARIABLE.sub(substitute, document)
        for document in manifests.split(b"\n---\n")
    )


def _generated_resources(files: Mapping[str, bytes], root: str) -> list[str]:
    """Every manifest below `root`, with each directory that has a kustomization in place of the files in it."""
    kustomized = {posixpath.dirname(path) for path in files if posixpath.basename(path) in KUSTOMIZATION_FILES}
    outermost = {directory for directory in kustomized if kustomized.isdisjoint(_parents(directory))}
    manifests = [path for path in files if path.endswith(_SUFFIXES) and kustomized.isdisjoint(_parents(path))]
    resources = (posixpath.relpath(path, root or ".") for path in (*manifests, *outermost) if is_within(path, root))
    return sorted(path for path in resources if not any(part.startswith(".") for part in path.split("/")))


def _parents(path: str) -> Iterator[str]:
    while path:
        path = posixpath.dirname(path)
        yield path


def _replace_by_name(entries: Sequence[Any], overrides: Sequence[Mapping[str, Any]]) -> list[Any]:
    """The entries, those with the name of an override replaced by it."""
    names = {override["name"] for override in overrides}
    kept = [entry for entry in entries if not (isinstance(entry, Mapping) and entry.get("name") in names)]
    return [*kept, *overrides]

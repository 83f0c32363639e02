"""Lets kustomizations load files from anywhere in the repository, as Flux does.

Kustomize only loads files in or below the kustomization's directory, unless its restrictions are lifted
(`LoadRestrictionsNone`). That would let it read any file on this machine, so the bot moves the files instead: into the
kustomization's directory, under the same name, because a generator uses it as a key. The files of `generators`,
`transformers` and `validators` are not moved, so that Kustomize refuses those from elsewhere: their references aren't
checked.
"""

import posixpath
from collections.abc import Callable, Mapping
from typing import Any, Final

from bot.core.objects.documents import NodeBudget, read_documents
from bot.core.rendering.source import KUSTOMIZATION_FILES, is_within, resolve_path
from bot.core.rendering.yaml_json import write_documents

_DIRECTORY: Final = "gitops-bot-outside"  # below a kustomization, for the files from elsewhere
_PATHS: Final = frozenset(
    {
        *("resources", "bases", "crds", "configurations", "patchesstrategicmerge"),
        *("additionalvaluesfiles", "envs", "env", "path", "valuesfile"),
    }
)
_WITH_KEY: Final = "files"  # of a generator: `path` or `key=path`
_FIELDS: Final = frozenset(
    {
        *("resources", "bases", "crds", "configurations", "patchesstrategicmerge", "patches", "patchesjson6902"),
        *("replacements", "configmapgenerator", "secretgenerator"),
        *("openapi", "helmcharts"),
    }
)

Edit = Callable[[str], str]  # the new path, relative to a kustomization


def outside_paths(file: str, content: bytes, budget: NodeBudget) -> list[str]:
    """The paths outside its own directory that a kustomization names in any field, from the repository's root."""
    paths: list[str] = []
    directory = posixpath.dirname(file)

    def collect(path: str) -> str:
        resolved = resolve_path(directory, path)
        if resolved is not None and not is_within(resolved, directory):
            paths.append(resolved)
        return path

    for _, document in read_documents(file, content, budget):
        _edit(document, collect)
    return list(dict.fromkeys(paths))


def move_outside_files(files: Mapping[str, bytes], budget: NodeBudget) -> dict[str, bytes]:
    """The files to add or replace so that no kustomization loads a file from outside its own directory."""
    changed: dict[str, bytes] = {}
    for file in files:
        if posixpath.basename(file) in KUSTOMIZATION_FILES:
            changed |= _moved(file, files, budget)
    return changed


def original_path(path: str) -> str:
    """The path of a file before `move_outside_files`."""
    return path.rpartition(f"{_DIRECTORY}/")[2]


def _moved(file: str, files: Mapping[str, bytes], budget: NodeBudget) -> dict[str, bytes]:
    directory = posixpath.dirname(file)
    changed: dict[str, bytes] = {}
    documents = [document for _, document in read_documents(file, files[file], budget)]

    def move(path: str) -> str:
        resolved = resolve_path(directory, path)
        if resolved is None or resolved not in files or is_within(resolved, directory):
            return path
        moved = posixpath.join(_DIRECTORY, resolved)
        changed[posixpath.join(directory, moved)] = files[resolved]
        return moved

    edited = [_edit(document, move) for document in documents]
    if changed:
        changed[file] = write_documents(edited)
    return changed


def _edit(document: object, edit: Edit) -> object:
    """The kustomization with its paths edited. Go's decoder ignores the case of keys."""
    if not isinstance(document, dict):
        return document
    return {
        key: _edit_value(value, edit, key.lower()) if key.lower() in _FIELDS else value
        for key, value in document.items()
    }


def _edit_value(value: Any, edit: Edit, field: str) -> Any:
    if isinstance(value, list):
        return [_edit_value(entry, edit, field) for entry in value]
    if isinstance(value, dict):
        return {key: _edit_value(entry, edit, key.lower()) for key, entry in value.items()}
    if not isinstance(value, str) or "\n" in value:
        return value
    if field == _WITH_KEY:
        key, equals, path = value.rpartition("=")
        return f"{key}{equals}{edit(path)}"
    return edit(value) if field in _PATHS else value

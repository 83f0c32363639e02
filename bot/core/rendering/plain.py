"""Reads an application's manifests from plain YAML and JSON files, like `kubectl apply --recursive`."""

from collections.abc import Iterable
from posixpath import basename, normpath
from typing import Final

from bot.core.objects.documents import ManifestError, NodeBudget, refuse_lfs_pointer
from bot.core.objects.manifest import Manifest, read_manifests
from bot.i18n.catalogue import manifest as texts
from bot.i18n.language import LocalizedText, join_texts

_MAX_ERRORS: Final = 10  # of one directory
_SUFFIXES = (".yaml", ".yml", ".json")
_SKIP_MARKER = b"+argocd:skip-file-rendering"
_MANIFEST_MARKERS = (b"apiVersion:", b"kind:", b"metadata:")
_JSONNET = ".jsonnet"  # the extension that Argo CD evaluates; .libsonnet files are imported

# Files next to these are the input of a generator, not manifests to compare.
_GENERATORS = {
    "kustomization.yaml": "Kustomize",
    "kustomization.yml": "Kustomize",
    "Kustomization": "Kustomize",
    "Chart.yaml": "Helm",
}


def render_plain(
    files: Iterable[tuple[str, bytes]], root: str = "", *, hidden: bool = False, skip_other_yaml: bool = False
) -> list[Manifest]:
    """The manifests in (path, content) pairs, ordered by path; `root` is the application's path.

    Without `hidden`, hidden files and directories below the root (`.github`) are skipped. Raises ManifestError, with
    file and line, for every invalid manifest and for the input of Kustomize, Helm and Jsonnet. With `skip_other_yaml`,
    files are skipped as in Argo CD, including the input of Kustomize and Helm.
    """
    base = normpath(root.strip("/") or ".")
    read = sorted((path, content) for path, content in files if hidden or not _is_hidden(path, base))
    for path, content in read:
        if path.endswith(_JSONNET) and not (skip_other_yaml and _SKIP_MARKER in content):
            raise ManifestError(path, 1, LocalizedText(texts.JSONNET))
        generator = _GENERATORS.get(basename(path))
        if generator is not None and not skip_other_yaml:
            raise ManifestError(path, 1, LocalizedText(texts.GENERATOR, generator=generator))
    read_file = _read_objects if skip_other_yaml else read_manifests
    budget = NodeBudget()
    manifests: list[Manifest] = []
    errors: list[ManifestError] = []
    for path, content in read:
        if path.endswith(_SUFFIXES) and len(errors) < _MAX_ERRORS:
            try:
                manifests += read_file(path, content, budget)
            except ManifestError as error:
                manifests.clear()
                # Without the traceback, which would keep the file's content in memory.
                errors.append(ManifestError(error.file, error.line, error.problem))
                if error.problem == LocalizedText(texts.TOO_MANY_NODES):
                    break
    if errors:
        first, *others = errors
        raise ManifestError(
            first.file, first.line, join_texts(texts.AND_MORE, [first.problem, *(other.text for other in others)])
        )
    return manifests


def _read_objects(path: str, content: bytes, budget: NodeBudget) -> list[Manifest]:
    """The manifests in a file; none if Argo CD takes it for something else. Raises ManifestError.

    https://argo-cd.readthedocs.io/en/stable/user-guide/directory/ and its reposerver (getObjsFromYAMLOrJSON).
    """
    if _SKIP_MARKER in content:
        return []
    refuse_lfs_pointer(path, content)
    try:
        return read_manifests(path, content, budget)
    except ManifestError:
        if path.endswith(".json") or all(marker in content for marker in _MANIFEST_MARKERS):
            raise
        return []


def is_input_file(name: str) -> bool:
    """Whether a file with this name can affect the result of `render_plain`."""
    return name.endswith((*_SUFFIXES, _JSONNET)) or name in _GENERATORS


def _is_hidden(path: str, base: str) -> bool:
    return path != base and "/." in f"/{path.removeprefix(f'{base}/')}"

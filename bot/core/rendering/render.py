"""From the files of an application to its manifests: every YAML and JSON file below its path, as kubectl -R reads."""

from collections.abc import Iterable
from posixpath import basename, normpath

from bot.core.objects.manifest import Manifest, ManifestError, read_manifests
from bot.i18n.catalogue import manifest as texts
from bot.i18n.language import LocalizedText

_SUFFIXES = (".yaml", ".yml", ".json")
_JSONNET = ".jsonnet"  # what Argo CD evaluates; a .libsonnet is only imported

# Files that say the directory is the input of a generator: comparing what stands there would be nonsense.
_GENERATORS = {
    "kustomization.yaml": "Kustomize",
    "kustomization.yml": "Kustomize",
    "Kustomization": "Kustomize",
    "Chart.yaml": "Helm",
}


def render_directory(files: Iterable[tuple[str, bytes]], root: str = "") -> list[Manifest]:
    """The manifests in (path, content) pairs, in the order of their paths; `root` is the application's own path.

    Hidden files and folders (`.github`) below the root hold none. ManifestError, naming file and line, for what is no
    manifest and for the sources of Kustomize, Helm and Jsonnet.
    """
    base = normpath(root.strip("/") or ".")
    visible = sorted((path, content) for path, content in files if not _hidden(path, base))
    for path, _ in visible:
        if path.endswith(_JSONNET):
            raise ManifestError(path, 1, LocalizedText(texts.JSONNET))
        generator = _GENERATORS.get(basename(path))
        if generator is not None:
            raise ManifestError(path, 1, LocalizedText(texts.GENERATOR, generator=generator))
    return [
        manifest for path, content in visible if path.endswith(_SUFFIXES) for manifest in read_manifests(path, content)
    ]


def is_input_file(name: str) -> bool:
    """Whether `render` looks at a file of that name at all."""
    return name.endswith((*_SUFFIXES, _JSONNET)) or name in _GENERATORS


def _hidden(path: str, base: str) -> bool:
    return path != base and "/." in f"/{path.removeprefix(f'{base}/')}"

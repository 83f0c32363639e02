"""Finds the files that a kustomization refers to, and refuses the ones that Kustomize would download.

Kustomize tries the entries of `resources` and similar fields as files, then as URLs of files, then as git repositories
(kustomize, api/internal/target and api/internal/git/repospec.go). Here each must be in the repository, so there is
nothing left to download. What files inside the kustomization's own root contain is left to Kustomize.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.core.objects.manifest import ManifestError, read_documents
from bot.core.objects.resource import Object, text
from bot.core.rendering.source import CHART_FILE, KUSTOMIZATION_FILES, is_within, resolve_path
from bot.i18n.catalogue import manifest as texts
from bot.i18n.language import LocalizedText

# Fields whose entries may be directories with kustomizations of their own, also outside the root.
_ROOTS: Final = ("resources", "bases", "components", "generators", "transformers", "validators")
_INLINE: Final = ("generators", "transformers", "validators")  # an entry may be the object itself
_FILES: Final = ("crds", "configurations", "patchesStrategicMerge")
_WITH_PATH: Final = ("patches", "patchesJson6902", "replacements")
_GENERATORS: Final = ("configMapGenerator", "secretGenerator")

_MAX_LINE_SEARCHES: Final = 1_000  # per file; each reads the file, and the line number is only a courtesy

_URL: Final = re.compile(r"\s*https?:", re.IGNORECASE)
# Whatever Kustomize may take for a repository's URL, even where a directory of that name exists.
_REMOTE: Final = re.compile(r"[:?@]|\.git(/|$)|(^|/)_git/|^(www\.)?github\.com(/|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reference:
    """A path from the repository's root, and the `file` and `line` that refer to it. `optional` ones may be missing."""

    path: str
    file: str
    line: int
    optional: bool = False

    def missing_error(self) -> ManifestError:
        """The error to raise if the path doesn't exist."""
        return ManifestError(self.file, self.line, LocalizedText(texts.MISSING, path=self.path))


@dataclass(frozen=True, slots=True)
class References:
    """What the kustomizations below one root need from `outside` of it, and whether they need Helm."""

    outside: tuple[Reference, ...] = ()
    uses_helm: bool = False


def find_references(files: Mapping[str, bytes], root: str) -> References:
    """Follow the kustomizations reachable from `root` within it; `files` is the content of each file there, by path.

    ManifestError for what would have to be downloaded, is outside the repository, or is missing.
    """
    directories = {directory for path in files for directory in _parents(path)}
    outside: dict[str, Reference] = {}
    uses_helm = False
    visited, queue = {root}, [root]
    while queue:
        directory = queue.pop()
        candidates = (posixpath.join(directory, name) for name in KUSTOMIZATION_FILES)
        file = next((path for path in candidates if path in files), None)
        if file is None:
            continue
        for _, document in read_documents(file, files[file]):
            if not isinstance(document, dict):
                continue
            kustomization = _Kustomization(file, files[file], document)
            kustomization.refuse_urls()
            uses_helm = uses_helm or kustomization.uses_helm
            for reference in (*kustomization.roots(), *kustomization.chart_homes(files)):
                if not is_within(reference.path, root):
                    outside.setdefault(reference.path, reference)
                elif reference.path in directories:
                    queue += {reference.path} - visited
                    visited.add(reference.path)
                elif reference.path not in files:
                    raise reference.missing_error()
    return References(tuple(outside.values()), uses_helm)


def redact_url(url: str) -> str:
    """A URL to show: on one line, without its user and password, at most 200 characters."""
    redacted = re.sub(r"//[^/@\s]+@", "//***@", url)
    return "".join(character for character in redacted if character.isprintable())[:200]


def _parents(path: str) -> Iterator[str]:
    while path:
        path = posixpath.dirname(path)
        yield path


class _Kustomization:
    """One kustomization file."""

    def __init__(self, file: str, content: bytes, document: Mapping[str, Any]) -> None:
        self._file = file
        self._directory = posixpath.dirname(file)
        self._content = content.decode(errors="replace")
        # Go's decoder ignores the case of keys.
        self._fields = [(key.lower(), value) for key, value in document.items()]
        self._line_searches = 0
        self.uses_helm = bool(self._mappings("helmCharts") or self._mappings("helmChartInflationGenerator"))

    def roots(self) -> Iterator[Reference]:
        """The entries that may be directories, or outside the root."""
        for field in _ROOTS:
            for entry in self._strings(field):
                if field in _INLINE and "\n" in entry.strip():
                    continue
                if _REMOTE.search(entry):
                    raise self._remote_error(field, entry)
                yield self._reference(entry, LocalizedText(texts.ENTRY))

    def chart_homes(self, files: Mapping[str, bytes]) -> Iterator[Reference]:
        """The directories with the charts of `helmCharts`; ManifestError for a chart that would be downloaded."""
        homes = [text(options, "chartHome") for options in self._values("helmGlobals") if isinstance(options, dict)]
        reference = self._reference(next(filter(None, homes), "charts"), LocalizedText(texts.CHART_HOME))
        for chart in self._mappings("helmCharts"):
            name, version, repo = text(chart, "name"), text(chart, "version"), text(chart, "repo")
            if not (text(chart, "releaseName") or text(chart, "nameTemplate")):
                raise self._error(name, LocalizedText(texts.NO_RELEASE_NAME, name=name))
            # Where Kustomize looks before it downloads: absChartHome in its HelmChartInflationGenerator.
            directory = posixpath.join(f"{name}-{version}", name) if version and repo else name
            path = posixpath.join(reference.path, directory, CHART_FILE)
            if is_within(path, self._directory) and path not in files:
                origin = LocalizedText(texts.FROM, repository=redact_url(repo)) if repo else ""
                remedy = LocalizedText(texts.COMMIT_CHART, path=posixpath.dirname(path))
                raise self._error(name, LocalizedText(texts.FETCHED_CHART, name=name, origin=origin, remedy=remedy))
            yield reference

    def refuse_urls(self) -> None:
        """ManifestError for a file that Kustomize would download over HTTP."""
        for field, path in self._file_paths():
            if _URL.match(path):
                raise self._remote_error(field, path)

    def _file_paths(self) -> Iterator[tuple[str, str]]:
        for field in _FILES:
            yield from ((field, path) for path in self._strings(field))
        for field in _WITH_PATH:
            yield from ((field, text(entry, "path")) for entry in self._mappings(field))
        for field in _GENERATORS:
            for entry in self._mappings(field):
                files = (file.partition("=")[2] or file for file in _strings(entry.get("files")))
                yield from ((field, path) for path in (*files, *_strings(entry.get("envs")), text(entry, "env")))
        yield from (("openapi", text(entry, "path")) for entry in self._values("openapi") if isinstance(entry, dict))
        for chart in self._mappings("helmCharts"):
            values_files = (text(chart, "valuesFile"), *_strings(chart.get("additionalValuesFiles")))
            yield from (("helmCharts", path) for path in values_files)

    def _values(self, field: str) -> list[Any]:
        return [value for key, value in self._fields if key == field.lower()]

    def _strings(self, field: str) -> list[str]:
        return [entry for value in self._values(field) for entry in _strings(value)]

    def _mappings(self, field: str) -> list[Object]:
        lists = (value for value in self._values(field) if isinstance(value, list))
        return [entry for value in lists for entry in value if isinstance(entry, dict)]

    def _reference(self, entry: str, what: LocalizedText) -> Reference:
        path = resolve_path(self._directory, entry)
        if path is None:
            raise self._error(entry, LocalizedText(texts.OUTSIDE, what=what, path=repr(entry[:100])))
        return Reference(path, self._file, self._line(entry))

    def _remote_error(self, field: str, entry: str) -> ManifestError:
        return self._error(entry, LocalizedText(texts.REMOTE, field=field, what=redact_url(entry)))

    def _error(self, entry: str, message: LocalizedText) -> ManifestError:
        return ManifestError(self._file, self._line(entry), message)

    def _line(self, entry: str) -> int:
        self._line_searches += 1
        position = self._content.find(entry) if entry and self._line_searches <= _MAX_LINE_SEARCHES else -1
        return self._content.count("\n", 0, position) + 1 if position > 0 else 1


def _strings(value: object) -> Sequence[str]:
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []

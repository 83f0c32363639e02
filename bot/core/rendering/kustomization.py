"""Finds the files and bases that a kustomization refers to, and refuses what Kustomize would otherwise download.

Kustomize tries the entries of `resources` and similar fields as files, then as URLs of files, then as git repositories
(kustomize, api/internal/target and api/internal/git/repospec.go). Here each must be in the repository, or be a base or
file that is fetched first and referred to by path, so that Kustomize downloads nothing. The same applies to charts. The
content of other files is left to Kustomize, which may need to be isolated for that.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.core.objects.documents import ManifestError, NodeBudget, read_documents
from bot.core.objects.resource import text
from bot.core.rendering.budget import Budget, BudgetExceededError
from bot.core.rendering.limits import MAX_DEPENDENCIES, MAX_REMOTE_BASES, MAX_REMOTE_FILES
from bot.core.rendering.remote_base import RemoteBase
from bot.core.rendering.remote_chart import RemoteChart
from bot.core.rendering.remote_file import RemoteFile
from bot.core.rendering.source import CHART_FILE, KUSTOMIZATION_FILES, is_within, parents_of, resolve_path
from bot.core.rendering.yaml_json import write_documents
from bot.core.sanitize import redact_url
from bot.i18n.catalogue import manifest as texts
from bot.i18n.language import LocalizedText, Phrase

# Fields whose entries may be directories with their own kustomizations, including ones outside the root.
_ROOTS: Final = ("resources", "bases", "components", "generators", "transformers", "validators")
_BASES: Final = ("resources", "bases", "components")  # fields whose entries may be in another repository
_REMOTE_FILES: Final = ("resources", "bases")  # fields whose entries may be the URL of a file
_INLINE: Final = ("generators", "transformers", "validators")  # fields whose entries may be the object itself
_FILES: Final = ("crds", "configurations")
_WITH_PATH: Final = ("patches", "patchesJson6902", "replacements")
_ORIGINS: Final = frozenset({"originAnnotations", "transformerAnnotations"})  # of `buildMetadata`
_GENERATORS: Final = ("configMapGenerator", "secretGenerator")

# Its configuration can set Helm's options and plugin directory.
_HELM_GENERATOR: Final = "HelmChartInflationGenerator"

_MAX_LINE_SEARCHES: Final = 1_000  # per file: each one reads the file, and line numbers are optional

_URL: Final = re.compile(r"\s*https?:", re.IGNORECASE)
# Whatever Kustomize may take for a repository's URL, even if a directory of that name exists. No URL begins with a dot,
# so after one, a colon is part of a name.
_REMOTE: Final = re.compile(r"[?@]|\.git(/|$)|(^|/)_git/|^(www\.)?github\.com(/|$)|^(?!\.\.?/)[^:]*:", re.IGNORECASE)


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
class BaseReference:
    """A remote base or file, and the `entry` of a `field` that refers to it, at the `line` of a `file`."""

    base: RemoteBase | RemoteFile
    entry: str
    field: str
    file: str
    line: int

    def error(self, phrase: Phrase) -> ManifestError:
        """The error to raise if the base can't be used."""
        values = {
            "field": self.field,
            "what": redact_url(self.entry),
            "location": self.base.location,
            "most": str(MAX_REMOTE_BASES if isinstance(self.base, RemoteBase) else MAX_REMOTE_FILES),
        }
        return ManifestError(self.file, self.line, LocalizedText(phrase, **values))


@dataclass(frozen=True, slots=True)
class References:
    """What the kustomizations below one root need: paths `outside` of it, `bases` and `charts`.

    `charts` that exist at their path are not fetched. `uses_helm` is whether there are any charts, `names_origins`
    whether objects are annotated with the files that they come from, and `uses_plugins` whether there are generators,
    transformers or validators. Kustomize runs only built-in ones, but their configuration can itself be generated, so
    it isn't known in advance what they refer to.
    """

    outside: tuple[Reference, ...] = ()
    bases: tuple[BaseReference, ...] = ()
    charts: tuple[RemoteChart, ...] = ()
    names_origins: bool = False
    uses_helm: bool = False
    uses_plugins: bool = False


class ReadFiles:
    """What has been read of one source's files, each once, since each path outside may have others below it again."""

    def __init__(self) -> None:
        self.budget = NodeBudget()
        self.charts = Budget(MAX_DEPENDENCIES)
        self.kustomizations: dict[str, References] = {}  # `outside` has all paths that the file names
        self.without_generators: set[str] = set()
        self.directories: set[str] = set()
        self._files: set[str] = set()

    def add_directories(self, files: Mapping[str, bytes]) -> None:
        """Add the directories that have one of the files below them."""
        new = files.keys() - self._files
        self.directories |= parents_of(new)
        self._files |= new


def find_references(files: Mapping[str, bytes], root: str, read: ReadFiles) -> References:
    """Follow the kustomizations reachable from `root` within it; `files` is the content of each file there, by path.

    Raises ManifestError for anything that would have to be downloaded, is outside the repository or is missing, and for
    anything that passes options or configuration to Helm.
    """
    read.add_directories(files)
    outside: dict[str, Reference] = {}
    bases: list[BaseReference] = []
    charts: list[RemoteChart] = []
    names_origins = uses_helm = uses_plugins = False
    visited, queue = {root}, [root]
    while queue:
        directory = queue.pop()
        candidates = (posixpath.join(directory, name) for name in KUSTOMIZATION_FILES)
        file = next((path for path in candidates if path in files), None)
        if file is None:
            continue
        if file not in read.kustomizations:
            read.kustomizations[file] = _references_of(file, files, read)
        named = read.kustomizations[file]
        uses_helm = uses_helm or named.uses_helm
        uses_plugins = uses_plugins or named.uses_plugins
        bases += named.bases
        names_origins = names_origins or named.names_origins
        charts += named.charts
        for reference in named.outside:
            if not is_within(reference.path, root):
                outside.setdefault(reference.path, reference)
            elif reference.path in read.directories:
                queue += {reference.path} - visited
                visited.add(reference.path)
            elif reference.path not in files and not reference.optional:
                raise reference.missing_error()
    if uses_plugins:
        _refuse_helm_generators(files, read)
    return References(tuple(outside.values()), tuple(bases), tuple(charts), names_origins, uses_helm, uses_plugins)


def _references_of(file: str, files: Mapping[str, bytes], read: ReadFiles) -> References:
    """What one kustomization names itself."""
    named: dict[tuple[str, bool], Reference] = {}
    bases: list[BaseReference] = []
    charts: list[RemoteChart] = []
    names_origins = uses_helm = uses_plugins = False
    for _, document in read_documents(file, files[file], read.budget):
        if not isinstance(document, dict):
            continue
        kustomization = _Kustomization(file, files[file], document, read.budget)
        kustomization.check_files(files)
        kustomization.refuse_helm_options()
        kustomization.count_charts(read.charts)
        uses_helm = uses_helm or kustomization.uses_helm
        uses_plugins = uses_plugins or kustomization.uses_plugins
        bases += kustomization.bases()
        names_origins = names_origins or kustomization.names_origins
        charts += kustomization.remote_charts()
        for reference in (*kustomization.roots(), *kustomization.chart_homes(files)):
            named.setdefault((reference.path, reference.optional), reference)
    return References(tuple(named.values()), tuple(bases), tuple(charts), names_origins, uses_helm, uses_plugins)


def with_base_paths(file: str, content: bytes, bases: Iterable[BaseReference], budget: NodeBudget) -> bytes:
    """The kustomization with the paths of its mounted bases in place of their URLs."""
    directory = posixpath.dirname(file) or "."
    paths = {base.entry: posixpath.relpath(base.base.mount, directory) for base in bases}

    def replaced(key: str, value: object) -> object:
        if key.casefold() not in _BASES or not isinstance(value, list):
            return value
        return [paths.get(entry, entry) if isinstance(entry, str) else entry for entry in value]

    documents = [
        {key: replaced(key, value) for key, value in document.items()} if isinstance(document, dict) else document
        for _, document in read_documents(file, content, budget)
    ]
    return write_documents(documents)


def _remote(field: str, entry: str) -> RemoteBase | RemoteFile | None:
    """The remote base or file that an entry refers to; None if it is of another kind."""
    base = RemoteBase.parse(entry) if field in _BASES else None
    return base or (RemoteFile.parse(entry) if field in _REMOTE_FILES else None)


def _refuse_helm_generators(files: Mapping[str, bytes], read: ReadFiles) -> None:
    for file in files.keys() - read.without_generators:
        if _HELM_GENERATOR.encode() in files[file] and file.endswith((".yaml", ".yml", ".json")):
            for line, document in read_documents(file, files[file], read.budget):
                if isinstance(document, dict) and document.get("kind") == _HELM_GENERATOR:
                    raise ManifestError(file, line, LocalizedText(texts.HELM_GENERATOR))
    read.without_generators |= files.keys()


class _Fields:
    """A mapping whose keys are read as Go's decoder does, with Unicode case folding."""

    def __init__(self, mapping: Mapping[str, Any]) -> None:
        self._pairs = [(key.casefold(), value) for key, value in mapping.items()]

    def values(self, field: str) -> list[Any]:
        """Every possible value of the field: which one counts depends on the version of the decoder."""
        return [value for key, value in self._pairs if key == field.casefold()]

    def texts(self, field: str) -> list[str]:
        """The values that are strings, without empty ones."""
        return [value for value in self.values(field) if isinstance(value, str) and value]

    def text(self, field: str) -> str:
        """The first of the strings; "" if there is none."""
        return next(iter(self.texts(field)), "")

    def strings(self, field: str) -> list[str]:
        """The strings in lists."""
        return [entry for entry in self._entries(field) if isinstance(entry, str)]

    def mappings(self, field: str) -> list["_Fields"]:
        """The mappings in lists, and the values that are mappings."""
        return [_Fields(entry) for entry in (*self.values(field), *self._entries(field)) if isinstance(entry, dict)]

    def strings_below(self, *, without: str) -> Iterator[str]:
        """Every string at any depth, except below the field `without`."""
        stack = [value for key, value in self._pairs if key != without.casefold()]
        while stack:
            value = stack.pop()
            if isinstance(value, str):
                yield value
            elif isinstance(value, list | dict):
                stack += value if isinstance(value, list) else value.values()

    def _entries(self, field: str) -> list[Any]:
        return [entry for value in self.values(field) if isinstance(value, list) for entry in value]


class _Kustomization:
    """One kustomization file."""

    def __init__(self, file: str, content: bytes, document: Mapping[str, Any], budget: NodeBudget) -> None:
        self._file = file
        self._budget = budget
        self._directory = posixpath.dirname(file)
        self._content = content.decode(errors="replace")
        self._fields = _Fields(document)
        self._charts = self._fields.mappings("helmCharts")
        self._line_searches = 0
        self.names_origins = not _ORIGINS.isdisjoint(self._fields.strings("buildMetadata"))
        self.uses_helm = bool(self._charts)
        self.uses_plugins = any(self._fields.strings(field) for field in _INLINE)

    def roots(self) -> Iterator[Reference]:
        """The entries that may be directories, or outside the root."""
        for field in _ROOTS:
            for entry in self._fields.strings(field):
                if field in _INLINE and "\n" in entry.strip():
                    self._check_inline(entry)
                    continue
                if _REMOTE.search(entry):
                    if _remote(field, entry) is None:
                        raise self._remote_error(field, entry)
                    continue
                yield self._reference(entry, LocalizedText(texts.ENTRY))

    def bases(self) -> Iterator[BaseReference]:
        """The entries in other repositories and the URLs of files."""
        for field in _BASES:
            for entry in self._fields.strings(field):
                base = _remote(field, entry) if _REMOTE.search(entry) else None
                if base is not None:
                    yield BaseReference(base, entry, field, self._file, self._line(entry))

    def count_charts(self, budget: Budget) -> None:
        """Count the charts of `helmCharts` if they may be in several directories, for each. Raises ManifestError."""
        homes = len(self._homes())
        try:
            budget.take(len(self._charts) * homes if homes > 1 else 0)
        except BudgetExceededError as error:
            message = LocalizedText(texts.TOO_MANY_CHARTS, most=str(MAX_DEPENDENCIES))
            raise self._error("helmCharts", message) from error

    def chart_homes(self, files: Mapping[str, bytes]) -> Iterator[Reference]:
        """The directories with the charts of `helmCharts`. Raises ManifestError for a chart that can't be found.

        A directory is optional if all charts in it can be fetched.
        """
        for home in self._homes():
            for entry in self._charts:
                chart = self._chart(entry, home.path)
                path = posixpath.join(chart.path, CHART_FILE)
                if not chart.repository and is_within(path, self._directory) and path not in files:
                    raise chart.not_fetchable(texts.COMMIT_CHART)
                yield replace(home, optional=bool(chart.repository))

    def remote_charts(self) -> Iterator[RemoteChart]:
        """The charts of `helmCharts` to fetch unless they exist at their path."""
        charts = (self._chart(entry, home.path) for home in self._homes() for entry in self._charts)
        return (chart for chart in charts if chart.repository)

    def _homes(self) -> list[Reference]:
        homes = [home for options in self._fields.mappings("helmGlobals") for home in options.texts("chartHome")]
        return [self._reference(home, LocalizedText(texts.CHART_HOME)) for home in homes or ["charts"]]

    def _chart(self, entry: _Fields, home: str) -> RemoteChart:
        """The chart of an entry, at the path where Kustomize looks for it before it downloads. Raises ManifestError."""
        name, version, repository = entry.text("name"), entry.text("version"), entry.text("repo")
        if not (entry.text("releaseName") or entry.text("nameTemplate")):
            raise self._error(name, LocalizedText(texts.NO_RELEASE_NAME, name=name))
        # absChartHome in Kustomize's HelmChartInflationGenerator
        directory = posixpath.join(f"{name}-{version}", name) if version and repository else name
        path = resolve_path(home, directory)
        if path is None or not is_within(path, home) or path == home:
            raise self._error(
                name, LocalizedText(texts.OUTSIDE, what=LocalizedText(texts.CHART), path=repr(name[:100]))
            )
        digest = entry.text("digest").removeprefix("sha256:")
        return RemoteChart(name, repository, version, path, self._file, self._line(name), digest)

    def refuse_helm_options(self) -> None:
        """Raise ManifestError for anything that Kustomize would pass to Helm as an option or plugin directory."""
        if self._fields.values("helmChartInflationGenerator"):
            raise self._error("helmChartInflationGenerator", LocalizedText(texts.OLD_HELM_FIELD))
        for settings in (*self._fields.mappings("helmGlobals"), *self._charts):
            if settings.values("configHome"):
                raise self._error("configHome", LocalizedText(texts.CONFIG_HOME))
            for value in settings.strings_below(without="valuesInline"):
                if value.lstrip().startswith("-"):
                    raise self._error(value, LocalizedText(texts.HELM_OPTION))

    def check_files(self, files: Mapping[str, bytes]) -> None:
        """Raise ManifestError for a file that Kustomize would download over HTTP, and for a missing file."""
        for field, entry in self._file_paths():
            if _URL.match(entry):
                raise self._remote_error(field, entry)
            path = resolve_path(self._directory, entry)
            if path is not None and is_within(path, self._directory) and path not in files:
                raise Reference(path, self._file, self._line(entry)).missing_error()
        for entry in self._fields.strings("patchesStrategicMerge"):  # files, or the patches themselves
            if _URL.match(entry):
                raise self._remote_error("patchesStrategicMerge", entry)

    def _file_paths(self) -> Iterator[tuple[str, str]]:
        for field in _FILES:
            yield from ((field, path) for path in self._fields.strings(field))
        for field in (*_WITH_PATH, "openapi"):
            yield from ((field, path) for entry in self._fields.mappings(field) for path in entry.texts("path"))
        for field in _GENERATORS:
            for entry in self._fields.mappings(field):
                files = (file.partition("=")[2] or file for file in entry.strings("files"))
                yield from ((field, path) for path in (*files, *entry.strings("envs"), *entry.texts("env")))
        for chart in self._charts:
            values_files = (*chart.texts("valuesFile"), *chart.strings("additionalValuesFiles"))
            yield from (("helmCharts", path) for path in values_files)

    def _check_inline(self, entry: str) -> None:
        """Raise ManifestError for an inline entry that isn't an object: Kustomize would take it for a path or URL."""
        line = self._line(entry)
        for _, document in read_documents(self._file, entry.encode(errors="replace"), self._budget):
            if document is None:
                continue
            if not isinstance(document, dict) or not (text(document, "apiVersion") and text(document, "kind")):
                raise ManifestError(self._file, line, LocalizedText(texts.NO_INLINE))
            if document["kind"] == _HELM_GENERATOR:
                raise ManifestError(self._file, line, LocalizedText(texts.HELM_GENERATOR))

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

"""What a kustomization refers to, found before Kustomize runs: what lies in the repository, and what would be fetched.

Kustomize takes the entries of `resources` and its like for files first, for URLs of files next, and for git
repositories last (kustomize, api/internal/target and api/internal/git/repospec.go). Here each must be in the
repository, so nothing is left for it to fetch. What files inside its own root hold is Kustomize's business.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.core.objects.manifest import ManifestError, read_documents
from bot.core.rendering.source import CHART_FILE, KUSTOMIZATION_FILES, is_within, resolve_path
from bot.i18n.catalogue import manifest as texts
from bot.i18n.language import LocalizedText

# Entries that may be directories, with kustomizations of their own, and may lie outside the root.
_ROOTS: Final = ("resources", "bases", "components", "generators", "transformers", "validators")
_INLINE: Final = ("generators", "transformers", "validators")  # an entry may be the object itself
_FILES: Final = ("crds", "configurations", "patchesStrategicMerge")
_WITH_PATH: Final = ("patches", "patchesJson6902", "replacements")
_GENERATORS: Final = ("configMapGenerator", "secretGenerator")

_LINES_SOUGHT: Final = 1_000  # of one file; looking costs its length, and the line is a courtesy

_URL: Final = re.compile(r"\s*https?:", re.IGNORECASE)
# Whatever Kustomize could take for the address of a repository, though a directory of that name be there.
_REMOTE: Final = re.compile(r"[:?@]|\.git(/|$)|(^|/)_git/|^(www\.)?github\.com(/|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reference:
    """A path from the repository's root, and the `file` and `line` that name it; `optional`: it need not be there."""

    path: str
    file: str
    line: int
    optional: bool = False

    def missing_error(self) -> ManifestError:
        """What to say when it is not there."""
        return ManifestError(
            self.file,
            self.line,
            LocalizedText(texts.MISSING, path=self.path),
        )


@dataclass(frozen=True, slots=True)
class References:
    """What the kustomizations of one tree need beside it, and whether they need Helm."""

    outside: tuple[Reference, ...] = ()
    uses_helm: bool = False


def find_references(files: Mapping[str, bytes], root: str) -> References:
    """Follow the kustomizations that can be reached from `root` inside its own tree, whose files are given by path.

    ManifestError for what would have to be fetched, leads out of the repository, or is not there.
    """
    folders = {folder for path in files for folder in _parents(path)}
    outside: dict[str, Reference] = {}
    helm = False
    seen, todo = {root}, [root]
    while todo:
        folder = todo.pop()
        names = (posixpath.join(folder, name) for name in KUSTOMIZATION_FILES)
        file = next((name for name in names if name in files), None)
        if file is None:
            continue
        for document in _documents(file, files[file]):
            kustomization = _Kustomization(file, files[file], document)
            kustomization.refuse_urls()
            helm = helm or kustomization.charts
            for found in (*kustomization.roots(), *kustomization.chart_homes(files)):
                if not is_within(found.path, root):
                    outside.setdefault(found.path, found)
                elif found.path in folders:
                    todo += {found.path} - seen
                    seen.add(found.path)
                elif found.path not in files:
                    raise found.missing_error()
    return References(tuple(outside.values()), helm)


def _documents(file: str, content: bytes) -> list[Mapping[str, Any]]:
    """The mappings of a kustomization file."""
    return [value for _, value in read_documents(file, content) if isinstance(value, dict)]


def _parents(path: str) -> Iterator[str]:
    while path:
        path = posixpath.dirname(path)
        yield path


class _Kustomization:
    """One kustomization file."""

    def __init__(self, file: str, content: bytes, document: Mapping[str, Any]) -> None:
        self._file = file
        self._folder = posixpath.dirname(file)
        self._text = content.decode(errors="replace")
        # Keys count in any case, as with Go's decoder.
        self._fields = [(key.lower(), value) for key, value in document.items()]
        self._lines_sought = 0
        self.charts = bool(self._mappings("helmCharts") or self._mappings("helmChartInflationGenerator"))

    def roots(self) -> Iterator[Reference]:
        """What may be a directory or lie outside."""
        for field in _ROOTS:
            for entry in self._strings(field):
                if field in _INLINE and "\n" in entry.strip():
                    continue
                if _REMOTE.search(entry):
                    raise self._remote(field, entry)
                yield self._reference(entry)

    def chart_homes(self, files: Mapping[str, bytes]) -> Iterator[Reference]:
        """The folders that hold the charts of `helmCharts`; ManifestError for a chart that would have to be fetched."""
        homes = [_text(each.get("chartHome")) for each in self._values("helmGlobals") if isinstance(each, dict)]
        reference = self._reference(next(filter(None, homes), "charts"), home=True)
        for chart in self._mappings("helmCharts"):
            name, version, repo = (_text(chart.get(key)) for key in ("name", "version", "repo"))
            if not (_text(chart.get("releaseName")) or _text(chart.get("nameTemplate"))):
                raise ManifestError(
                    self._file,
                    self._line(name),
                    LocalizedText(texts.NO_RELEASE_NAME, name=name),
                )
            # Where Kustomize looks before it pulls: absChartHome in its HelmChartInflationGenerator.
            place = posixpath.join(f"{name}-{version}", name) if version and repo else name
            path = posixpath.join(reference.path, place, CHART_FILE)
            if is_within(path, self._folder) and path not in files:
                origin = LocalizedText(texts.FROM, repository=redact_url(repo)) if repo else ""
                remedy = LocalizedText(texts.COMMIT_CHART, path=posixpath.dirname(path))
                raise ManifestError(
                    self._file,
                    self._line(name),
                    LocalizedText(texts.FETCHED_CHART, name=name, origin=origin, remedy=remedy),
                )
            yield reference

    def refuse_urls(self) -> None:
        """ManifestError for a file that Kustomize would get over HTTP."""
        for field, entry in self._paths():
            if _URL.match(entry):
                raise self._remote(field, entry)

    def _paths(self) -> Iterator[tuple[str, str]]:
        for field in _FILES:
            yield from ((field, entry) for entry in self._strings(field))
        for field in _WITH_PATH:
            yield from ((field, _text(entry.get("path"))) for entry in self._mappings(field))
        for field in _GENERATORS:
            for entry in self._mappings(field):
                keyed = _strings(entry.get("files"))
                yield from ((field, file.partition("=")[2] or file) for file in keyed)
                yield from ((field, file) for file in (*_strings(entry.get("envs")), _text(entry.get("env"))))
        yield from (("openapi", _text(each.get("path"))) for each in self._values("openapi") if isinstance(each, dict))
        for chart in self._mappings("helmCharts"):
            files = (_text(chart.get("valuesFile")), *_strings(chart.get("additionalValuesFiles")))
            yield from (("helmCharts", file) for file in files)

    def _values(self, field: str) -> list[Any]:
        return [value for key, value in self._fields if key == field.lower()]

    def _strings(self, field: str) -> list[str]:
        return [entry for value in self._values(field) for entry in _strings(value)]

    def _mappings(self, field: str) -> list[Mapping[str, Any]]:
        lists = (value for value in self._values(field) if isinstance(value, list))
        return [entry for value in lists for entry in value if isinstance(entry, dict)]

    def _reference(self, entry: str, *, home: bool = False) -> Reference:
        path = resolve_path(self._folder, entry)
        if path is None:
            what = LocalizedText(texts.CHART_HOME if home else texts.ENTRY)
            raise ManifestError(
                self._file, self._line(entry), LocalizedText(texts.OUTSIDE, what=what, path=repr(entry[:100]))
            )
        return Reference(path, self._file, self._line(entry))

    def _remote(self, field: str, entry: str) -> ManifestError:
        return ManifestError(
            self._file,
            self._line(entry),
            LocalizedText(texts.REMOTE, field=field, what=redact_url(entry)),
        )

    def _line(self, entry: str) -> int:
        self._lines_sought += 1
        at = self._text.find(entry) if entry and self._lines_sought <= _LINES_SOUGHT else -1
        return self._text.count("\n", 0, at) + 1 if at > 0 else 1


def _strings(value: object) -> Sequence[str]:
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def redact_url(url: str) -> str:
    """A URL to show: without the user and password in it, and in one line."""
    shown = re.sub(r"//[^/@\s]+@", "//***@", url)
    return "".join(letter for letter in shown if letter.isprintable())[:200]

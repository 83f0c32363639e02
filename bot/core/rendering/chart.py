"""Finds what a Helm chart needs from outside its directory, and whether its templates are deterministic."""

import json
import posixpath
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.core.globs import GlobError, PathGlob
from bot.core.objects.documents import ManifestError, NodeBudget, read_documents
from bot.core.objects.resource import Object, items, text
from bot.core.rendering.budget import Budget, BudgetExceededError
from bot.core.rendering.chart_lock import is_out_of_sync
from bot.core.rendering.kustomization import Reference
from bot.core.rendering.limits import MAX_DEPENDENCIES, MAX_MATCHED
from bot.core.rendering.remote_chart import RemoteChart
from bot.core.rendering.source import CHART_FILE, HelmParameters, is_within, resolve_path
from bot.i18n.catalogue import manifest as texts
from bot.i18n.language import LocalizedText

# Template functions whose results depend on more than their arguments: the clock, random values, generated keys.
# https://helm.sh/docs/chart_template_guide/function_list/
_NONDETERMINISTIC: Final = re.compile(
    rb"\b(now|ago|date|dateInZone|htmlDate|htmlDateInZone|rand\w+|shuffle|uuidv4|gen\w*(?:CA|Cert|Key)\w*|buildCustomCert"
    rb"|bcrypt|htpasswd|encryptAES)\b"
)
# `keys` and `values`, which return a random order, with what follows unless the result is sorted or counted at once.
_RANDOM_ORDER: Final = re.compile(
    rb"\b(?:keys|values)\b(?P<arguments>\s++(?=[.$(])[^|(){}]{0,100}+(?:\([^(){}]{0,100}+\)[^|(){}]{0,100}+){0,2}+)?+"
    rb"(?!\)?\s*+\|\s*+(?:sortAlpha|len)\b)"
)
_CALLED: Final = re.compile(rb"(?:\{\{-?|(?<!sortAlpha )(?<!len )\(|=|\b(?:range|if|with))\Z")
_BEFORE: Final = 40  # characters before such a word that show whether it's a function
# Go returns two keys in the same order seven times out of eight, and five keys at most half of the time.
_ORDER_RENDERINGS: Final = 4
_SCHEMA_REFERENCES: Final = ("$ref", "$dynamicRef", "$recursiveRef", "$schema")
# A part of the schema itself, or a draft, which Helm has.
_LOCAL_REFERENCES: Final = ("#", "http://json-schema.org/", "https://json-schema.org/")
_VERSION: Final = re.compile(r"v?\d.*\.tgz")
_GLOB_FROM: Final = re.compile(r"(?:^|/)[^/]*[*?\[].*")  # from the first part of a path that is a glob


@dataclass(frozen=True, slots=True)
class ChartDependencies:
    """What a chart needs. All paths are from the repository's root.

    `outside` are the paths outside the chart's directory, `values_files` its values files or globs for them, in order,
    and `set_file` the files of parameters. `local_charts` are the paths of `file://` dependencies, by name. They go
    into the chart's charts/ directory, as do `remote_charts` once fetched, in the versions of the lock file if there is
    one.
    """

    outside: tuple[Reference, ...]
    values_files: tuple[str, ...]
    set_file: tuple[tuple[str, str], ...]
    local_charts: Mapping[str, str]
    remote_charts: tuple[RemoteChart, ...]


def find_dependencies(
    files: Mapping[str, bytes], root: str, parameters: HelmParameters, budget: NodeBudget | None = None
) -> ChartDependencies:
    """The dependencies and values files of the chart at `root`; `files` is the content of each file below it, by path.

    Raises ManifestError for a path outside the repository, or for too many dependencies.
    """
    chart_file = posixpath.join(root, CHART_FILE)
    if chart_file not in files:
        raise ManifestError(chart_file, 1, LocalizedText(texts.NO_CHART))
    outside: list[Reference] = []
    local_charts: dict[str, str] = {}
    remote_charts: list[RemoteChart] = []
    vendored = _vendored(files, root, budget)
    for file, lock_file in _lock_files(root):
        locked = _dependencies(lock_file, files.get(lock_file, b""), budget)
        for number, dependency in enumerate(_dependencies(file, files.get(file, b""), budget)):
            name, repository = text(dependency, "name"), text(dependency, "repository")
            if name in vendored or any(_is_archive(file_name, name) for file_name in vendored):
                continue
            line = _line(files[file], name)
            if not repository.startswith("file://"):
                # Helm writes a lock file in the order of the dependencies.
                lock_entry = locked[number] if number < len(locked) else {}
                version = text(lock_entry if text(lock_entry, "name") == name else dependency, "version")
                place = posixpath.join(root, "charts", f"{name}-{number}")
                remote_charts.append(RemoteChart(name, repository, version, place, file, line))
                continue
            path = _resolve(root, repository.removeprefix("file://"), file, line)
            local_charts[name] = path
            outside.append(Reference(path, file, line))
    values_files = tuple(_values_file(root, path) for path in parameters.values_files)
    set_file = tuple((name, _values_file(root, path)) for name, path in parameters.set_file)
    ignored = set(values_files)
    for path in (*values_files, *(path for _, path in set_file)):
        optional = parameters.ignore_missing_values_files and path in ignored
        base = _GLOB_FROM.sub("", path)
        reference = Reference(base, path, 1, optional=optional or base != path)
        if base != path and is_within(base, root):
            continue
        if not is_within(base, root):
            outside.append(reference)
        elif path not in files and not reference.optional:
            raise reference.missing_error()
    return ChartDependencies(tuple(outside), values_files, set_file, local_charts, tuple(remote_charts))


def verify_lock(files: Mapping[str, bytes], root: str, budget: NodeBudget) -> None:
    """Raise ManifestError if the lock file of the chart at `root` doesn't match the declared dependencies."""
    for file, lock_file in _lock_files(root):
        declared, locked = (_dependencies(name, files.get(name, b""), budget) for name in (file, lock_file))
        for lock in _mappings(lock_file, files.get(lock_file, b""), budget):
            if is_out_of_sync(text(lock, "digest"), declared, locked):
                raise ManifestError(lock_file, 1, LocalizedText(texts.LOCK_OUT_OF_SYNC))


def expand_values_files(needed: Sequence[str], paths: Collection[str], *, ignore_missing: bool) -> tuple[str, ...]:
    """The needed values files among `paths`, with globs expanded, each once. Raises ManifestError.

    As in Argo CD, a file that is also listed by name keeps that position.
    """
    listed = {path for path in needed if not _GLOB_FROM.search(path)}
    globs = _path_globs(set(needed) - listed, paths)
    available = sorted(path.split("/") for path in paths)
    expanded: dict[str, None] = {}
    for path in dict.fromkeys(needed):
        if path in listed:
            expanded |= {path: None} if path in paths else {}
            continue
        matches = ["/".join(names) for names in available if globs[path].matches(names)]
        if not matches and not ignore_missing:
            raise ManifestError(path, 1, LocalizedText(texts.NO_MATCH))
        expanded |= dict.fromkeys(match for match in matches if match not in listed)
    return tuple(expanded)


def _path_globs(patterns: Iterable[str], paths: Collection[str]) -> dict[str, PathGlob]:
    """The compiled patterns. Raises ManifestError if one is too complex, or there are too many for these paths."""
    budget = Budget(MAX_MATCHED)
    globs: dict[str, PathGlob] = {}
    characters = sum(map(len, paths))
    for pattern in patterns:
        try:
            globs[pattern] = PathGlob(pattern, budget.take)
            budget.take(globs[pattern].cost(characters, len(paths)))
        except GlobError as error:
            raise ManifestError(pattern, 1, error.text) from error
        except BudgetExceededError as error:
            raise ManifestError(pattern, 1, LocalizedText(texts.TOO_MANY_PATTERNS)) from error
    return globs


def renderings_to_compare(files: Iterable[tuple[str, bytes]]) -> int:
    """How many renderings it takes to find what differs: 1 if no template varies, and none is inside an archive."""
    renderings = 1
    for path, content in files:
        is_template = b"{{" in content
        if is_template and _has_random_order(content):
            return _ORDER_RENDERINGS
        if path.endswith(".tgz") or (is_template and _NONDETERMINISTIC.search(content)):
            renderings = 2
    return renderings


def _has_random_order(template: bytes) -> bool:
    for match in _RANDOM_ORDER.finditer(template):
        before = template[max(0, match.start() - _BEFORE) : match.start()].rstrip()
        if before.endswith(b"|") or (match["arguments"] and _CALLED.search(before)):
            return True
    return False


def is_remote_schema(path: str, content: bytes) -> bool:
    """Whether this is a schema of a chart's values that may refer to a file or URL, which Helm would read."""
    if posixpath.basename(path) != "values.schema.json":
        return False
    try:
        values = [json.loads(content, parse_int=str)]
    except (ValueError, RecursionError):  # Helm may read it differently
        return True
    while values:
        value = values.pop()
        if isinstance(value, dict):
            references = [value[key] for key in _SCHEMA_REFERENCES if isinstance(value.get(key), str)]
            if not all(reference.startswith(_LOCAL_REFERENCES) for reference in references):
                return True
            values += value.values()
        elif isinstance(value, list):
            values += value
    return False


def _vendored(files: Mapping[str, bytes], root: str, budget: NodeBudget | None) -> set[str]:
    """The names of the charts and archives in charts/."""
    charts = posixpath.join(root, "charts")
    names = set()
    for path, content in files.items():
        directory, name = posixpath.split(path)
        if directory == charts and name.endswith(".tgz"):
            names.add(name)
        elif name == CHART_FILE and posixpath.dirname(directory) == charts:
            names |= {text(chart, "name") for chart in _mappings(path, content, budget)}
    return names


def _is_archive(file_name: str, chart: str) -> bool:
    return file_name.startswith(f"{chart}-") and _VERSION.match(file_name, len(chart) + 1) is not None


def _lock_files(root: str) -> Iterator[tuple[str, str]]:
    """The files that may declare dependencies, each with its lock file."""
    for names in ((CHART_FILE, "Chart.lock"), ("requirements.yaml", "requirements.lock")):
        file, lock_file = (posixpath.join(root, name) for name in names)
        yield file, lock_file


def _dependencies(file: str, content: bytes, budget: NodeBudget | None) -> list[Object]:
    entries = [entry for chart in _mappings(file, content, budget) for entry in items(chart, "dependencies")]
    if len(entries) > MAX_DEPENDENCIES:
        raise ManifestError(file, 1, LocalizedText(texts.TOO_MANY_DEPENDENCIES, most=str(MAX_DEPENDENCIES)))
    return [entry for entry in entries if isinstance(entry, dict)]


def _mappings(file: str, content: bytes, budget: NodeBudget | None) -> list[Object]:
    return [value for _, value in read_documents(file, content, budget) if isinstance(value, dict)]


def _values_file(root: str, path: str) -> str:
    directory, path = ("", path.lstrip("/")) if path.startswith("/") else (root, path)
    return _resolve(directory, path, posixpath.join(root, CHART_FILE), 1)


def _resolve(directory: str, path: str, file: str, line: int) -> str:
    resolved = resolve_path(directory, path)
    if resolved is None:
        what = LocalizedText(texts.PATH)
        raise ManifestError(file, line, LocalizedText(texts.OUTSIDE, what=what, path=repr(path[:100])))
    return resolved


def _line(content: bytes, word: str) -> int:
    position = content.find(word.encode()) if word else -1
    return content.count(b"\n", 0, position) + 1 if position > 0 else 1

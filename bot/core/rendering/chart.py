"""What a Helm chart needs beside itself, found before Helm runs, and whether its templates can differ each time."""

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.core.objects.manifest import ManifestError, read_documents
from bot.core.rendering.kustomization import Reference, redact_url
from bot.core.rendering.source import CHART_FILE, HelmParameters, is_within, resolve_path
from bot.i18n.catalogue import manifest as texts
from bot.i18n.language import LocalizedText

# Functions of Helm's templates whose results are not decided by their arguments (helm.sh/docs/chart_template_guide and
# Sprig): the clock, chance, and keys and salts made by chance.
_VARYING: Final = re.compile(
    rb"\b(now|ago|date|dateInZone|htmlDate|htmlDateInZone|rand\w+|shuffle|uuidv4|gen\w*(?:CA|Cert|Key)\w*|buildCustomCert"
    rb"|bcrypt|htpasswd|encryptAES)\b"
)


@dataclass(frozen=True, slots=True)
class ChartDependencies:
    """What a chart needs: `outside` its folder, `values` files in order, `local` charts by the names it has for them.

    Everything is a path from the repository's root. A local chart goes to the chart's folder `charts`.
    """

    outside: tuple[Reference, ...]
    values_files: tuple[str, ...]
    local_charts: Mapping[str, str]


def find_dependencies(files: Mapping[str, bytes], root: str, parameters: HelmParameters) -> ChartDependencies:
    """Look for all dependencies and values files; `files` are those below `root`, by path.

    ManifestError for a dependency that would have to be fetched, and for what leads out of the repository.
    """
    file = posixpath.join(root, CHART_FILE)
    if file not in files:
        raise ManifestError(file, 1, LocalizedText(texts.NO_CHART))
    outside: list[Reference] = []
    local: dict[str, str] = {}
    vendored = _vendored(files, root)
    for declared_in in (file, posixpath.join(root, "requirements.yaml")):
        for dependency in _dependencies(declared_in, files.get(declared_in, b"")):
            name, repository = (_text(dependency.get(key)) for key in ("name", "repository"))
            if name in vendored or any(archive.startswith(f"{name}-") for archive in vendored):
                continue
            line = _line(files[declared_in], name)
            if not repository.startswith("file://"):
                origin = LocalizedText(texts.FROM, repository=redact_url(repository)) if repository else ""
                remedy = LocalizedText(texts.COMMIT_CHARTS)
                raise ManifestError(
                    declared_in,
                    line,
                    LocalizedText(texts.FETCHED_CHART, name=name, origin=origin, remedy=remedy),
                )
            path = _inside(root, repository.removeprefix("file://"), declared_in, line)
            local[name] = path
            outside.append(Reference(path, declared_in, line))
    values = tuple(_values(root, each) for each in parameters.values_files)
    for path in values:
        reference = Reference(path, path, 1, optional=parameters.ignore_missing_values_files)
        if not is_within(path, root):
            outside.append(reference)
        elif path not in files and not parameters.ignore_missing_values_files:
            raise reference.missing_error()
    return ChartDependencies(tuple(outside), values, local)


def is_nondeterministic(files: Iterable[tuple[str, bytes]]) -> bool:
    """Whether what comes out may differ each time: a template uses chance or the clock, or cannot be looked into."""
    return any(
        path.endswith(".tgz") or (b"{{" in content and _VARYING.search(content) is not None) for path, content in files
    )


def _vendored(files: Mapping[str, bytes], root: str) -> set[str]:
    """The names of the charts that lie in charts/, and the names of archives there."""
    home = posixpath.join(root, "charts")
    found = set()
    for path, content in files.items():
        folder, name = posixpath.split(path)
        if folder == home and name.endswith(".tgz"):
            found.add(name)
        elif name == CHART_FILE and posixpath.dirname(folder) == home:
            found |= {_text(value.get("name")) for _, value in read_documents(path, content) if isinstance(value, dict)}
    return found


def _dependencies(file: str, content: bytes) -> list[Mapping[str, Any]]:
    lists = (value.get("dependencies") for _, value in read_documents(file, content) if isinstance(value, dict))
    return [each for several in lists if isinstance(several, list) for each in several if isinstance(each, dict)]


def _values(root: str, path: str) -> str:
    folder, path = ("", path.lstrip("/")) if path.startswith("/") else (root, path)
    return _inside(folder, path, posixpath.join(root, CHART_FILE), 1)


def _inside(folder: str, path: str, file: str, line: int) -> str:
    meant = resolve_path(folder, path)
    if meant is None:
        raise ManifestError(
            file, line, LocalizedText(texts.OUTSIDE, what=LocalizedText(texts.PATH), path=repr(path[:100]))
        )
    return meant


def _line(content: bytes, word: str) -> int:
    at = content.find(word.encode()) if word else -1
    return content.count(b"\n", 0, at) + 1 if at > 0 else 1


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""

"""Reads the index of a Helm repository, and resolves versions as Helm does.

https://helm.sh/docs/topics/chart_repository/#the-index-file
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from bot.core.charts.bounds import MAX_ENTRY_BYTES
from bot.core.git.semver import Version, VersionRange
from bot.core.objects.documents import ManifestError, read_documents
from bot.core.objects.resource import Object, items, mapping, text
from bot.i18n.catalogue import chart as texts
from bot.i18n.language import LocalizedText

_INDEX: Final = "index.yaml"
_ENTRIES: Final = re.compile(rb"^entries: *\n", re.MULTILINE)
_KEY: Final = re.compile(rb"^(?:  )?[^\s-]", re.MULTILINE)  # of another chart, or after the charts
_DIGEST: Final = re.compile(r"(?:sha256:)?([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One version of a chart: where its package is, and the package's SHA-256, "" if the index doesn't have it."""

    version: str
    url: str
    digest: str
    created: str = ""


def read_entries(index: bytes, name: str) -> list[IndexEntry]:
    """The versions of a chart that an index lists. Raises ManifestError if the index is invalid or too large.

    Only the part about the chart is parsed, since indexes have up to 50 MB.
    """
    part = _part(index, name)
    if len(part) > MAX_ENTRY_BYTES:
        problem = LocalizedText(texts.LARGE_ENTRY, most=str(MAX_ENTRY_BYTES >> 20), chart=name)
        raise ManifestError(_INDEX, 1, problem)
    documents = [value for _, value in read_documents(_INDEX, part) if isinstance(value, dict)]
    entries = mapping(documents[0], "entries") if documents else {}
    return [_entry(entry) for entry in items(entries, name) if isinstance(entry, Mapping)]


def resolve_version(versions: Iterable[str], wanted: str) -> str | None:
    """The version that Helm installs: the `wanted` one, else the highest in the range; None if there is none.

    For "" and `*`, the highest that is not a pre-release.
    """
    versions = list(versions)
    if wanted in versions:
        return wanted
    allowed = VersionRange.parse(wanted or "*")
    return allowed.highest(versions) if allowed else None


def is_exact(version: str) -> bool:
    """Whether this is one version with all three numbers, and not a range."""
    return Version.parse(version) is not None and version.partition("-")[0].count(".") == 2


def _part(index: bytes, name: str) -> bytes:
    """The `entries` of one chart, if the index is formatted as Helm writes it; else the whole index."""
    entries = _ENTRIES.search(index)
    keys = (f"\n  {name}:\n".encode(), f'\n  "{name}":\n'.encode())
    begin = max(index.find(key, entries.end() - 1) for key in keys) if entries else -1
    if begin < 0:
        return index
    end = _KEY.search(index, index.index(b":\n", begin) + 2)
    return b"entries:" + index[begin : end.start() if end else None]


def _entry(entry: Object) -> IndexEntry:
    urls = [url for url in items(entry, "urls") if isinstance(url, str)]
    digest = _DIGEST.fullmatch(text(entry, "digest"))
    return IndexEntry(
        str(entry.get("version") or ""), urls[0] if urls else "", digest[1] if digest else "", text(entry, "created")
    )

"""Packages in a Helm repository: an index.yaml and archives, over HTTP."""

import threading
import time
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from cachetools import LRUCache

from bot.adapters.downloads.http import DownloadError, HttpClient, LastingDownloadError, Response, joined, status_error
from bot.core.charts import bounds
from bot.core.charts.index import IndexEntry, read_entries, resolve_version
from bot.core.charts.reference import OCI, ChartRef
from bot.core.objects.documents import ManifestError
from bot.i18n.catalogue import chart as texts
from bot.i18n.language import LocalizedText
from bot.ports.tenant import CURRENT_TENANT

# Many charts of a repository are fetched together, and its index may have 50 MB.
_FRESH_SECONDS: Final = 300.0
_RETRY_SECONDS: Final = 60.0  # if the index lacks a version, which may be newer
_MAX_LOCKS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Package:
    """A chart's archive in a repository: its URL, and its SHA-256, "" if unknown."""

    version: str
    url: str
    digest: str


@dataclass(frozen=True, slots=True)
class HelmRepositories:
    """Every Helm repository that charts come from. Thread-safe."""

    http: HttpClient
    _indexes: LRUCache[str, tuple[float, bytes]] = field(
        default_factory=lambda: LRUCache(bounds.MAX_INDEX_BYTES, getsizeof=lambda kept: len(kept[1])), repr=False
    )
    _caching: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _reading: LRUCache[str, threading.Lock] = field(default_factory=lambda: LRUCache(_MAX_LOCKS), repr=False)
    _parsing: LRUCache[str, threading.Lock] = field(default_factory=lambda: LRUCache(_MAX_LOCKS), repr=False)

    def locate(self, chart: ChartRef) -> Package:
        """The package of a chart, in the version that Helm would install. Raises DownloadError."""
        entries: list[IndexEntry] = []
        index = b""
        for most_seconds in (_FRESH_SECONDS, _RETRY_SECONDS):
            last, index = index, self._index(chart.repository, most_seconds)
            if index is last:
                break
            entries = self._entries(index, chart.name)
            version = resolve_version((entry.version for entry in entries), chart.version)
            if entry := next((entry for entry in entries if entry.version == version), None):
                return Package(entry.version, self._address(chart, entry), entry.digest)
        phrase = texts.NO_VERSION if entries else texts.NO_CHART
        raise LastingDownloadError(LocalizedText(phrase, version=chart.version or "*"))

    def download(self, package: Package, repository: str) -> bytes:
        """The bytes of a repository's package, not verified yet. Raises DownloadError."""
        return checked(self.http.get(package.url, bounds.MAX_ARCHIVE_BYTES, referrer=repository), repository).body

    def _entries(self, index: bytes, name: str) -> list[IndexEntry]:
        """The versions of a chart. Parsing the largest entries takes seconds, so each tenant waits for its own."""
        with self._caching:
            parsing = self._parsing.setdefault(CURRENT_TENANT.get(), threading.Lock())
        try:
            with parsing:
                return read_entries(index, name)
        except ManifestError as error:
            raise DownloadError(LocalizedText(texts.BAD_INDEX, why=error.problem)) from error

    def _index(self, repository: str, most_seconds: float) -> bytes:
        """The index, read at most so long ago. Raises DownloadError."""
        if index := self._cached(repository, most_seconds):
            return index
        with self._caching:
            reading = self._reading.setdefault(repository, threading.Lock())
        with reading:  # so that only one thread reads an index that several need
            if index := self._cached(repository, most_seconds):
                return index
            index = checked(self.http.get(f"{repository}/index.yaml", bounds.MAX_INDEX_BYTES), repository).body
            with self._caching:
                self._indexes[repository] = time.monotonic(), index
            return index

    def _cached(self, repository: str, most_seconds: float) -> bytes:
        with self._caching:
            at, index = self._indexes.get(repository, (0.0, b""))
        return index if time.monotonic() - at <= most_seconds else b""

    def _address(self, chart: ChartRef, entry: IndexEntry) -> str:
        url = joined(f"{chart.repository}/", entry.url)
        if not entry.url or urlsplit(url).scheme not in ("http", "https", OCI):
            raise DownloadError(LocalizedText(texts.NO_URL, version=entry.version))
        return url if url.startswith(f"{OCI}://") else self.http.referred(chart.repository, url)


def checked(response: Response, repository: str = "") -> Response:
    """The response, unless it is an error; `repository` is the URL that led to it. Raises DownloadError."""
    if response.status in (401, 403):
        host = urlsplit(response.url).netloc
        is_elsewhere = repository and host.lower() != urlsplit(repository).netloc
        phrase = texts.UNAUTHORIZED_ELSEWHERE if is_elsewhere else texts.UNAUTHORIZED
        raise DownloadError(LocalizedText(phrase, host=host[:100]))
    if response.status != 200:
        raise status_error(response.status, LocalizedText(texts.STATUS, status=str(response.status)))
    return response

"""`ports.Charts`: fetches packages, or takes them from the cache, and verifies them before anything reads them."""

import fnmatch
import threading
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

from cachetools import LRUCache

from bot.adapters.charts.helm_repository import HelmRepositories
from bot.adapters.charts.registry import Registries
from bot.adapters.downloads.background import BackgroundFetches, FetchPendingError
from bot.adapters.downloads.cache import DownloadCache
from bot.adapters.downloads.http import DownloadError, HttpClient, LastingDownloadError
from bot.core.charts.archive import ArchiveError, unpack, unpacked_bytes
from bot.core.charts.index import is_exact
from bot.core.charts.reference import OCI, ChartRef
from bot.i18n.catalogue import chart as texts
from bot.i18n.catalogue import download as download_texts
from bot.i18n.language import LocalizedText
from bot.ports.charts import ChartError, FetchedChart, LastingChartError, NotCachedError

_Read = TypeVar("_Read")
_VERSION_LINE: Final = b"version:"
_ADDED_DIGITS: Final = 12  # of a digest in a version, as in helm-controller's extractDigestSubString
_HELD_BYTES: Final = 32 * 2**20  # of the files of packages in memory


class ChartFetcher:
    """`ports.Charts`, cached in a folder. `allow` are hosts, with `*` as a wildcard; None allows discovered ones.

    A cached package is used only for the chart and with the credential that it was fetched with. Otherwise whoever
    knows the digest of a private one could get it by naming the digest in an index or manifest.
    """

    def __init__(
        self,
        folder: Path,
        allow: Sequence[str] | None,
        credentials: Mapping[str, str],
        fetches: BackgroundFetches | None = None,
    ) -> None:
        self._cache = DownloadCache(folder)
        self._allow = allow
        self._discovered: Mapping[Hashable, frozenset[str]] = {}  # by source; replaced, since threads read it
        self._http = HttpClient(credentials, self._refusal)
        self._fetches = fetches or BackgroundFetches(threading.TIMEOUT_MAX)
        self._helm, self._oci = HelmRepositories(self._http), Registries(self._http)
        self._unpacked: LRUCache[str, Mapping[str, bytes]] = LRUCache(
            _HELD_BYTES, lambda files: sum(map(len, files.values()))
        )
        self._caching = threading.Lock()  # cachetools' caches are not thread-safe

    def allow_discovered(self, source: Hashable, hosts: Iterable[str]) -> None:
        self._discovered = {**self._discovered, source: frozenset(host.lower() for host in hosts)}

    def is_allowed(self, host: str) -> bool:
        forms = {host.lower(), (urlsplit(f"//{host}").hostname or host).lower()}
        if self._allow is None:
            return not all(hosts.isdisjoint(forms) for hosts in self._discovered.values())
        patterns = [pattern.lower().replace("[", "[[]") for pattern in self._allow]  # of IPv6 addresses
        return any(fnmatch.fnmatchcase(form, pattern) for pattern in patterns for form in forms)

    def fetch(self, chart: ChartRef) -> FetchedChart:
        if not self.is_allowed(chart.host):
            raise self._not_allowed(chart)
        key = chart.ref.key
        if (chart.digest or is_exact(chart.version)) and (cached := self._cached(chart)):
            return cached
        try:
            fetched = self._fetches.result(chart.host, key, partial(self._fetch_and_keep, chart))
        except FetchPendingError as error:
            text = LocalizedText(download_texts.PENDING, host=chart.host, what=chart.title)
            raise ChartError(text) from error
        if isinstance(fetched, ChartError):
            raise type(fetched)(fetched.text)
        return fetched

    def files(self, chart: ChartRef, revision: str) -> Mapping[str, bytes]:
        with self._caching:
            files = self._unpacked.get(revision)
        if files is None:
            files = self._read(chart, revision, unpack)
            with self._caching, suppress(ValueError):  # it is too large for the cache
                self._unpacked[revision] = files
        manifest = self._cache.alias(self._manifest_name(chart, revision)) if chart.is_artifact else ""
        if not manifest:
            return files
        return {**files, "Chart.yaml": _with_metadata(files["Chart.yaml"], manifest[:_ADDED_DIGITS])}

    def size(self, chart: ChartRef, revision: str) -> int:
        return self._read(chart, revision, unpacked_bytes)

    def _read(self, chart: ChartRef, revision: str, read: Callable[[bytes], _Read]) -> _Read:
        package = self._cache.read(revision)
        if package is None:
            raise NotCachedError(LocalizedText(texts.NOT_CACHED, chart=chart.title))
        try:
            return read(package)
        except ArchiveError as error:
            raise self._failed(chart, error) from error

    def _refusal(self, url: str) -> LocalizedText | None:
        """Why a server may not refer to a URL; None if it may.

        Without TLS, only allowed hosts may be named, so that a server can't lead the bot to a service in the cluster.
        """
        there = urlsplit(url)
        host = there.netloc.rpartition("@")[2]
        if there.scheme == "https" or (there.scheme == "http" and self.is_allowed(host)):
            return None
        return LocalizedText(texts.INSECURE_REDIRECT, host=(host or there.scheme)[:100])

    def _cached(self, chart: ChartRef) -> FetchedChart | None:
        """The last package that was fetched for a chart."""
        version, _, digest = self._cache.alias(self._name(chart)).partition(" ")
        return FetchedChart(version, digest) if digest and self._cache.read(digest) is not None else None

    def _has(self, chart: ChartRef, digest: str) -> bool:
        """Whether the last package that was fetched for a chart has this digest."""
        cached = self._cached(chart)
        return cached is not None and cached.digest == digest

    def _name(self, chart: ChartRef) -> str:
        """The name of a chart in the cache, which hashes names."""
        return f"{chart.ref.key} {self._http.credentials.get(chart.host, '')}"

    def _manifest_name(self, chart: ChartRef, revision: str) -> str:
        return f"manifest of {revision} {self._name(chart)}"

    def _fetch_and_keep(self, chart: ChartRef) -> FetchedChart | ChartError:
        try:
            fetched, manifest = self._fetch(chart)
            self._cache.set_alias(self._name(chart), f"{fetched.version} {fetched.digest}")
            if manifest:
                self._cache.set_alias(self._manifest_name(chart, fetched.revision), manifest)
        except (DownloadError, ArchiveError) as error:
            return self._failed(chart, error)
        except ChartError as error:
            return type(error)(error.text)
        return fetched

    def _fetch(self, chart: ChartRef) -> tuple[FetchedChart, str]:
        """Fetch a package into the cache. Returns it, and the digest of its manifest, "" if it has none."""
        if chart.is_oci:
            return self._fetch_layer(chart, chart)
        package = self._helm.locate(chart)
        if package.url.startswith(f"{OCI}://"):  # with the tag, as in Bitnami's index
            url, _, tag = package.url.rpartition(":")
            linked = ChartRef.parse(url, "", tag.replace("_", "+"))
            if linked is None:
                raise DownloadError(LocalizedText(texts.NO_URL, version=package.version))
            if not self.is_allowed(linked.host):
                raise self._not_allowed(linked)
            return self._fetch_layer(chart, linked)
        if package.digest and self._has(chart, package.digest):
            return FetchedChart(package.version, package.digest), ""
        content = self._helm.download(package, chart.repository)
        return FetchedChart(package.version, self._keep(content, package.digest)), ""

    def _fetch_layer(self, chart: ChartRef, linked: ChartRef) -> tuple[FetchedChart, str]:
        """Fetch a chart from a registry: the chart itself, or the one that its Helm repository links to."""
        layer = self._oci.locate(linked)
        if not self._has(chart, layer.digest):
            self._keep(self._oci.download(linked, layer), layer.digest)
        return FetchedChart(layer.version, layer.digest), layer.manifest

    def _keep(self, package: bytes, digest: str) -> str:
        """Cache a package if it has the digest ("" for any) and can be unpacked. Raises DownloadError, ArchiveError."""
        if digest and sha256(package).hexdigest() != digest:
            raise DownloadError(LocalizedText(texts.DIGEST, digest=digest[:12]))
        unpack(package)
        return self._cache.write(package)

    def _not_allowed(self, chart: ChartRef) -> ChartError:
        # Hosts that are still to be discovered will be allowed.
        kind = DownloadError if self._allow is None else LastingDownloadError
        return self._failed(chart, kind(LocalizedText(texts.NOT_ALLOWED)))

    @staticmethod
    def _failed(chart: ChartRef, error: DownloadError | ArchiveError) -> ChartError:
        why = error.text
        if isinstance(error, ArchiveError):
            why = LocalizedText(texts.BAD_PACKAGE, why=why)
        kind = LastingChartError if isinstance(error, LastingDownloadError | ArchiveError) else ChartError
        return kind(LocalizedText(texts.FAILED, chart=chart.title, host=chart.host, why=why))


def _with_metadata(chart_file: bytes, metadata: str) -> bytes:
    """Chart.yaml with this build metadata in the chart's version."""
    lines = chart_file.splitlines(keepends=True)
    for index, line in enumerate(lines):
        if line.startswith(_VERSION_LINE):
            version = line.removeprefix(_VERSION_LINE).split(b"#")[0].strip().strip(b"\"'").partition(b"+")[0]
            lines[index] = _VERSION_LINE + b' "' + version + b"+" + metadata.encode() + b'"\n'
    return b"".join(lines)

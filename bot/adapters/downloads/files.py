"""Downloads the files that kustomizations refer to by URL, over HTTPS, from allowed locations, without credentials."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cachetools import LRUCache

from bot.adapters.downloads.background import BackgroundFetches, FetchPendingError
from bot.adapters.downloads.cache import DownloadCache
from bot.adapters.downloads.http import DownloadError, HttpClient, LastingDownloadError, Response, status_error
from bot.core.rendering.limits import MAX_FILE_BYTES
from bot.core.rendering.remote_file import RemoteFile, location_of
from bot.i18n.catalogue import download as texts
from bot.i18n.language import LocalizedText
from bot.ports.bases import LastingBaseError
from bot.ports.git import RepositoryError

_FETCH_EVERY: Final = 60.0  # seconds, for a file that may change, and after a failed download
_MAX_DOWNLOADS: Final = 10_000


@dataclass(frozen=True, slots=True)
class _Download:
    """The latest download from a URL: the digest of its content or the error, and when to download again."""

    digest: str = ""
    etag: str = ""
    error: DownloadError | None = None
    expires: float = 0.0


class FileDownloads:
    """The files at URLs in allowed locations, cached in a folder by digest. Thread-safe."""

    def __init__(self, folder: Path, is_allowed: Callable[[str], bool], fetches: BackgroundFetches) -> None:
        self._is_allowed = is_allowed
        self._cache = DownloadCache(folder)
        self._http = HttpClient({}, self._refusal)
        self._fetches = fetches
        self._downloads: LRUCache[str, _Download] = LRUCache(_MAX_DOWNLOADS)  # by URL
        self._lock = threading.Lock()  # LRUCache is not thread-safe

    def content(self, file: RemoteFile) -> bytes:
        """See Bases. Raises RepositoryError."""
        if file.is_pinned and (pinned := self._cache.read(self._cache.alias(file.url))) is not None:
            return pinned
        download = self._latest(file)
        content = self._cache.read(download.digest)
        if download.expires <= time.monotonic() or (content is None and download.error is None):
            host = file.location.partition("/")[0]
            try:
                download = self._fetches.result(host, file, partial(self._download, file))
            except FetchPendingError as error:
                raise RepositoryError(LocalizedText(texts.PENDING, host=host, what=file.title)) from error
            content = self._cache.read(download.digest)
        if content is None:
            why = download.error.text if download.error else LocalizedText(texts.NOT_KEPT)
            kind = LastingBaseError if isinstance(download.error, LastingDownloadError) else RepositoryError
            raise kind(LocalizedText(texts.FAILED, url=file.title, why=why))
        return content

    def _latest(self, file: RemoteFile) -> _Download:
        with self._lock:
            return self._downloads.get(file.url, _Download())

    def _download(self, file: RemoteFile) -> _Download:
        """What is at the URL now."""
        latest = self._latest(file)
        etag = latest.etag if self._cache.read(latest.digest) is not None else ""
        expires = time.monotonic() + _FETCH_EVERY
        try:
            response = self._get(file.url, etag)
            if response.status == 304:
                latest = replace(latest, expires=expires)
            else:
                digest = self._cache.write(response.body)
                self._cache.set_alias(file.url, digest)
                latest = _Download(digest, response.headers.get("etag", ""), expires=expires)
        except DownloadError as error:
            latest = _Download(error=type(error)(error.text), expires=expires)  # its traceback has the response
        with self._lock:
            self._downloads[file.url] = latest
        return latest

    def _get(self, url: str, etag: str) -> Response:
        """A response with content, or with status 304 if the content still has this ETag. Raises DownloadError."""
        if refusal := self._refusal(url):
            raise DownloadError(refusal)
        response = self._http.get(url, MAX_FILE_BYTES, headers={"if-none-match": etag} if etag else {})
        if response.status in (401, 403):
            raise DownloadError(LocalizedText(texts.UNAUTHORIZED))
        if response.status != 200 and not (etag and response.status == 304):
            raise status_error(response.status, LocalizedText(texts.STATUS, status=str(response.status)))
        return response

    def _refusal(self, url: str) -> LocalizedText | None:
        """Why a URL may not be downloaded; None if it may."""
        location = location_of(url)
        if location is not None and self._is_allowed(location):
            return None
        host = urlsplit(url).netloc.rpartition("@")[2]
        return LocalizedText(texts.HOST_NOT_ALLOWED, host=host[:100])

"""Downloads the files that kustomizations refer to by URL, over HTTPS, from allowed locations, without credentials."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from bot.adapters.downloads.cache import DownloadCache
from bot.adapters.downloads.http import DownloadError, HttpClient, Response
from bot.core.rendering.limits import MAX_FILE_BYTES
from bot.core.rendering.remote_file import RemoteFile, location_of
from bot.i18n.catalogue import download as texts
from bot.i18n.language import LocalizedText
from bot.ports.git import RepositoryError

_FETCH_EVERY: Final = 60.0  # seconds, for a file that may change, and after a failed download


@dataclass(slots=True)
class _Download:
    """The latest download from a URL: the digest of its content or the error, and when to download again."""

    digest: str = ""
    etag: str = ""
    error: DownloadError | None = None
    expires: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


class FileDownloads:
    """The files at URLs in allowed locations, cached in a folder by digest. Thread-safe."""

    def __init__(self, folder: Path, is_allowed: Callable[[str], bool]) -> None:
        self._is_allowed = is_allowed
        self._cache = DownloadCache(folder)
        self._http = HttpClient({}, self._refusal)
        self._downloads: defaultdict[str, _Download] = defaultdict(_Download)  # by URL
        self._lock = threading.Lock()

    def content(self, file: RemoteFile) -> bytes:
        """See Bases. Raises RepositoryError."""
        with self._lock:
            download = self._downloads[file.url]
        with download.lock:
            content = self._cache.read(download.digest)
            if download.expires <= time.monotonic() or (content is None and download.error is None):
                content = self._refresh(file, download, content)
            if content is None:
                why = download.error.text if download.error else ""
                raise RepositoryError(LocalizedText(texts.FAILED, url=file.title, why=why))
            return content

    def _refresh(self, file: RemoteFile, download: _Download, kept: bytes | None) -> bytes | None:
        """The current content at the URL; None if unknown, with the reason in `download`."""
        if file.is_pinned and (pinned := self._cache.read(self._cache.alias(file.url))) is not None:
            return pinned
        download.expires, download.error = time.monotonic() + _FETCH_EVERY, None
        try:
            response = self._get(file.url, download.etag if kept is not None else "")
            if response.status == 304:
                return kept
            download.digest, download.etag = self._cache.write(response.body), response.headers.get("etag", "")
            self._cache.set_alias(file.url, download.digest)
        except DownloadError as error:
            download.digest, download.error = "", DownloadError(error.text)  # its traceback would keep the response
            return None
        return response.body

    def _get(self, url: str, etag: str) -> Response:
        """A response with content, or with status 304 if the content still has this ETag. Raises DownloadError."""
        if refusal := self._refusal(url):
            raise DownloadError(refusal)
        response = self._http.get(url, MAX_FILE_BYTES, headers={"if-none-match": etag} if etag else {})
        if response.status in (401, 403):
            raise DownloadError(LocalizedText(texts.UNAUTHORIZED))
        if response.status != 200 and not (etag and response.status == 304):
            raise DownloadError(LocalizedText(texts.STATUS, status=str(response.status)))
        return response

    def _refusal(self, url: str) -> LocalizedText | None:
        """Why a URL may not be downloaded; None if it may."""
        location = location_of(url)
        if location is not None and self._is_allowed(location):
            return None
        host = urlsplit(url).netloc.rpartition("@")[2]
        return LocalizedText(texts.HOST_NOT_ALLOWED, host=host[:100])

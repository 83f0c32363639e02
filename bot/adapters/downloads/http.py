"""HTTP GET requests for charts and files, with bounds, and with credentials only for their own host."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urljoin, urlsplit

import urllib3
from cachetools import TTLCache
from urllib3.exceptions import HTTPError
from urllib3.util import parse_url

from bot.core.charts import bounds
from bot.http_client import ca_variable, connect_through, deadline, proxy_for, restrict
from bot.i18n.catalogue import chart as texts
from bot.i18n.language import LocalizedError, LocalizedText
from bot.network import ConnectionProblem, connection_failure
from bot.ports.tenant import CURRENT_TENANT

_CHUNK: Final = 2**16
_MAX_OUTAGES: Final = 1_000
_EVERYBODY: Final = "*"  # in place of a tenant
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_GONE: Final = frozenset({404, 410})
_TIMEOUT: Final = urllib3.Timeout(connect=bounds.CONNECT_SECONDS, read=bounds.IDLE_SECONDS)
_RETRY: Final = urllib3.Retry(
    total=2,
    connect=1,
    read=1,
    redirect=0,
    status_forcelist=(502, 503, 504),
    backoff_factor=0.2,
    respect_retry_after_header=False,  # else a server can make a worker sleep for hours, also with 413 and 429
    raise_on_status=False,
)


_Origin = tuple[str, str]  # scheme and host, with the port if the URL has one


class DownloadError(LocalizedError):
    """A download failed. The text completes "Could not fetch …: "."""


class LastingDownloadError(DownloadError):
    """The server has no such content, or it is too large or not allowed; it would fail again."""


@dataclass(frozen=True, slots=True)
class Response:
    """A response from `url`, after redirects. The names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


@dataclass(frozen=True, slots=True)
class HttpClient:
    """Sends GET requests, with the proxies and private CAs of the environment, as git does. Thread-safe.

    `credentials` has the value of the Authorization header by host. `refusal` returns why a URL that another server
    refers to may not be requested; None if it may.
    """

    credentials: Mapping[str, str] = field(repr=False)
    refusal: Callable[[str], LocalizedText | None]
    _pools: dict[str, urllib3.PoolManager] = field(default_factory=dict, repr=False)
    # Servers that didn't respond are not tried again for a while, since many downloads may wait for one: by the server
    # where a download starts, which may have left no time for another, by the one that didn't respond, and by the
    # tenant of a download that was too slow: only some URLs may be. Nobody can connect to a server for one tenant only.
    _outages: TTLCache[tuple[_Origin, _Origin, str], DownloadError] = field(
        default_factory=lambda: TTLCache(_MAX_OUTAGES, bounds.OUTAGE_SECONDS), repr=False
    )
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)  # TTLCache is not thread-safe

    def get(
        self,
        url: str,
        most: int,
        *,
        referrer: str = "",
        headers: Mapping[str, str] | None = None,
        authorization: str | None = None,
    ) -> Response:
        """The response to a GET request, after redirects. Raises DownloadError if it has more than `most` bytes.

        `authorization` replaces the credential of the URL's host. Hosts that another server refers to, with a redirect
        or as the `referrer` of the URL, get no credential, so that a server can't make the bot fetch something that the
        server may not read.
        """
        start, origin = _origin(referrer or url), _origin(url)
        credential = self.credentials.get(start[1], "") if authorization is None else authorization
        try:
            with deadline(bounds.FETCH_SECONDS):
                for _ in range(bounds.MAX_REDIRECTS + 1):
                    origin = _origin(url)
                    self._fail_if_out(start, origin)
                    is_sent = credential and origin == start and _is_private(url)
                    authorized = {"authorization": credential} if is_sent else {}
                    response = self._send(url, most, {**(headers or {}), **authorized})
                    location = response.headers.get("location", "")
                    if response.status not in _REDIRECTS or not location:
                        return response
                    url = self.referred(url, joined(url, location))
        except (HTTPError, OSError, ValueError) as error:  # of an invalid proxy, too
            failure = _explained(origin[1], error)
            tenant = CURRENT_TENANT.get() if _is_timeout(error) else _EVERYBODY
            with self._lock:  # without the traceback, which keeps the response
                self._outages[start, origin, tenant] = DownloadError(failure.text)
            raise failure from error
        raise DownloadError(LocalizedText(texts.REDIRECTS, most=str(bounds.MAX_REDIRECTS)))

    def _fail_if_out(self, start: _Origin, origin: _Origin) -> None:
        with self._lock:
            tenants = (CURRENT_TENANT.get(), _EVERYBODY)
            outage = next(filter(None, (self._outages.get((start, origin, tenant)) for tenant in tenants)), None)
        if outage:
            raise DownloadError(outage.text)

    def referred(self, origin: str, url: str) -> str:
        """The URL that the server at `origin` refers to. Raises DownloadError if it is on another host and refused."""
        reason = None if _origin(url) == _origin(origin) else self.refusal(url)
        if reason:
            raise DownloadError(reason)
        return url

    def _send(self, url: str, most: int, headers: Mapping[str, str]) -> Response:
        response = self._pool(url).request(
            "GET",
            url,
            headers={"user-agent": "gitops-bot", "accept-encoding": "identity", **headers},
            timeout=_TIMEOUT,
            retries=_RETRY,
            redirect=False,
            preload_content=False,
        )
        try:
            body = bytearray()
            while chunk := response.read(_CHUNK, decode_content=False):
                body += chunk
                if len(body) > most:
                    raise LastingDownloadError(LocalizedText(texts.TOO_LARGE, most=str(most >> 20)))
            names = {name.lower(): value for name, value in response.headers.items()}
            return Response(response.status, names, bytes(body), url)
        finally:
            response.close()

    def _pool(self, url: str) -> urllib3.PoolManager:
        """The connections to the proxy for a URL, or to the servers."""
        proxy = proxy_for(url)
        if proxy not in self._pools:
            self._pools[proxy] = connect_through(proxy)
            restrict(self._pools[proxy])
        return self._pools[proxy]


def _is_private(url: str) -> bool:
    """Whether only the server can read a request: it uses TLS, or does not leave this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.hostname or "") in LOOPBACK


def status_error(status: int, text: LocalizedText) -> DownloadError:
    """The error for an unexpected status."""
    return (LastingDownloadError if status in _GONE else DownloadError)(text)


def joined(base: str, reference: str) -> str:
    """The URL that a server at `base` refers to. Raises DownloadError if it is not valid."""
    try:
        return urljoin(base, reference)
    except ValueError as error:
        raise DownloadError(LocalizedText(texts.BAD_URL)) from error


def _origin(url: str) -> _Origin:
    """Raises DownloadError if the URL is not valid, or if urllib3 would read another host in it."""
    try:
        parts = urlsplit(url)
        (parse_url(url).host or "").encode("idna")
    except ValueError as error:  # urllib3's LocationParseError, too
        raise DownloadError(LocalizedText(texts.BAD_URL)) from error
    if "\\" in parts.netloc:  # for urllib3, as for browsers, a backslash ends the host
        raise DownloadError(LocalizedText(texts.BAD_URL))
    return parts.scheme, parts.netloc.lower()


def _is_timeout(error: Exception) -> bool:
    return isinstance(error, TimeoutError | urllib3.exceptions.TimeoutError) or "deadline" in str(error)


def _explained(host: str, error: Exception) -> DownloadError:
    if _is_timeout(error):
        return DownloadError(LocalizedText(texts.TOO_SLOW, host=host[:100], seconds=f"{bounds.FETCH_SECONDS:g}"))
    failure = connection_failure(error)
    is_certificate = failure.problem is ConnectionProblem.CERTIFICATE
    phrase = texts.CERTIFICATE if is_certificate else texts.UNREACHABLE
    return DownloadError(LocalizedText(phrase, host=host[:100], why=failure.detail, variable=ca_variable()))

"""HTTP GET requests for charts and files: bounds on what a server can cost, and credentials only for their own host."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, LocationParseError

from bot.core.charts import bounds
from bot.http_client import connect_through, deadline, proxy_for, restrict
from bot.i18n.catalogue import chart as texts
from bot.i18n.language import LocalizedError, LocalizedText
from bot.network import ConnectionProblem, connection_failure

_CHUNK: Final = 2**16
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_TIMEOUT: Final = urllib3.Timeout(connect=bounds.CONNECT_SECONDS, read=bounds.IDLE_SECONDS)
_RETRY: Final = urllib3.Retry(
    total=2, connect=1, read=1, redirect=0, status_forcelist=(502, 503, 504), backoff_factor=0.2, raise_on_status=False
)


class DownloadError(LocalizedError):
    """A download failed. The text completes "Could not fetch …: "."""


class OutageError(DownloadError):
    """The server does not respond, or not in time: another request now would fail too."""


@dataclass(frozen=True, slots=True)
class Response:
    """A response to a request that did not redirect; the names of `headers` are in lower case. `url` sent it."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


@dataclass(frozen=True, slots=True)
class HttpClient:
    """Sends GET requests, with the proxies and private CAs of the environment, as git does. Any thread may call.

    `credentials` has the value of the Authorization header by host. `refusal` says why a URL may not be requested when
    another server refers to it; None if it may.
    """

    credentials: Mapping[str, str] = field(repr=False)
    refusal: Callable[[str], LocalizedText | None]
    _pools: dict[str, urllib3.PoolManager] = field(default_factory=dict, repr=False)

    def get(
        self, url: str, most: int, *, headers: Mapping[str, str] | None = None, authorization: str | None = None
    ) -> Response:
        """The response to a GET request, after redirects. DownloadError if it has more than `most` bytes.

        `authorization` replaces the host's credential, and is sent to no other host either.
        """
        origin, first = _origin(url), url
        try:
            with deadline(bounds.FETCH_SECONDS):
                for _ in range(bounds.MAX_REDIRECTS + 1):
                    own = authorization if authorization is not None and _origin(url) == origin else None
                    credential = self.credentials.get(urlsplit(url).netloc.lower(), "") if own is None else own
                    response = self._send(url, most, {**(headers or {}), **_authorized(url, first, credential)})
                    location = response.headers.get("location", "")
                    if response.status not in _REDIRECTS or not location:
                        return response
                    url = self.referred(url, urljoin(url, location))
        except (HTTPError, LocationParseError, OSError, ValueError) as error:
            raise _explained(error) from error
        raise DownloadError(LocalizedText(texts.REDIRECTS, most=str(bounds.MAX_REDIRECTS)))

    def referred(self, origin: str, url: str) -> str:
        """The URL that the server at `origin` refers to. DownloadError if it is elsewhere, and is refused."""
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
                    raise DownloadError(LocalizedText(texts.TOO_LARGE, most=str(most >> 20)))
            names = {name.lower(): value for name, value in response.headers.items()}
            return Response(response.status, names, bytes(body), url)
        finally:
            response.close()

    def _pool(self, url: str) -> urllib3.PoolManager:
        """The connections to the proxy for a URL, or to servers themselves."""
        proxy = proxy_for(url)
        if proxy not in self._pools:
            self._pools[proxy] = connect_through(proxy)
            restrict(self._pools[proxy])
        return self._pools[proxy]


def _authorized(url: str, first: str, credential: str) -> dict[str, str]:
    """The Authorization header; empty for a request without TLS if the `first` one had TLS."""
    if not credential or (urlsplit(first).scheme == "https" and urlsplit(url).scheme != "https"):
        return {}
    return {"authorization": credential}


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def _explained(error: Exception) -> DownloadError:
    if isinstance(error, TimeoutError | urllib3.exceptions.TimeoutError) or "deadline" in str(error):
        return OutageError(LocalizedText(texts.TOO_SLOW, seconds=f"{bounds.FETCH_SECONDS:g}"))
    failure = connection_failure(error)
    is_certificate = failure.problem is ConnectionProblem.CERTIFICATE
    return OutageError(LocalizedText(texts.CERTIFICATE if is_certificate else texts.UNREACHABLE, why=failure.detail))

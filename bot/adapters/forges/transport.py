"""HTTP requests to a forge, with bounds on each operation of the bot, whatever the forge answers.

Every library's session uses `BoundedAdapter`, which sends requests only to the forge's own address, so that neither a
redirect nor a URL in a response sends a token elsewhere.
"""

import io
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from http.client import HTTPResponse
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util import Retry

from bot.adapters.forges.response_body import ResponseBody
from bot.i18n.catalogue import forge as texts
from bot.i18n.language import LocalizedText

READ_SECONDS: Final = 15.0  # to connect, and between two parts of a response
REQUEST_SECONDS: Final = 60.0  # from sending a request to the end of its response, including retries
OPERATION_SECONDS: Final = 300.0  # for all requests of one operation, such as opening a pull request
MAX_REQUESTS: Final = 1_000  # in one operation: pages, and one for each binary file of a signed commit
MAX_RESPONSE_BYTES: Final = 8 * 2**20  # in one response, decompressed, without long strings
MAX_RECEIVED_BYTES: Final = 512 * 2**20  # with them: 100 merge requests with the longest descriptions at GitLab
MAX_OPERATION_BYTES: Final = 32 * 2**20  # in all responses of one operation, which may be in memory at once
_CHUNK: Final = 2**16

# The libraries' own retries sleep until a rate limit is over, and obey any Retry-After. Here a rate limit is an error,
# with the time to retry. A POST is retried too: see create_pull_request.
RETRY: Final = Retry(
    total=3,
    backoff_factor=0.2,
    status_forcelist={500, 502, 503, 504},
    allowed_methods={"GET", "POST"},
    respect_retry_after_header=False,
    raise_on_status=False,
)


class LimitError(requests.RequestException):
    """The forge's answer exceeds a bound: `limit` completes "{forge} …"."""

    def __init__(self, limit: LocalizedText) -> None:
        super().__init__(str(limit))
        self.limit = limit


class TooLargeError(LimitError):
    """The forge's answer is too large. It would be again, unlike one that is too slow."""


class OtherServerError(requests.RequestException):
    """The forge refers to another server."""


class _Operation:
    """The remaining time, requests and bytes of an operation."""

    def __init__(self, api_url: str) -> None:
        self._server = _server(api_url)
        self._end = time.monotonic() + OPERATION_SECONDS
        self._requests = MAX_REQUESTS
        self._bytes = MAX_OPERATION_BYTES
        self.deadline = self._end  # of the current request

    def begin_request(self, url: str | None) -> None:
        """Count a request. Raises LimitError, OtherServerError."""
        if _server(url or "") != self._server:
            raise OtherServerError("the forge refers to another server")
        self._requests -= 1
        if self._requests < 0:
            raise LimitError(LocalizedText(texts.ENDLESS, count=f"{MAX_REQUESTS}"))
        self.deadline = min(self._end, time.monotonic() + REQUEST_SECONDS)
        self.seconds_left()

    def seconds_left(self) -> float:
        """The seconds until the current request's deadline. Raises LimitError if it has passed."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            seconds = OPERATION_SECONDS if self.deadline == self._end else REQUEST_SECONDS
            raise LimitError(LocalizedText(texts.SLOW, seconds=f"{seconds:g}"))
        return left

    def read(self, response: requests.Response) -> bytes:
        """The response's body, decompressed, without long strings. Raises LimitError."""
        body, received = ResponseBody(), 0
        most = min(MAX_RESPONSE_BYTES, self._bytes)
        try:
            for chunk in response.iter_content(_CHUNK):
                received += len(chunk)
                body.add(chunk)
                if received > MAX_RECEIVED_BYTES:
                    raise _too_large(MAX_RECEIVED_BYTES)
                if len(body.kept) > most:
                    raise _too_large(MAX_RESPONSE_BYTES if most == MAX_RESPONSE_BYTES else MAX_OPERATION_BYTES)
        finally:
            response.close()
        self._bytes -= len(body.kept)
        return bytes(body.kept)


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(LocalizedText(texts.LARGE, megabytes=f"{limit // 2**20}"))


_current: ContextVar[_Operation] = ContextVar("forge operation")


@contextmanager
def bounded_operation(api_url: str) -> Iterator[None]:
    """Bound all requests inside, which must be to the server of `api_url`. Nested operations share the outer bounds."""
    if _current.get(None) is not None:
        yield
        return
    token = _current.set(_Operation(api_url))
    try:
        yield
    finally:
        _current.reset(token)


class BoundedAdapter(HTTPAdapter):
    """Sends requests within the current `bounded_operation`. Raises LookupError outside of one."""

    def __init__(self) -> None:
        super().__init__(max_retries=RETRY)

    def init_poolmanager(self, *arguments: Any, **keywords: Any) -> None:
        super().init_poolmanager(*arguments, **keywords)
        _use_deadlines(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **keywords: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **keywords)
        _use_deadlines(manager)
        return manager

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002  the body is always read here
        timeout: Any = None,  # noqa: ARG002  so is this set here
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        operation = _current.get()
        operation.begin_request(request.url)
        seconds = min(READ_SECONDS, operation.seconds_left())
        try:
            response = super().send(request, True, seconds, verify, cert, dict(proxies or {}))
            response._content = operation.read(response)  # noqa: SLF001  as requests itself sets it
        except requests.RequestException:
            operation.seconds_left()  # raise LimitError instead if the deadline has passed
            raise
        except OSError as error:  # there is no file at REQUESTS_CA_BUNDLE
            raise requests.exceptions.SSLError(FileNotFoundError(str(error))) from error
        response.encoding = "utf-8"  # https://www.rfc-editor.org/rfc/rfc8259#section-8.1, else requests guesses
        return response


def http_session() -> requests.Session:
    """A bounded HTTP session, for one thread."""
    session = requests.Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, BoundedAdapter())
    return session


def _server(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


class _TimedReader(io.RawIOBase):
    """Reads from a socket until the deadline of the current request; a socket timeout restarts with each byte."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        super().__init__()
        self._raw = raw
        self._sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = _current.get().deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the response took too long")
        self._sock.settimeout(min(READ_SECONDS, left))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(HTTPResponse):
    """A response whose status line, headers and body are read by a `_TimedReader`."""

    def __init__(self, sock: socket.socket, *arguments: Any, **keywords: Any) -> None:
        super().__init__(sock, *arguments, **keywords)
        self.fp = io.BufferedReader(_TimedReader(self.fp.detach(), sock))


class _HttpConnection(HTTPConnection):
    response_class = _TimedResponse


class _HttpsConnection(HTTPSConnection):
    response_class = _TimedResponse


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection


def _use_deadlines(manager: PoolManager | ProxyManager) -> None:
    manager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}

"""Connection pools that use the environment's proxies and CAs, obey a deadline, and can be limited to GET requests.

urllib3's own read timeout restarts with each byte, so a slow response may never end.
"""

import io
import math
import os
import socket
import time
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http.client import HTTPResponse
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import urllib3

_CA_VARIABLES: Final = ("GIT_SSL_CAINFO", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_OPENSSL_CA_VARIABLE: Final = "SSL_CERT_FILE"

_deadline: ContextVar[float] = ContextVar("deadline", default=math.inf)  # by time.monotonic()


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Bound the requests of this thread in the block. Blocks nest: the earliest deadline counts."""
    token = _deadline.set(min(_deadline.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _deadline.reset(token)


def seconds_left() -> float:
    """The seconds until this thread's deadline; infinite if there is none."""
    return max(_deadline.get() - time.monotonic(), 0)


@contextmanager
def deadline_paused() -> Iterator[None]:
    """Do not count the time in this block toward the deadlines of the blocks around it."""
    start = time.monotonic()
    try:
        yield
    finally:
        _deadline.set(_deadline.get() + time.monotonic() - start)


def proxy_for(url: str) -> str:
    """The URL of the environment's proxy for a URL; "" if there is none."""
    parts = urlsplit(url)
    proxies = urllib.request.getproxies_environment()
    is_direct = urllib.request.proxy_bypass(parts.netloc)
    return "" if is_direct else proxies.get(parts.scheme) or proxies.get("all", "")


def ca_variable() -> str:
    """The environment variable with the CA file of these connections: the first that is set, else OpenSSL's."""
    return next((name for name in _CA_VARIABLES if os.environ.get(name)), _OPENSSL_CA_VARIABLE)


def connect_through(proxy: str) -> urllib3.PoolManager:
    """Connections through a proxy, whose URL may contain a user and password, or direct ones if it is "".

    Both trust the private CAs of the environment, as git does.
    """
    variable = ca_variable()
    ca_file = None if variable == _OPENSSL_CA_VARIABLE else os.environ[variable]
    if not proxy:
        return urllib3.PoolManager(ca_certs=ca_file)
    parts = urlsplit(proxy)
    login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    headers = urllib3.make_headers(proxy_basic_auth=login) if parts.username else None
    return urllib3.ProxyManager(proxy, proxy_headers=headers, ca_certs=ca_file)


def restrict(pools: urllib3.PoolManager) -> None:
    """Make every connection of these pools send only GET requests and obey `deadline`."""
    _obey_deadline(pools, _GetOnly)


def obey_deadline(pools: urllib3.PoolManager) -> None:
    """Make every connection of these pools obey `deadline`."""
    _obey_deadline(pools)


def _obey_deadline(pools: urllib3.PoolManager, *mixins: type) -> None:
    def bounded(pool: Any) -> type[Any]:
        bases = (_ConnectsByDeadline, pool.ConnectionCls)
        connection = type(pool.ConnectionCls.__name__, bases, {"response_class": _Response})
        return type(pool.__name__, (*mixins, pool), {"ConnectionCls": connection})

    pools.pool_classes_by_scheme = {scheme: bounded(pool) for scheme, pool in pools.pool_classes_by_scheme.items()}


class _GetOnly:
    """A mixin for connection pools that rejects all requests except GETs without a body."""

    def urlopen(self, method: str, url: str, body: object = None, *args: Any, **kwargs: Any) -> Any:
        if method != "GET" or body is not None:
            raise PermissionError(f"{method} {url}: the bot sends only GET requests here")
        return super().urlopen(method, url, body, *args, **kwargs)  # type: ignore[misc]


class _ConnectsByDeadline:
    """A mixin for connections that tries only the first of a host's addresses after the deadline.

    There may be thousands, each of which urllib3 gives the whole timeout.
    """

    socket_options: Any

    def _new_conn(self) -> Any:
        options = self.socket_options
        self.socket_options = _OptionsByDeadline(options or ())
        try:
            return super()._new_conn()  # type: ignore[misc]
        finally:
            self.socket_options = options


class _OptionsByDeadline:
    """Socket options, which urllib3 reads before it tries an address. Raises TimeoutError after the deadline."""

    def __init__(self, options: Iterable[Any]) -> None:
        self._options = options
        self._is_first = True

    def __iter__(self) -> Iterator[Any]:
        if not self._is_first and not seconds_left():
            raise TimeoutError("the deadline has passed")
        self._is_first = False
        return iter(self._options)


class _Response(HTTPResponse):
    """A response whose headers and body must be read by the request's deadline."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_DeadlineReader(sock, self.fp.detach()))


class _DeadlineReader(io.RawIOBase):
    """Reads a socket through its `raw` file until the deadline. Raises TimeoutError."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase) -> None:
        self._socket = sock
        self._raw = raw
        self._idle = sock.gettimeout() or math.inf
        self._deadline = _deadline.get()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("the deadline has passed")
        timeout = min(remaining, self._idle)
        self._socket.settimeout(timeout if math.isfinite(timeout) else None)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()

"""Connection pools that send only GET requests, and read no longer than until a deadline.

urllib3's own read timeout starts again with each byte, so a response that drips would never end.
"""

import io
import math
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http.client import HTTPResponse
from typing import Any

import urllib3

_deadline: ContextVar[float] = ContextVar("deadline", default=math.inf)  # of time.monotonic()


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Bound the requests of this thread in the block. Blocks nest: the earliest deadline counts."""
    token = _deadline.set(min(_deadline.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _deadline.reset(token)


@contextmanager
def deadline_paused() -> Iterator[None]:
    """Do not count the time that this block takes towards the deadlines of the blocks around it."""
    start = time.monotonic()
    try:
        yield
    finally:
        _deadline.set(_deadline.get() + time.monotonic() - start)


def restrict(pools: urllib3.PoolManager) -> None:
    """Make every connection of these pools send only GET requests and obey `deadline`."""
    pools.pool_classes_by_scheme = {scheme: _restricted(pool) for scheme, pool in pools.pool_classes_by_scheme.items()}


def _restricted(pool: Any) -> type[Any]:
    connection = type(pool.ConnectionCls.__name__, (pool.ConnectionCls,), {"response_class": _Response})
    return type(f"GetOnly{pool.__name__}", (_GetOnly, pool), {"ConnectionCls": connection})


class _GetOnly:
    """Mixed into every connection pool, through which every request passes: anything but a GET without body fails."""

    def urlopen(self, method: str, url: str, body: object = None, *args: Any, **kwargs: Any) -> Any:
        if method != "GET" or body is not None:
            raise PermissionError(f"{method} {url}: the bot sends only GET requests here")
        return super().urlopen(method, url, body, *args, **kwargs)  # type: ignore[misc]


class _Response(HTTPResponse):
    """A response whose header and body are read no longer than until the deadline of its request."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_DeadlineReader(sock, self.fp.detach()))


class _DeadlineReader(io.RawIOBase):
    """Reads a socket through its `raw` file until the deadline. TimeoutError."""

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

"""The sandbox cluster over HTTP, as an application for `bot.sandbox.server.Server`."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import orjson
from aiohttp import web

from bot.sandbox.cluster.api import IDENTITIES, Api
from bot.sandbox.cluster.controllers import Controllers
from bot.sandbox.cluster.discovery import AGGREGATED, ASKS_AGGREGATED
from bot.sandbox.cluster.errors import ApiError
from bot.sandbox.cluster.faults import Faults
from bot.sandbox.cluster.request import NOBODY, ReceivedRequest, Request, Response, Target
from bot.sandbox.cluster.selector import selector
from bot.sandbox.cluster.store import Event

JSON = "application/json"
COMPRESS_FROM = 128 * 1024  # bytes, as in the real server
LONGEST_WATCH = 300.0  # seconds
BOOKMARK_EVERY = 5.0  # seconds; a real server sends one a minute
TICK = 0.2  # seconds between two runs of the controllers
AS = "/as/"
FAULTS = {
    401: ("Unauthorized", "Unauthorized"),
    403: ("Forbidden", 'forbidden: User "{identity}" cannot {verb} path "{path}"'),
    410: ("Expired", "The provided continue parameter is too old to display a consistent list result."),
    429: ("TooManyRequests", "The server has received too many requests and has asked us to try again later"),
    503: ("ServiceUnavailable", "the server is currently unable to handle the request"),
}


class SandboxCluster:
    """A Kubernetes API server in memory. Serve `app`; `api` is the same server without HTTP.

    `clock` returns aware datetimes; `rollout` is the number of seconds that a workload takes to reach its spec, and
    `memory_use` what containers use in MiB, by name: with a lower limit, they are killed. `requests` records requests
    over HTTP.
    """

    def __init__(
        self,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        rollout: float = 3.0,
        memory_use: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self.api = Api(clock)
        self.faults = Faults()
        self.controllers = Controllers(self.api, rollout, memory_use)
        self.app = web.Application(client_max_size=16 * 1024 * 1024)
        self.app.router.add_route("*", "/{path:.*}", self._serve)
        self.app.cleanup_ctx.append(self._control)
        self.app.on_shutdown.append(self._end_watches)
        self._watches: set[asyncio.Task[Any]] = set()

    @property
    def requests(self) -> list[ReceivedRequest]:
        """The latest 100,000 requests, oldest first."""
        with self.api.store.lock:
            return list(self.api.requests)

    async def _control(self, _: web.Application) -> AsyncIterator[None]:
        async def run() -> None:
            while True:
                await asyncio.sleep(TICK)
                self.controllers.reconcile()

        task = asyncio.create_task(run())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def _end_watches(self, _: web.Application) -> None:
        self.drop_watches()

    def drop_watches(self) -> None:
        """Cut every watch. Call it on the server's event loop."""
        for task in tuple(self._watches):
            task.cancel()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        api_request = await _api_request(request)
        is_watch = api_request.method == "GET" and api_request.query.get("watch") in ("true", "1")
        fault = self.faults.take(api_request.path, api_request.identity, is_watch=is_watch)
        if fault is not None and fault.delay:
            await asyncio.sleep(fault.delay)
        if fault is not None and fault.status:
            self._record(api_request)
            return _whole(request, _refusal(api_request, fault.status))
        if is_watch:
            return await self._watch(request, api_request)
        answer = self.api.handle(api_request)
        if fault is not None and fault.cut:
            return await _cut(request, answer)
        return _whole(request, answer)

    def _record(self, api_request: Request) -> None:
        with self.api.store.lock:
            self.api.requests.append(
                ReceivedRequest(api_request.method, api_request.path, api_request.user_agent, api_request.identity)
            )

    async def _watch(self, request: web.Request, api_request: Request) -> web.StreamResponse:
        self._record(api_request)
        try:
            target = self._watched(api_request)
            since, seconds = api_request.number("resourceVersion"), api_request.number("timeoutSeconds")
        except ApiError as error:
            return _whole(request, Response(error.code, orjson.dumps(error.status())))
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def listener() -> None:
            loop.call_soon_threadsafe(changed.set)

        store = self.api.store
        with store.lock:
            store.listeners.add(listener)
        response = web.StreamResponse(headers={"Content-Type": JSON})
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  handlers always run in a task
        self._watches.add(task)
        try:
            await response.prepare(request)
            with suppress(ConnectionError, TimeoutError):
                async with asyncio.timeout(min(seconds or LONGEST_WATCH, LONGEST_WATCH)):
                    await self._stream(response, api_request, target, (since, changed))
            with suppress(ConnectionError):
                await response.write_eof()
        finally:
            self._watches.discard(task)
            with store.lock:
                store.listeners.discard(listener)
        return response

    def _watched(self, api_request: Request) -> Target:
        if api_request.identity == NOBODY:
            raise ApiError(401, "Unauthorized", "Unauthorized")
        target = self.api.target(api_request)
        if target is None:
            raise ApiError(404, "NotFound", "only resources can be watched")
        selector(api_request.query)
        return target

    async def _stream(
        self, response: web.StreamResponse, api_request: Request, target: Target, start: tuple[int, asyncio.Event]
    ) -> None:
        since, changed = start
        store = self.api.store
        with store.lock:
            lines, version = self._first(api_request, target, since)
        while True:
            for line in lines:
                await response.write(line)
            try:
                async with asyncio.timeout(BOOKMARK_EVERY):
                    await changed.wait()
            except TimeoutError:
                bookmarks = api_request.query.get("allowWatchBookmarks") in ("true", "1")
                lines = [_bookmark(target, version)] if bookmarks else []
                continue
            changed.clear()
            with store.lock:
                events = store.since(version)
                version = store.version
                if events is not None:
                    lines = self._lines(api_request, target, events)
            if events is None:
                await response.write(_expired())
                return

    def _first(self, api_request: Request, target: Target, since: int) -> tuple[list[bytes], int]:
        """The first lines of a watch: all objects (without a resourceVersion), or the events since a version."""
        store = self.api.store
        if since == 0:
            return self.api.present(api_request, target), store.version
        events = store.since(since)
        if events is None:
            return [_expired()], store.version
        return self._lines(api_request, target, events), store.version

    def _lines(self, api_request: Request, target: Target, events: list[Event]) -> list[bytes]:
        return [line for event in events if (line := self.api.event(api_request, target, event)) is not None]


def _refusal(api_request: Request, status: int) -> Response:
    reason, message = FAULTS.get(status, ("InternalError", "Internal error occurred"))
    text = message.format(identity=api_request.identity, verb=api_request.method.lower(), path=api_request.path)
    return Response(status, orjson.dumps(ApiError(status, reason, text).status()))


def _bookmark(target: Target, version: int) -> bytes:
    kind = target.kind
    head = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"resourceVersion": str(version)}}
    return orjson.dumps({"type": "BOOKMARK", "object": head}) + b"\n"


def _expired() -> bytes:
    error = ApiError(410, "Expired", "too old resource version")
    return b'{"type":"ERROR","object":' + orjson.dumps(error.status()) + b"}\n"


async def _api_request(request: web.Request) -> Request:
    """A request with its identity, from its bearer token or from `/as/NAME` in its path.

    kubectl needs the path: over plain HTTP it never sends credentials, which clientcmd only reads for TLS.
    """
    path, identity = request.path, NOBODY
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme == "Bearer" and token in IDENTITIES:
        identity = token
    if path.startswith(AS):
        name, _, rest = path.removeprefix(AS).partition("/")
        path = f"/{rest}"
        identity = name if name in IDENTITIES else NOBODY
    return Request(
        request.method,
        path.rstrip("/") or "/",
        query=dict(request.query),
        body=await request.read(),
        content_type=request.content_type,
        accept=request.headers.get("Accept", JSON),
        user_agent=request.headers.get("User-Agent", ""),
        identity=identity,
    )


def _whole(request: web.Request, answer: Response) -> web.Response:
    aggregated = ASKS_AGGREGATED in request.headers.get("Accept", "") and b"APIGroupDiscoveryList" in answer.body[:40]
    headers = {"Content-Type": AGGREGATED if aggregated else JSON}
    response = web.Response(status=answer.status, body=answer.body, headers=headers)
    if len(answer.body) > COMPRESS_FROM:
        response.enable_compression()
    return response


async def _cut(request: web.Request, answer: Response) -> web.StreamResponse:
    """Announce the whole body, send half of it and close the connection."""
    headers = {"Content-Type": JSON, "Content-Length": str(len(answer.body))}
    response = web.StreamResponse(status=answer.status, headers=headers)
    await response.prepare(request)
    await response.write(answer.body[: len(answer.body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response

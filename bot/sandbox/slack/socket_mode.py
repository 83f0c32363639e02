"""Socket Mode over WebSocket: https://docs.slack.dev/apis/events-api/using-socket-mode."""

import asyncio
import contextlib
import json
import random
from dataclasses import dataclass

from aiohttp import WSMsgType, web

from bot.sandbox.slack.faults import Faults
from bot.sandbox.slack.interactions import UndeliveredError
from bot.sandbox.slack.model import APP_ID, Json
from bot.sandbox.slack.state import Workspace

MAX_CONNECTIONS = 10
_HOST = {"host": "sandbox", "build_number": 1, "approximate_connection_time": 18060}


@dataclass(frozen=True, slots=True)
class Connection:
    """One WebSocket of the app, and its TCP transport."""

    socket: web.WebSocketResponse
    transport: asyncio.Transport | None


class SocketMode:
    """The open connections. Runs on the server's event loop."""

    timeout_reason = "timeout"

    def __init__(self, workspace: Workspace, faults: Faults, seed: int | None) -> None:
        self._workspace = workspace
        self._faults = faults
        self._random = random.Random(seed)  # noqa: S311  repeatable, not secret
        self._tickets: set[str] = set()
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self.connections: list[Connection] = []
        self.opened = 0  # in total
        self.delivered: list[int] = []  # for each payload, the index of the connection that got it

    def ticket(self) -> str:
        """A path at which one WebSocket can be opened, once."""
        with self._workspace.changed:
            name = self._workspace.new_id("w")
            self._tickets.add(name)
            return f"/link/?ticket={name}&app_id={APP_ID}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection: hello, payloads out, acks in."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            raise web.HTTPForbidden(text="invalid ticket")
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if len(self.connections) >= MAX_CONNECTIONS:
            await self._goodbye(socket, "too_many_websockets")
            await socket.close()
            return socket
        connection = Connection(socket, request.transport)
        self._joined(connection)
        try:
            hello: Json = {"type": "hello", "num_connections": len(self.connections), "debug_info": _HOST}
            await socket.send_json(hello | {"connection_info": {"app_id": APP_ID}})
            with contextlib.suppress(ConnectionError):  # cut by a fault or by the app
                async for frame in socket:
                    if frame.type is WSMsgType.TEXT:
                        self._acked(frame.data)
        finally:
            self._left(connection)
        return socket

    async def send(self, kind: str, payload: Json, attempt: int, reason: str) -> Json:
        """Send a payload over a random connection, and return the ack's payload or {}."""
        if not self.connections:
            raise UndeliveredError("dispatch_failed", self.timeout_reason)
        with self._workspace.changed:
            envelope_id = self._workspace.new_id("e")
            chosen = self._random.randrange(len(self.connections))
            self.delivered.append(chosen)
        envelope: Json = {
            "envelope_id": envelope_id,
            "type": kind,
            "accepts_response_payload": kind == "slash_commands" or payload.get("type") == "view_submission",
            "payload": payload,
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": attempt, "retry_reason": reason}
        ack: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id] = ack
        try:
            if not self._faults.applies("lost_payloads"):
                with contextlib.suppress(ConnectionError):  # the socket died, so there is no ack
                    await self.connections[chosen].socket.send_json(envelope)
            return await ack
        finally:
            del self._waiting[envelope_id]

    async def disconnect(self, reason: str) -> None:
        """Announce the end of every connection (`warning`, `refresh_requested` or `link_disabled`), as Slack does."""
        for connection in list(self.connections):
            await self._goodbye(connection.socket, reason)

    async def drop(self) -> None:
        """Cut every connection without a close frame."""
        for connection in list(self.connections):
            self._left(connection)
            if connection.transport is not None:
                connection.transport.abort()  # closing the socket would send a close frame first

    async def close(self) -> None:
        """Close every connection with a close frame, as a stopping server does."""
        for connection in list(self.connections):
            await connection.socket.close()

    async def _goodbye(self, socket: web.WebSocketResponse, reason: str) -> None:
        with contextlib.suppress(ConnectionError):
            await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": _HOST})

    def _joined(self, connection: Connection) -> None:
        with self._workspace.changed:
            self.connections.append(connection)
            self.opened += 1
            self._workspace.changed.notify_all()

    def _left(self, connection: Connection) -> None:
        with self._workspace.changed:
            if connection in self.connections:
                self.connections.remove(connection)
            self._workspace.changed.notify_all()

    def _acked(self, frame: str) -> None:
        try:
            ack = json.loads(frame)
        except ValueError:
            return
        waiting = self._waiting.get(ack.get("envelope_id", "")) if isinstance(ack, dict) else None
        if waiting is not None and not waiting.done():
            waiting.set_result(ack.get("payload") or {})

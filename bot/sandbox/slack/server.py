"""The sandbox as one object: an aiohttp application to run, and methods for tests to act as a person."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from typing import Any, Self, TypeVar

from aiohttp import web

from bot.sandbox.server import Server
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.faults import Faults
from bot.sandbox.slack.http_delivery import HttpDelivery
from bot.sandbox.slack.interactions import EVENT_RETRIES, Delivery, Interaction, ResponseUrls, Triggers
from bot.sandbox.slack.model import BOT_USER, Json, Message, View
from bot.sandbox.slack.people import People
from bot.sandbox.slack.rate import Limiter, Rates
from bot.sandbox.slack.services import Services
from bot.sandbox.slack.socket_mode import SocketMode
from bot.sandbox.slack.state import Workspace
from bot.sandbox.slack.ui import ME, Ui
from bot.sandbox.slack.web_api import Call, WebApi, read_arguments

T = TypeVar("T")
_OUTSIDE = ("/link/", "/response/", "/upload/")  # also down if the Web API is, which logs its own calls
UPLOAD_BYTES = 64 * 1024 * 1024


class SandboxSlack:
    """A workspace with the channels `#deploys` and `#prod-alerts`, both with the bot.

    Run `app` with `bot.sandbox.server.Server` or with `serve()`. `clock` (in seconds) drives rates and expiry; `seed`
    makes IDs and the choice of connections repeatable. `ack_timeout` and `event_retries` (the pause before each) are in
    seconds. All methods are thread-safe.
    """

    def __init__(
        self,
        seed: int | None = None,
        clock: Callable[[], float] = time.time,
        rates: Rates | None = None,
        ack_timeout: float = 3.0,
        event_retries: Sequence[float] = EVENT_RETRIES,
    ) -> None:
        self.workspace = Workspace(seed, clock)
        self.faults = Faults()
        sockets = SocketMode(self.workspace, self.faults, seed)
        delivery = Delivery(self.workspace, self.faults, sockets, ack_timeout, event_retries)
        self.services = Services(
            workspace=self.workspace,
            faults=self.faults,
            limiter=Limiter(rates or Rates(), clock),
            triggers=Triggers(self.workspace),
            response_urls=ResponseUrls(self.workspace),
            sockets=sockets,
            delivery=delivery,
        )
        self.interactions: list[Interaction] = []
        self._people = People(self.services, self._send)
        self._web_api = WebApi(self.services)
        self._ui = Ui(self.services, self._people, self.inject)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.app = web.Application(client_max_size=UPLOAD_BYTES, middlewares=[self._note_url])
        self.app.add_routes(
            [
                web.route("*", "/api/{method}", self._web_api.handle),
                web.get("/link/", sockets.handle),
                web.post("/upload/v1/{ticket}", self._upload),
                web.post("/response/{name}", self._respond),
                *self._ui.routes(),
            ]
        )
        self.app.on_startup.extend((self._started, self._ui.start))
        self.app.on_shutdown.extend((self._ui.stop, self._stopping))

    # ---------------------------------------------------------------- running

    @contextmanager
    def serve(self, port: int = 0) -> Iterator[Self]:
        """Run on its own thread; `url` and `api_url` are set inside."""
        with Server(self.app, port) as server:
            self.services.url = server.url
            yield self

    @property
    def url(self) -> str:
        """The server's root, without a trailing slash; "" until it is served, set, or receives a request."""
        return self.services.url

    @url.setter
    def url(self, url: str) -> None:
        self.services.url = url

    @property
    def api_url(self) -> str:
        """The base_url for slack_sdk."""
        return f"{self.services.url}/api/"

    @property
    def scopes(self) -> set[str]:
        """The bot token's scopes; methods that need a removed one answer `missing_scope`."""
        return self.services.scopes

    def deliver_http(self, url: str, signing_secret: str) -> None:
        """Send every payload as a signed POST to this request URL instead of over Socket Mode."""
        self.services.delivery.transport = HttpDelivery(url, signing_secret)

    # ---------------------------------------------------------------- acting as a person

    def command(self, user: str, channel: str, text: str) -> Interaction:
        """Send `/gitops TEXT` in a channel; returns at once."""
        return self._people.command(user, channel, text)

    def say(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Message:
        """Post as a person; `@gitops` mentions the bot."""
        return self._people.say(user, channel, text, thread_ts)

    def click(
        self,
        user: str,
        target: Message | View,
        action_id: str,
        value: Any = None,
        values: Mapping[str, Any] | None = None,
    ) -> Interaction:
        """Click a button (`value` selects one of several with the same action_id) or select an option by its value.

        `values` are those of a view's other elements. Raises LookupError if the message or element no longer exists.
        """
        return self._people.click(user, target, action_id, value, values=values)

    def submit_view(self, user: str, view: View, values: Mapping[str, Any] | None = None) -> Interaction:
        """Submit a modal; `values` by action_id, or nested as in view.state."""
        return self._people.submit(user, view, values or {})

    def close_view(self, user: str, view: View, *, cleared: bool = False) -> Interaction | None:
        """Close a modal; returns an Interaction if the app asked to be notified."""
        return self._people.close(user, view, cleared=cleared)

    def open_home(self, user: str) -> Interaction:
        """Open the app's Home tab."""
        return self._people.open_home(user)

    # ---------------------------------------------------------------- reading the workspace

    def wait_for(self, predicate: Callable[[], T], timeout: float = 5.0) -> T:
        """Wait until the predicate is true and return its value. Raises TimeoutError."""
        with self.workspace.changed:
            value = self.workspace.changed.wait_for(predicate, timeout)
        if not value:
            recent = ", ".join(f"{call.method} {call.error or call.status}" for call in self.calls[-5:])
            raise TimeoutError(f"timed out after {timeout} s; latest Web API calls: {recent or 'none'}")
        return value

    def messages(self, channel: str) -> list[Message]:
        """The messages that everyone in a channel sees, including replies, oldest first."""
        with self.workspace.changed:
            messages = self.workspace.channel(channel).messages
            return [message for message in messages if not message.deleted and not message.ephemeral_for]

    def posted(self, channel: str) -> list[Message]:
        """All messages ever posted for everyone in a channel, including deleted ones, oldest first."""
        with self.workspace.changed:
            return [message for message in self.workspace.channel(channel).messages if not message.ephemeral_for]

    def thread(self, channel: str, ts: str) -> list[Message]:
        """The replies below a message, oldest first."""
        return [message for message in self.messages(channel) if message.reply and message.thread_ts == ts]

    def ephemerals(self, user: str) -> list[Message]:
        """The messages that only this user sees, oldest first."""
        with self.workspace.changed:
            everything = [message for channel in self.workspace.channels.values() for message in channel.messages]
            mine = [message for message in everything if message.ephemeral_for == user and not message.deleted]
            return sorted(mine, key=lambda message: float(message.ts))

    @property
    def views(self) -> list[View]:
        """All open modals, each user's top one last."""
        with self.workspace.changed:
            return [view for stack in self.workspace.modals.values() for view in stack]

    def home(self, user: str) -> View | None:
        """The app's Home tab for this user."""
        return self.workspace.homes.get(user)

    @property
    def calls(self) -> list[Call]:
        """All Web API calls so far."""
        with self.workspace.changed:
            return list(self._web_api.calls)

    @property
    def connections(self) -> int:
        """Open Socket Mode connections."""
        return len(self.services.sockets.connections)

    def publish(self, event: Json) -> None:
        """Push an event of the demo (type "tour") to the page, and keep it for pages that load later."""
        self.workspace.publish(event)

    # ---------------------------------------------------------------- faults

    def drop_connections(self) -> None:
        """Cut every Socket Mode connection without a close frame."""
        self._spawn(self.services.sockets.drop())

    def disconnect(self, reason: str = "warning") -> None:
        """Announce the end of every connection, with the reason `warning` or `refresh_requested`."""
        self._spawn(self.services.sockets.disconnect(reason))

    def close_connections(self) -> None:
        """Close every Socket Mode connection with a close frame."""
        self._spawn(self.services.sockets.close())

    def delete_message(self, channel: str, ts: str, by: str = ME) -> None:
        """Delete a message as a user. Raises LookupError if it does not exist."""
        message = self.workspace.channel(channel).find(ts)
        if message is None:
            raise LookupError("no such message")
        self.workspace.delete(message, by)

    def archive(self, channel: str, *, archived: bool = True) -> None:
        """Archive or unarchive a channel."""
        with self.workspace.changed:
            room = self.workspace.channel(channel)
            room.archived = archived
            self.workspace.publish({"type": "channel", "channel": room.summary()})

    def remove_bot(self, channel: str) -> None:
        """Remove the bot from a channel."""
        with self.workspace.changed:
            self.workspace.channel(channel).members.discard(BOT_USER)
            self.workspace.changed.notify_all()

    def invite_bot(self, channel: str) -> None:
        """Add the bot to a channel."""
        with self.workspace.changed:
            self.workspace.channel(channel).members.add(BOT_USER)
            self.workspace.changed.notify_all()

    def inject(self, faults: Mapping[str, Any]) -> None:
        """Inject faults by name; POST /ui/faults takes the same.

        The fields of `Faults` are set; `down_for` takes seconds; `down`, `up`, `drop_connections`, `close_connections`
        and `disconnect` ignore their value; `delete_message` takes {channel, ts}; `archive`, `unarchive`, `remove_bot`
        and `invite_bot` take a channel. Raises LookupError for an unknown name, before anything is done.
        """
        actions: dict[str, Callable[[Any], None]] = {
            "archive": self.archive,
            "delete_message": lambda message: self.delete_message(message["channel"], message["ts"]),
            "close_connections": lambda _: self.close_connections(),
            "disconnect": lambda _: self.disconnect(),
            "down": lambda _: self.faults.down_for(math.inf, self.workspace.clock),
            "down_for": lambda seconds: self.faults.down_for(float(seconds), self.workspace.clock),
            "drop_connections": lambda _: self.drop_connections(),
            "invite_bot": self.invite_bot,
            "remove_bot": self.remove_bot,
            "unarchive": lambda channel: self.archive(channel, archived=False),
            "up": lambda _: self.faults.down_for(0, self.workspace.clock),
        }
        switches: dict[str, Callable[[Any], Any]] = {
            field.name: type(getattr(self.faults, field.name)) for field in fields(Faults) if field.init
        }
        unknown = sorted(set(faults) - set(actions) - set(switches))
        if unknown:
            raise LookupError(f"unknown fault: {', '.join(unknown)}")
        for name, value in faults.items():
            if name in switches:
                setattr(self.faults, name, switches[name](value))
            else:
                actions[name](value)
                self.faults.applied[name] += 1

    # ---------------------------------------------------------------- internals

    def _send(self, interaction: Interaction, then: Callable[[Interaction], None]) -> None:
        with self.workspace.changed:
            self.interactions.append(interaction)
        self._spawn(self.services.delivery.run(interaction, then))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        if self._loop is None:
            work.close()
            raise RuntimeError("the sandbox is not running")
        self._loop.call_soon_threadsafe(self._start, work)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _started(self, _app: web.Application) -> None:
        self._loop = asyncio.get_running_loop()

    async def _stopping(self, _app: web.Application) -> None:
        self._loop = None
        for task in list(self._tasks):
            task.cancel()
        await self.services.sockets.close()

    @web.middleware
    async def _note_url(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if not self.services.url:
            self.services.url = str(request.url.origin())
        if request.path.startswith(_OUTSIDE) and self.workspace.clock() < self.faults.down_until:
            raise web.HTTPServiceUnavailable(text="upstream connect error")
        return await handler(request)

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        files = self.workspace.files.values()
        file = next((file for file in files if file.ticket == request.match_info["ticket"]), None)
        if file is None or file.content is not None:
            raise web.HTTPNotFound(text="no such upload")
        if request.content_type == "multipart/form-data":
            part = next(iter((await request.post()).values()), "")
            content = part.file.read() if isinstance(part, web.FileField) else b""
        else:
            content = await request.read()
        if len(content) != file.length:
            raise web.HTTPBadRequest(text="the length does not match the announced one")
        file.content = content
        return web.Response(text=f"OK - {file.length}")

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        try:
            url = self.services.response_urls.use(request.match_info["name"])
        except SlackError as spent:
            return web.json_response({"ok": False, "error": spent.code}, status=404)
        try:
            self._people.respond(url, await read_arguments(request))
        except SlackError as refused:
            return web.json_response({"ok": False, "error": refused.code}, status=400)
        return web.Response(text="ok")

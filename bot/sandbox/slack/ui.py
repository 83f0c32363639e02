"""The web page and its API.

The events on /ui/events, one JSON object each: {"type": "connected"}; "message", "message_changed", "ephemeral"
{channel, message}; "message_deleted" {channel, ts, message}; "modal" {user, view}; "modal_closed" {user, view_id,
view}; "home" {user, view}; "channel" {channel: {id, name, topic, archived}}; "toast" {user, text}; "tour" as the demo
publishes it. A `message.deleted` with a reply_count is a tombstone that stays.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from aiohttp import web

from bot.core.commands.command import COMMANDS
from bot.i18n.language import ENGLISH
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.interactions import Interaction
from bot.sandbox.slack.model import COMMAND, TEAM, USERS, Json, Message, View
from bot.sandbox.slack.people import People
from bot.sandbox.slack.services import Services

PAGE = Path(__file__).with_name("page")
_NO_CACHE = {"Cache-Control": "no-cache"}
ME = USERS[0].id

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Ui:
    """Handlers for `/` and `/ui/…`. `tour` comes from the demo, and is sent with the state and as events."""

    def __init__(self, services: Services, people: People, fault: Callable[[Mapping[str, Any]], None]) -> None:
        self._services = services
        self._workspace = services.workspace
        self._people = people
        self._fault = fault
        self._streams: set[asyncio.Queue[Json | None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.tour: Json | None = None
        self._workspace.listeners.append(self._hear)

    def routes(self) -> list[web.RouteDef]:
        """The routes of the page and its API."""
        return [
            web.get("/", self._file),
            web.get(r"/{name:[\w-]+\.(?:html|js|css|svg|png|ico)}", self._file),
            web.get("/archives/{channel}/{permalink}", self._archives),
            web.get("/ui/state", self._state),
            web.get("/ui/events", self._events),
            web.get("/ui/thread", self._thread),
            web.get("/ui/files/{id}", self._download),
            web.post("/ui/command", self._posted(self._command)),
            web.post("/ui/home", self._posted(self._home)),
            web.post("/ui/action", self._posted(self._action)),
            web.post("/ui/view/submit", self._posted(self._submit)),
            web.post("/ui/view/close", self._posted(self._close)),
            web.post("/ui/faults", self._posted(self._fault)),
        ]

    async def start(self, _app: web.Application) -> None:
        """Send events on the loop that this runs on."""
        self._loop = asyncio.get_running_loop()

    async def stop(self, _app: web.Application) -> None:
        """End every event stream."""
        self._loop = None
        for stream in self._streams:
            stream.put_nowait(None)

    def _hear(self, event: Json) -> None:
        if event["type"] == "tour":
            self.tour = event
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._fan_out, event)

    def _fan_out(self, event: Json) -> None:
        for stream in self._streams:
            stream.put_nowait(event)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        path = PAGE / request.match_info.get("name", "index.html")
        if not path.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(path, headers=_NO_CACHE)

    async def _archives(self, request: web.Request) -> web.StreamResponse:
        digits = request.match_info["permalink"].removeprefix("p")
        raise web.HTTPFound(f"/#{request.match_info['channel']}/{digits[:-6]}.{digits[-6:]}")

    async def _state(self, request: web.Request) -> web.StreamResponse:
        user = request.query.get("user", ME)
        workspace = self._workspace
        with workspace.changed:
            home = workspace.homes.get(user)
            state = {
                "team": TEAM,
                "me": user,
                "users": [
                    {"id": who.id, "name": who.name, "display": who.display, "color": who.color, "bot": who.bot}
                    for who in workspace.users.values()
                ],
                "groups": [{"id": group.id, "name": group.handle} for group in workspace.groups.values()],
                "channels": [channel.page() for channel in workspace.channels.values()],
                "home": home.page() if home else None,
                "modals": [view.page() for view in workspace.modals.get(user, [])],
                "commands": [[spec.name, spec.arguments, ENGLISH.text(spec.summary)] for spec in COMMANDS],
                "tour": self.tour,
            }
        return web.json_response(state, headers=_NO_CACHE)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", **_NO_CACHE})
        await response.prepare(request)
        stream: asyncio.Queue[Json | None] = asyncio.Queue()
        stream.put_nowait({"type": "connected"})
        self._streams.add(stream)
        try:
            while (event := await stream.get()) is not None:
                await response.write(f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode())
        except ConnectionError:
            pass  # the page was closed
        finally:
            self._streams.discard(stream)
        return response

    async def _thread(self, request: web.Request) -> web.StreamResponse:
        ts = request.query.get("ts", "")
        with self._workspace.changed:
            channel = self._channel(request.query.get("channel", ""))
            messages = [item.page() for item in channel if item.ts == ts or (item.reply and item.thread_ts == ts)]
        return web.json_response({"messages": messages}, headers=_NO_CACHE)

    def _channel(self, name: str) -> list[Message]:
        try:
            return self._workspace.channel(name).visible()
        except SlackError as missing:
            raise web.HTTPNotFound(text=missing.code) from None

    async def _download(self, request: web.Request) -> web.StreamResponse:
        file = self._workspace.files.get(request.match_info["id"])
        if file is None or file.content is None:
            raise web.HTTPNotFound(text="file_not_found")
        # Never text/html: an upload must not run scripts in the page's origin.
        headers = {"X-Content-Type-Options": "nosniff", **_NO_CACHE}
        if file.is_image:
            return web.Response(body=file.content, content_type="image/png", headers=headers)
        return web.Response(body=file.content, content_type="text/plain", charset="utf-8", headers=headers)

    def _posted(self, act: Callable[[Json], Interaction | None]) -> Handler:
        """A handler that takes one JSON object, and answers 400 with `error` if the action fails.

        An interaction is answered once the app has acked or failed to, so that the page can show the wait.
        """

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                interaction = act(dict(json.loads(await request.text())))
            except (SlackError, LookupError, ValueError, TypeError, AttributeError) as wrong:
                error = wrong.code if isinstance(wrong, SlackError) else f"{type(wrong).__name__}: {wrong}"
                return web.json_response({"ok": False, "error": error}, status=400)
            if interaction is None or interaction.error:
                return web.json_response({"ok": True})
            await interaction.settled.wait()
            return web.json_response({"ok": True, "acked": interaction.error is None})

        return handle

    def _user(self, body: Json) -> str:
        user = str(body.get("user", ME))
        if user not in self._workspace.users:
            raise SlackError("user_not_found")
        return user

    def _command(self, body: Json) -> None:
        user, channel, text = self._user(body), str(body["channel"]), str(body["text"]).strip()
        if not text:
            raise SlackError("no_text")
        if text.split()[0] == COMMAND:
            self._people.command(user, channel, text)
        elif text.startswith("/"):
            raise SlackError(f"{text.split()[0]} is not a valid command.")
        else:
            self._people.say(user, channel, text, body.get("thread_ts"))

    def _home(self, body: Json) -> None:
        self._people.open_home(self._user(body))

    def _action(self, body: Json) -> Interaction:
        user = self._user(body)
        submitted = next((body[name] for name in body if name == "value" or name.startswith("selected_")), None)
        target: Message | View | None
        if "view_id" in body:
            homes = {home.id: home for home in self._workspace.homes.values()}
            target = self._workspace.modal(body["view_id"]) or homes.get(body["view_id"])
        else:
            target = self._workspace.channel(str(body["channel"])).find(str(body["ts"]))
        if target is None:
            raise SlackError("message_not_found")
        return self._people.click(
            user, target, str(body["action_id"]), submitted, body.get("block_id"), body.get("values")
        )

    def _view(self, body: Json) -> View:
        view = self._workspace.modal(str(body["view_id"]))
        if view is None:
            raise SlackError("not_found")
        return view

    def _submit(self, body: Json) -> Interaction:
        return self._people.submit(self._user(body), self._view(body), body.get("values") or {})

    def _close(self, body: Json) -> None:
        self._people.close(self._user(body), self._view(body), cleared=bool(body.get("cleared")))

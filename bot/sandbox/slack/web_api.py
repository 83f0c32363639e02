"""The Web API's HTTP layer: arguments, tokens, scopes, rates, faults, and the log of calls."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot.sandbox.slack.arguments import Arguments
from bot.sandbox.slack.errors import RateLimitedError, SlackError
from bot.sandbox.slack.faults import FaultOutcome
from bot.sandbox.slack.methods import METHODS, SCOPES
from bot.sandbox.slack.model import Json
from bot.sandbox.slack.services import Services

BOT_TOKEN = "xoxb-sandbox"  # noqa: S105  not used outside the sandbox
APP_TOKEN = "xapp-sandbox"  # noqa: S105
TOO_MANY = 429
_FOR_APP_TOKENS = {"apps.connections.open"}


@dataclass(frozen=True, slots=True)
class Call:
    """One Web API call: its arguments, HTTP status (0: no response), and Slack's error name, or "" on success."""

    method: str
    args: Mapping[str, Any]
    status: int
    error: str


async def read_arguments(request: web.Request) -> Mapping[str, Any]:
    """The query and the body: JSON, which may be empty, form fields or multipart."""
    query = dict(request.query)
    if request.content_type == "application/json":
        body = await request.text()
        try:
            parsed = json.loads(body) if body.strip() else {}
        except ValueError:
            raise SlackError("invalid_json") from None
        if not isinstance(parsed, dict):
            raise SlackError("json_not_object")
        return query | parsed
    return query | dict(await request.post())


def _authorize(services: Services, method: str, token: str) -> None:
    if not token:
        raise SlackError("not_authed")
    if not token.startswith((BOT_TOKEN, APP_TOKEN)):
        raise SlackError("invalid_auth")
    if token.startswith(APP_TOKEN) != (method in _FOR_APP_TOKENS):
        raise SlackError("not_allowed_token_type")
    needed = SCOPES.get(method)
    if needed and needed not in services.scopes:
        raise SlackError("missing_scope", [needed])


class WebApi:
    """Serves /api/METHOD; `calls` logs every call, oldest first, without tokens."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.calls: list[Call] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one call."""
        method = request.match_info["method"]
        faults, workspace = self._services.faults, self._services.workspace
        headers = {"x-oauth-scopes": ",".join(sorted(self._services.scopes))}
        raw: Mapping[str, Any] = {}
        status, answer = 200, dict[str, Any]()
        refused: SlackError | None = None
        if faults.delay:
            await asyncio.sleep(faults.delay)
        with workspace.changed:
            outcome = faults.outcome(method, workspace.clock())
        try:
            raw = await read_arguments(request)
            token = str(raw.get("token", "")) or request.headers.get("Authorization", "").removeprefix("Bearer ")
            raw = {name: value for name, value in raw.items() if name != "token"}
            if outcome is None or outcome.done:
                with workspace.changed:
                    answer = {"ok": True} | self._call(method, Arguments(raw), token)
        except SlackError as error:
            refused = error
        if outcome is not None and outcome.seen == TOO_MANY:
            refused = RateLimitedError(faults.retry_after)
        if refused is not None:
            answer = _refusal(refused, self._services)
        if isinstance(refused, RateLimitedError):
            status, headers["Retry-After"] = TOO_MANY, str(refused.retry_after)
        self._log(Call(method, raw, status if outcome is None else outcome.seen, answer.get("error", "")))
        if outcome is None or outcome.seen == TOO_MANY:
            return web.json_response(answer, status=status, headers=headers)
        return await self._broken(request, outcome)

    async def _broken(self, request: web.Request, outcome: FaultOutcome) -> web.StreamResponse:
        """Respond to a call that fails below the Web API."""
        if outcome.seen:
            return web.Response(status=outcome.seen, text="upstream connect error")
        if outcome.silent:
            until = time.monotonic() + self._services.faults.silence
            # aiohttp doesn't tell a handler when the client closes the connection, so there is no event to wait for.
            while request.transport and not request.transport.is_closing() and time.monotonic() < until:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        if request.transport:
            request.transport.abort()
        return web.Response(status=500)  # never sent: the connection is closed

    def _call(self, method: str, args: Arguments, token: str) -> Json:
        services = self._services
        done = METHODS.get(method)
        if done is None:
            raise SlackError("unknown_method")
        _authorize(services, method, token)
        if method in services.faults.refuse:
            raise SlackError(services.faults.refuse[method])
        services.limiter.take(method, services.workspace.channel_id(args.text("channel")))
        return done(services, args)

    def _log(self, call: Call) -> None:
        changed = self._services.workspace.changed
        with changed:
            self.calls.append(call)
            changed.notify_all()


def _refusal(refused: SlackError, services: Services) -> Json:
    answer: Json = {"ok": False, "error": refused.code}
    if refused.code == "missing_scope":
        return answer | {"needed": refused.details[0], "provided": ",".join(sorted(services.scopes))}
    if refused.details:
        plain = [detail.removeprefix("[ERROR] ") for detail in refused.details]
        answer |= {"errors": plain, "response_metadata": {"messages": list(refused.details)}}
    return answer

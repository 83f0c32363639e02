"""The Web API's edge: arguments, tokens, scopes, rates, faults, and the log of calls."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot.sandbox.slack.arguments import Arguments
from bot.sandbox.slack.errors import RateLimitedError, SlackError
from bot.sandbox.slack.methods import METHODS, SCOPES
from bot.sandbox.slack.services import Services
from bot.sandbox.slack.state import Json

BOT_TOKEN = "xoxb-sandbox"  # noqa: S105  tokens of a workspace that exists only here
APP_TOKEN = "xapp-sandbox"  # noqa: S105
_FOR_APP_TOKENS = {"apps.connections.open"}


@dataclass(frozen=True, slots=True)
class Call:
    """One Web API call: what came, the HTTP status, and Slack's error name or "" when it was done."""

    method: str
    args: Mapping[str, Any]
    status: int
    error: str


async def read_arguments(request: web.Request) -> Mapping[str, Any]:
    """The query and the body: JSON (an empty body too), form fields, or multipart."""
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
    """Answers /api/METHOD; `calls` logs every call, oldest first, without tokens."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.calls: list[Call] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One call."""
        method = request.match_info["method"]
        faults, changed = self._services.faults, self._services.workspace.changed
        raw: Mapping[str, Any] = {}
        headers = {"x-oauth-scopes": ",".join(sorted(self._services.scopes))}
        if faults.delay:
            await asyncio.sleep(faults.delay)
        if self._services.workspace.clock() < faults.down_until:
            self._log(Call(method, raw, 503, "down"))
            return web.Response(status=503, text="upstream connect error")
        status = 200
        try:
            raw = await read_arguments(request)
            token = str(raw.get("token", "")) or request.headers.get("Authorization", "").removeprefix("Bearer ")
            raw = {name: value for name, value in raw.items() if name != "token"}
            with changed:
                answer: Json = {"ok": True} | self._call(method, Arguments(raw), token)
        except RateLimitedError as limited:
            status, headers["Retry-After"] = 429, str(limited.retry_after)
            answer = {"ok": False, "error": limited.code}
        except SlackError as refused:
            answer = _refusal(refused, self._services)
        self._log(Call(method, raw, status, answer.get("error", "")))
        if answer["ok"] and faults.strikes("cut", method):
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        return web.json_response(answer, status=status, headers=headers)

    def _call(self, method: str, args: Arguments, token: str) -> Json:
        services = self._services
        faults = services.faults
        if faults.strikes("rate_limited", method):
            raise RateLimitedError(faults.retry_after)
        done = METHODS.get(method)
        if done is None:
            raise SlackError("unknown_method")
        _authorize(services, method, token)
        if method in faults.refuse:
            raise SlackError(faults.refuse[method])
        services.limiter.take(method, services.workspace.channel_id(args.text("channel")))
        answer = done(services, args)
        if faults.strikes("rate_limited_after", method):
            raise RateLimitedError(faults.retry_after)
        return answer

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

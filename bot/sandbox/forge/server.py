"""One forge: git over HTTP, the REST API and the pages, with the switches that make it misbehave."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import jwt
import orjson
from aiohttp import web

from bot.sandbox.forge import api, git_http, pages
from bot.sandbox.forge.git import Person
from bot.sandbox.forge.hosting import HostedRepository, RefusedError

_LIMIT = 5000  # requests an hour, as GitHub grants a token
_WRITES = frozenset({"contents", "pull_requests", "issues"})
_CSS = Path(__file__).with_name("forge.css")


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Faults:
    """What is wrong with the forge. Pages for people keep working; git and the API do not."""

    down: bool = False  # 503 to everything
    unauthorized: bool = False  # every token is refused
    slow: float = 0.0  # seconds before each answer
    rate_limited_until: datetime | None = None  # the primary rate limit, used up
    secondary_limit: int | None = None  # seconds of Retry-After
    lose_creations: int = 0  # so many pull requests are created and answered with a 502


@dataclass(frozen=True, slots=True)
class Token:
    """Who a token speaks for, and what it may write: contents, pull_requests, issues."""

    login: str
    writes: frozenset[str] = _WRITES


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a machine, as answered: path without the query."""

    method: str
    path: str
    status: int


class SandboxForge:
    """A small GitHub with real bare repositories below `root`.

    Give `app` to `bot.sandbox.server.Server`; then `url` + "/api/v3" is the API, `url`/owner/name.git the remote and
    `url`/owner/name the page. `token` is the bot's own; more can be put into `tokens`, and GitHub Apps (id to public
    key, PEM) into `apps`. `people` may review and merge on the pages. `clock` gives aware datetimes.
    """

    def __init__(self, root: Path, clock: Callable[[], datetime] = _now) -> None:
        self._root = root
        self._clock = clock
        self.token = f"forge_{secrets.token_hex(16)}"
        self.people: dict[str, Person] = {}
        self.tokens: dict[str, Token] = {self.token: Token("gitops-bot")}
        self.apps: dict[str, str] = {}
        self.repositories: dict[str, HostedRepository] = {}
        self.faults = Faults()
        self.requests: list[Request] = []
        self.people["gitops-bot"] = Person("gitops-bot", "gitops-bot", "gitops-bot@users.forge.example", bot=True)
        self.app = self._application()

    def add_person(self, login: str, name: str, email: str) -> Person:
        """Give somebody an account."""
        person = self.people[login] = Person(login, name, email)
        return person

    def create_repository(self, full_name: str, *, branch: str = "main", first_number: int = 1) -> HostedRepository:
        """An empty bare repository `owner/name`; its default branch is protected against direct pushes."""
        repository = HostedRepository(
            self._root / f"{full_name}.git",
            full_name,
            branch=branch,
            people=self.people,
            clock=self._clock,
            first_number=first_number,
        )
        self.repositories[full_name] = repository
        return repository

    def _application(self) -> web.Application:
        app = web.Application()
        routes = app.router
        prefix = "/api/v3"
        routes.add_get(f"{prefix}/user", self._user)
        routes.add_get(f"{prefix}/repos/{{owner}}/{{name}}/installation", self._installation)
        routes.add_post(f"{prefix}/app/installations/1/access_tokens", self._installation_token)
        for route in api.ROUTES:
            handler = partial(self._call, route)
            routes.add_route(route.method, f"{prefix}/repos/{{owner}}/{{name}}{route.path}", handler)
        routes.add_route("*", f"{prefix}/{{tail:.*}}", self._unknown)
        routes.add_route("*", "/{owner}/{name}.git/{tail:.+}", self._git)
        routes.add_get("/static/forge.css", _stylesheet)
        pages.add_routes(routes, self.repositories, self.people, self._clock)
        app.middlewares.append(self._edge)
        return app

    # -------------------------------------------------------------- the edge: faults, errors, the record

    @web.middleware
    async def _edge(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        is_api = request.path.startswith("/api/")
        if not is_api and "/{name}.git" not in _route_of(request):
            return await handler(request)
        if self.faults.slow:
            await asyncio.sleep(self.faults.slow)
        try:
            answer = self._fault(request, is_api=is_api) or await handler(request)
        except RefusedError as refused:
            answer = _json(api.error(refused.status, str(refused), refused.errors), refused.status)
        if (request.method, answer.status) == ("POST", 201) and request.path.endswith("/pulls"):
            answer = self._maybe_lost(answer)
        self.requests.append(Request(request.method, request.path, answer.status))
        if is_api:
            limited = self.faults.rate_limited_until
            reset = limited or self._clock() + timedelta(hours=1)
            answer.headers["X-RateLimit-Limit"] = str(_LIMIT)
            answer.headers["X-RateLimit-Remaining"] = str(0 if limited else max(_LIMIT - len(self.requests), 1))
            answer.headers["X-RateLimit-Reset"] = str(int(reset.timestamp()))
        return answer

    def _fault(self, request: web.Request, *, is_api: bool) -> web.Response | None:
        faults = self.faults
        if faults.down:
            return web.Response(status=503, text="The forge is down.\n")
        if faults.unauthorized and not is_api and "Authorization" in request.headers:
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="forge"'})
        if not is_api:
            return None
        if faults.unauthorized:
            raise RefusedError(401, "Bad credentials")
        if faults.rate_limited_until:
            raise RefusedError(403, "API rate limit exceeded for user ID 1.")
        if faults.secondary_limit is not None:
            body = api.error(
                403, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
            )
            return _json(body, 403, {"Retry-After": str(faults.secondary_limit)})
        return None

    def _maybe_lost(self, answer: web.StreamResponse) -> web.StreamResponse:
        if self.faults.lose_creations <= 0:
            return answer
        self.faults.lose_creations -= 1
        return web.Response(status=502, text="<html><h1>502 Bad Gateway</h1></html>", content_type="text/html")

    # -------------------------------------------------------------- REST

    async def _call(self, route: api.Route, request: web.Request) -> web.Response:
        token = self._authenticated(request)
        repository = self._repository(request)
        if route.needs and route.needs not in token.writes:
            body = api.error(403, "Resource not accessible by personal access token")
            return _json(body, 403, {"X-Accepted-GitHub-Permissions": f"{route.needs}=write"})
        call = api.Call(
            root=_root(request),
            login=token.login,
            writes=token.writes,
            repository=repository,
            found=request.match_info,
            query=request.query,
            body=await _body(request),
        )
        answer = await asyncio.to_thread(route.answer, call)
        if isinstance(answer, list):
            return _page(request, answer)
        return _json(answer, route.status)

    async def _user(self, request: web.Request) -> web.Response:
        return _json(api.user(self._authenticated(request).login, _root(request)))

    async def _unknown(self, request: web.Request) -> web.Response:
        self._authenticated(request)
        raise RefusedError(404, "Not Found")

    async def _installation(self, request: web.Request) -> web.Response:
        app_id = self._app(request)
        repository = self._repository(request)
        return _json({"id": 1, "app_id": int(app_id), "account": api.user(repository.owner, _root(request))})

    async def _installation_token(self, request: web.Request) -> web.Response:
        app_id = self._app(request)
        token = f"installation_{secrets.token_hex(16)}"
        self.tokens[token] = Token(f"app-{app_id}[bot]", _WRITES)
        return _json(api.installation_token(token, self._clock()), 201)

    def _app(self, request: web.Request) -> str:
        signed = git_http.basic_token(request.headers.get("Authorization", ""))
        try:
            app_id = str(jwt.decode(signed, options={"verify_signature": False})["iss"])
            jwt.decode(signed, self.apps.get(app_id, ""), algorithms=["RS256"])
        except (jwt.PyJWTError, KeyError, ValueError) as error:
            raise RefusedError(401, "A JSON web token could not be decoded") from error
        return app_id

    def _authenticated(self, request: web.Request) -> Token:
        header = request.headers.get("Authorization", "")
        token = self.tokens.get(git_http.basic_token(header))
        if token is None:
            raise RefusedError(401, "Bad credentials" if header else "Requires authentication")
        return token

    def _repository(self, request: web.Request) -> HostedRepository:
        full_name = f"{request.match_info['owner']}/{request.match_info['name']}"
        repository = self.repositories.get(full_name)
        if repository is None:
            raise RefusedError(404, "Not Found")
        return repository

    # -------------------------------------------------------------- git

    async def _git(self, request: web.Request) -> web.StreamResponse:
        return await git_http.serve(request, self._root, self._repository(request), self._may_push)

    def _may_push(self, token: str) -> bool | None:
        known = self.tokens.get(token)
        return None if known is None else "contents" in known.writes


async def _stylesheet(_: web.Request) -> web.Response:
    return web.Response(text=_CSS.read_text(), content_type="text/css", headers={"Cache-Control": "max-age=60"})


def _route_of(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource else ""


def _root(request: web.Request) -> str:
    return f"{request.scheme}://{request.host}"


async def _body(request: web.Request) -> Mapping[str, object]:
    raw = await request.read()
    if not raw:
        return {}
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise RefusedError(400, "Problems parsing JSON") from error
    if not isinstance(body, dict):
        raise RefusedError(400, "Body should be a JSON object")
    return body


def _json(
    body: api.Json | Sequence[api.Json], status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json", headers=headers)


def _page(request: web.Request, items: list[api.Json]) -> web.Response:
    try:
        size = min(max(int(request.query.get("per_page", "30")), 1), 100)
        page = max(int(request.query.get("page", "1")), 1)
    except ValueError as error:
        raise RefusedError(422, "per_page and page are numbers") from error
    headers = {}
    if page * size < len(items):
        query = urlencode({**request.query, "page": page + 1})
        headers["Link"] = f'<{_root(request)}{request.path}?{query}>; rel="next"'
    return _json(items[(page - 1) * size : page * size], headers=headers)

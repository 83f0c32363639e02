"""The forge's server: git over HTTP, the REST API and the pages, with faults to inject."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import jwt
import orjson
from aiohttp import web

from bot.sandbox.forge import bitbucket_server, git_http, github, pages
from bot.sandbox.forge import github_shapes as shapes
from bot.sandbox.forge.dialect import Answer, Call, Dialect, Limit, Route
from bot.sandbox.forge.git import Person
from bot.sandbox.forge.hosting import HostedRepository, RefusedError
from bot.sandbox.forge.webhooks import Sender

_LIMIT = 5000  # requests an hour, as for a token on GitHub
_HOUR = timedelta(hours=1)
_WRITES = frozenset({"contents", "pull_requests", "issues"})
_CREATIONS = ("/pulls", "/merge_requests", "/pullrequests", "/pull-requests", "/git/refs")
_CSS = Path(__file__).with_name("forge.css")


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Faults:
    """Faults of git and the API. The pages keep working."""

    down: bool = False  # 503 to everything
    unauthorized: bool = False  # every token is refused
    slow: float = 0.0  # seconds before each answer
    rate_limited_until: datetime | None = None  # when an exhausted rate limit resets
    secondary_limit: int | None = None  # seconds of GitHub's Retry-After
    lose_creations: int = 0  # how many pull requests or branches are created but answered with a 502


@dataclass(frozen=True, slots=True)
class Token:
    """A token's account and its write permissions: contents, pull_requests, issues."""

    login: str
    writes: frozenset[str] = _WRITES


@dataclass(frozen=True, slots=True)
class Request:
    """One request to git or the API; `path` is without the query."""

    method: str
    path: str
    status: int


class SandboxForge:
    """A small forge with real bare repositories below `root`, and the API of `dialect`.

    Run `app` with `bot.sandbox.server.Server`: `url` + `dialect.prefix` is the API, `url`/owner/name.git a remote and
    `url`/owner/name its page. `moved` maps a repository's former name to the current one. `token` is the bot's; add
    others to `tokens`, and GitHub Apps (ID to public key in PEM) to `apps`. `people` can review and merge on the pages.
    `clock` returns aware datetimes.
    """

    def __init__(self, root: Path, clock: Callable[[], datetime] = _now, dialect: Dialect = github.GITHUB) -> None:
        self._root = root
        self.dialect = dialect
        self._clock = clock
        self.token = f"forge_{secrets.token_hex(16)}"
        self.people: dict[str, Person] = {}
        self.tokens: dict[str, Token] = {self.token: Token("gitops-bot")}
        self.apps: dict[str, str] = {}
        self.repositories: dict[str, HostedRepository] = {}
        self.moved: dict[str, str] = {}
        self.faults = Faults()
        self.requests: list[Request] = []
        self.people["gitops-bot"] = Person("gitops-bot", "gitops-bot", "gitops-bot@users.forge.example", bot=True)
        self.webhooks = Sender(dialect.hooks)
        self.app = self._application()

    def add_person(self, login: str, name: str, email: str) -> Person:
        """Create an account."""
        person = self.people[login] = Person(login, name, email)
        return person

    def create_repository(self, full_name: str, *, branch: str = "main", first_number: int = 1) -> HostedRepository:
        """Create an empty bare repository `owner/name`; its default branch is protected from direct pushes."""
        repository = HostedRepository(
            self._root / f"{full_name}.git",
            full_name,
            branch=branch,
            people=self.people,
            clock=self._clock,
            first_number=first_number,
            id_=len(self.repositories) + 1,
        )
        repository.on_push = partial(self.webhooks.push, full_name)
        repository.on_pull = partial(self.webhooks.pull, full_name)
        self.repositories[full_name] = repository
        return repository

    def _application(self) -> web.Application:
        app = web.Application()
        routes = app.router
        dialect = self.dialect
        if dialect is github.GITHUB:
            routes.add_get(f"{dialect.prefix}/user", self._user)
            routes.add_get(f"{dialect.prefix}{dialect.repository}/installation", self._installation)
            routes.add_post(f"{dialect.prefix}/app/installations/1/access_tokens", self._installation_token)
        if dialect is bitbucket_server.BITBUCKET_SERVER:
            routes.add_get(f"{bitbucket_server.BUILD_STATUSES}/{{sha}}", self._build_statuses)
        for route in dialect.routes:
            path = f"{dialect.prefix}{dialect.repository}{route.path}"
            routes.add_route(route.method, path, partial(self._call, route))
        routes.add_route("*", f"{dialect.prefix}/{{tail:.*}}", self._unknown)
        routes.add_route("*", f"{dialect.git}/{{full_name:.+}}.git/{{tail:.+}}", self._git)
        routes.add_get("/static/forge.css", _stylesheet)
        pages.add_routes(routes, self.repositories, self.people, self._clock)
        app.middlewares.append(self._edge)
        return app

    # -------------------------------------------------------------- middleware: faults, errors, log

    @web.middleware
    async def _edge(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        is_api = request.path.startswith(f"{self.dialect.prefix}/")
        if not is_api and "{full_name}.git" not in _route_of(request):
            return await handler(request)
        if self.faults.slow:
            await asyncio.sleep(self.faults.slow)
        try:
            answer = self._fault(request, is_api=is_api) or await handler(request)
        except RefusedError as refused:
            answer = _sent(self.dialect.refused(refused))
        if request.method == "POST" and answer.status in (200, 201) and request.path.endswith(_CREATIONS):
            answer = self._maybe_lost(answer)
        self.requests.append(Request(request.method, request.path, answer.status))
        if is_api:
            answer.headers.update(self.dialect.limits(self._limit()))
        return answer

    def _limit(self) -> Limit:
        until = self.faults.rate_limited_until
        left = 0 if until else max(_LIMIT - len(self.requests), 1)
        wait = max(int((until - self._clock()).total_seconds()), 0) if until else None
        return Limit(_LIMIT, left, until or self._clock() + _HOUR, wait)

    def _fault(self, request: web.Request, *, is_api: bool) -> web.Response | None:
        faults = self.faults
        if faults.down:
            return web.Response(status=503, text="The forge is down.\n")
        if faults.unauthorized and not is_api and "Authorization" in request.headers:
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="forge"'})
        if not is_api:
            return None
        if faults.unauthorized:
            raise RefusedError(401, "Bad credentials", reason="token")
        if faults.rate_limited_until:
            return _sent(self.dialect.limited(self._limit()))
        if faults.secondary_limit is not None:
            limit = replace(self._limit(), wait=faults.secondary_limit, secondary=True)
            return _sent(self.dialect.limited(limit))
        return None

    def _maybe_lost(self, answer: web.StreamResponse) -> web.StreamResponse:
        if self.faults.lose_creations <= 0:
            return answer
        self.faults.lose_creations -= 1
        return web.Response(status=502, text="<html><h1>502 Bad Gateway</h1></html>", content_type="text/html")

    # -------------------------------------------------------------- REST

    async def _call(self, route: Route, request: web.Request) -> web.Response:
        token = self._authenticated(request)
        full_name = self.dialect.name_of(request.match_info)
        if full_name in self.moved:
            return _sent(self.dialect.moved(self._current_url(request, full_name), request.method))
        repository = self._repository(full_name)
        if route.needs and route.needs not in token.writes:
            raise RefusedError(403, "Forbidden", reason="scope", about=route.needs)
        if route.needs and repository.archived:
            raise RefusedError(403, "Repository was archived so is read-only.", reason="archived")
        call = Call(
            root=_root(request),
            login=token.login,
            writes=token.writes,
            repository=repository,
            params=request.match_info,
            query={name: request.query.getall(name) for name in request.query},
            body=await _body(request),
        )
        answer = await asyncio.to_thread(route.answer, call)
        if isinstance(answer, Answer):
            return _sent(answer)
        if isinstance(answer, list):
            return _sent(self.dialect.page(f"{_root(request)}{request.rel_url.raw_path}", call.query, answer))
        return _sent(Answer(route.status, answer))

    def _current_url(self, request: web.Request, full_name: str) -> str:
        """The URL of the same call with the repository's current name."""
        spelled = self.dialect.spelled
        path = request.rel_url.raw_path.replace(spelled(full_name), spelled(self.moved[full_name]), 1)
        return f"{_root(request)}{path}{'?' if request.query_string else ''}{request.rel_url.raw_query_string}"

    async def _user(self, request: web.Request) -> web.Response:
        return _sent(Answer(200, shapes.myself(self._authenticated(request).login, _root(request), self._clock())))

    async def _unknown(self, request: web.Request) -> web.Response:
        self._authenticated(request)
        raise RefusedError(404, "Not Found")

    async def _build_statuses(self, request: web.Request) -> web.Response:
        self._authenticated(request)
        builds = bitbucket_server.build_statuses(self.repositories.values(), request.match_info["sha"])
        query = {name: request.query.getall(name) for name in request.query}
        return _sent(self.dialect.page(str(request.url), query, builds))

    async def _installation(self, request: web.Request) -> web.Response:
        app_id = self._app(request)
        repository = self._repository(self.dialect.name_of(request.match_info))
        answer = shapes.installation(repository.owner, int(app_id), _root(request), self._clock())
        return _sent(Answer(200, answer))

    async def _installation_token(self, request: web.Request) -> web.Response:
        app_id = self._app(request)
        token = f"installation_{secrets.token_hex(16)}"
        self.tokens[token] = Token(f"app-{app_id}[bot]", _WRITES)
        return _sent(Answer(201, shapes.installation_token(token, self._clock())))

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
            reason = "token" if header else ""
            raise RefusedError(401, "Requires authentication", reason=reason)
        return token

    def _repository(self, full_name: str) -> HostedRepository:
        by_id = {str(repository.id): repository for repository in self.repositories.values()}
        repository = self.repositories.get(full_name) or by_id.get(full_name)
        if repository is None:
            raise RefusedError(404, "Not Found", reason="repository", about=full_name)
        return repository

    # -------------------------------------------------------------- git

    async def _git(self, request: web.Request) -> web.StreamResponse:
        full_name = request.match_info["full_name"]
        if full_name in self.moved:
            raise web.HTTPMovedPermanently(str(request.rel_url).replace(full_name, self.moved[full_name], 1))
        repository = self._repository(full_name)
        if request.match_info["tail"] != "git-receive-pack":
            return await git_http.serve(request, self._root, repository, self._may_push)
        before = await asyncio.to_thread(repository.git.branches)
        answer = await git_http.serve(request, self._root, repository, self._may_push)
        token = self.tokens.get(git_http.basic_token(request.headers.get("Authorization", "")))
        await asyncio.to_thread(_note_pushes, repository, before, token.login if token else "")
        return answer

    def _may_push(self, header: str) -> bool | None:
        token = self.tokens.get(git_http.basic_token(header))
        if token is None or not git_http.has_credentials(header, self.dialect):
            return None
        return "contents" in token.writes


def _note_pushes(repository: HostedRepository, before: Mapping[str, str], login: str) -> None:
    after = repository.git.branches()
    for branch in before.keys() | after.keys():
        if (old := before.get(branch, "")) != (new := after.get(branch, "")):
            repository.pushed(branch, old, new, login)


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


def _sent(answer: Answer) -> web.Response:
    if isinstance(answer.body, str):
        return web.Response(text=answer.body, status=answer.status, headers=answer.headers)
    body = orjson.dumps(answer.body)
    return web.Response(body=body, status=answer.status, content_type="application/json", headers=answer.headers)

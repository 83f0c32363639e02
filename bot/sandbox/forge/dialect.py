"""The differences between the forges' APIs: paths, error messages, pagination, rate limits and authentication."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.sandbox.forge.hosting import HostedRepository, RefusedError

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated call: `root` is the forge's URL, `params` the path's parameters, `body` the request's object.

    `query` maps each parameter to its values, in order.
    """

    root: str
    login: str
    writes: frozenset[str]
    repository: HostedRepository
    params: Mapping[str, str]
    query: Mapping[str, list[str]]
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def number(self) -> int:
        """The number of the pull request in the path."""
        return int(self.params["number"])

    def parameter(self, name: str, default: str = "") -> str:
        """A query parameter."""
        return self.query.get(name, [default])[0]

    def text(self, name: str) -> str:
        """A string in the body; "" if it is missing. Raises RefusedError 422 for anything else."""
        value = self.body.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise RefusedError(422, f"Invalid request.\n\nFor 'properties/{name}', {value!r} is not a string.")
        return value


@dataclass(frozen=True, slots=True)
class Route:
    """One REST call below a repository's path. `needs` is the write permission that a token must have, None to read.

    Lists are paginated, but not those in an object or in an `Answer`.
    """

    method: str
    path: str
    answer: Callable[[Call], "Json | list[Json] | Answer"]
    status: int = 200
    needs: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: JSON, or text if the forge sends text."""

    status: int
    body: Json | list[Json] | str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limit:
    """A token's rate limit: the number of requests, how many are left, and when it resets.

    `wait` is the number of seconds to wait; None for an accepted request.
    """

    most: int
    left: int
    reset: datetime
    wait: int | None = None
    secondary: bool = False


@dataclass(frozen=True, slots=True)
class HookStyle:
    """The names of one forge's webhook headers: event, delivery ID, and either a signature or the plain secret.

    `push` and `pull` are the forge's names of those events.
    """

    event: str
    push: str
    pull: str
    delivery: str
    signature: str = ""
    plain: str = ""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One forge's API.

    `prefix` is the API's root and `repository` a repository's path below it. `name_of` reads a repository's full name
    or ID from the path's parameters; `spelled` writes a full name as part of the path.

    `refused` and `limited` create the responses to refused and rate-limited calls, and `limits` the rate limit headers.
    `page` paginates a list by its URL and query, `moved` redirects a call (by its new URL and method) from a
    repository's former name, `hooks` describes the webhooks.

    `git` precedes a repository's path in its remote's URL. A push authenticates with `scheme` and, if that is basic, as
    one of `users`; with no users, as anyone.
    """

    prefix: str
    repository: str
    name_of: Callable[[Mapping[str, str]], str]
    spelled: Callable[[str], str]
    routes: tuple[Route, ...]
    refused: Callable[[RefusedError], Answer]
    limited: Callable[[Limit], Answer]
    limits: Callable[[Limit], Mapping[str, str]]
    page: Callable[[str, Mapping[str, list[str]], list[Json]], Answer]
    moved: Callable[[str, str], Answer]
    hooks: HookStyle
    git: str = ""
    scheme: str = "basic"
    users: frozenset[str] = frozenset()

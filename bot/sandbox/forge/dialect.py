"""What the forges' APIs differ in, as one value each: paths, words of refusal, pages, limits and who may push."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.sandbox.forge.hosting import HostedRepository, RefusedError

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated call: `root` is the forge's URL, `found` the path's groups, `body` the request's object.

    `query` maps each parameter to its values, in their order.
    """

    root: str
    login: str
    writes: frozenset[str]
    repository: HostedRepository
    found: Mapping[str, str]
    query: Mapping[str, list[str]]
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def number(self) -> int:
        """The pull request's number in the path."""
        return int(self.found["number"])

    def asked(self, name: str, default: str = "") -> str:
        """A parameter of the query."""
        return self.query.get(name, [default])[0]

    def text(self, name: str) -> str:
        """A string of the body, "" when it is missing. RefusedError 422 for anything else."""
        value = self.body.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise RefusedError(422, f"Invalid request.\n\nFor 'properties/{name}', {value!r} is not a string.")
        return value


@dataclass(frozen=True, slots=True)
class Route:
    """One REST call below a repository's path: `needs` is the permission a token must have to write, None to read.

    A list that it answers is paged.
    """

    method: str
    path: str
    answer: Callable[[Call], Json | list[Json]]
    status: int = 200
    needs: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back: a JSON body, or a text where the forge sends one."""

    status: int
    body: Json | list[Json] | str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limit:
    """A token's rate limit: how many requests it has, how many are left, and when all are back.

    `wait` are the seconds a request is told to wait, None for one that is let in.
    """

    most: int
    left: int
    reset: datetime
    wait: int | None = None
    secondary: bool = False


@dataclass(frozen=True, slots=True)
class HookStyle:
    """The headers of one forge's webhooks: the event's and the delivery's, and either a signature's or the secret's.

    `push` and `pull` are what it calls those events.
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

    `prefix` is the API's root and `repository` a repository's path below it; `name_of` reads a repository's full name
    (or its id) out of that path's groups, and `spelled` is how a full name stands in it.

    `refused` words what is not done, `limited` a request too many; `limits` are the headers of every answer, `page`
    cuts a list by its URL and query, `moved` sends a call (its new URL, its method) on from a repository's former name,
    `hooks` are its webhooks.

    `git` stands before a repository's path in its remote's URL; a push says who it is by `scheme` and, where that is
    basic, as one of `users` (none: anybody).
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

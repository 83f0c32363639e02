"""One request to the API server and its answer, without any I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.sandbox.cluster.errors import bad_request
from bot.sandbox.cluster.kinds import Kind

NOBODY = "system:anonymous"


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks. `path` has no query; `identity` is who its token says it is."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    content_type: str = "application/json"
    accept: str = "application/json"
    user_agent: str = ""
    identity: str = NOBODY

    @property
    def manager(self) -> str:
        """The field manager: as asked for, else the first word of the user agent, as the server does."""
        return self.query.get("fieldManager") or self.user_agent.partition("/")[0][:128] or "unknown"

    def number(self, name: str) -> int:
        """A number out of the query, 0 without one. ApiError 400 for anything else."""
        text = self.query.get(name) or "0"
        if not text.isdecimal():
            raise bad_request(f"{name} must be a number, not {text!r}")
        return int(text)


@dataclass(frozen=True, slots=True)
class Response:
    """JSON bytes and an HTTP status."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Received:
    """What the cluster remembers of a request. `identity` is `system:anonymous` for a stranger."""

    method: str
    path: str
    user_agent: str
    identity: str


@dataclass(frozen=True, slots=True)
class Target:
    """What a path names: a kind, and of it everything (no name), one object, or a part of one object."""

    kind: Kind
    namespace: str | None  # None: cluster-scoped, or a list of all namespaces
    name: str | None
    subresource: str

    @property
    def key(self) -> tuple[str, str]:
        """Where the store has it."""
        return (self.namespace or "", self.name or "")

    @property
    def collection(self) -> tuple[str, str]:
        """Where the store has everything of its kind."""
        return (self.kind.group, self.kind.plural)

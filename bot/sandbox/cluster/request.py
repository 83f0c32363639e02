"""A request to the API server and its response, without I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.sandbox.cluster.errors import bad_request
from bot.sandbox.cluster.kinds import Kind

NOBODY = "system:anonymous"


@dataclass(frozen=True, slots=True)
class Request:
    """A client's request. `path` is without the query; `identity` is the user of its token."""

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
        """The field manager: from the query, or else the first word of the user agent, as in the real server."""
        return self.query.get("fieldManager") or self.user_agent.partition("/")[0][:128] or "unknown"

    def number(self, name: str) -> int:
        """A number in the query; 0 if it is missing. Raises ApiError 400 for anything else."""
        text = self.query.get(name) or "0"
        if not text.isdecimal():
            raise bad_request(f"{name} must be a number, not {text!r}")
        return int(text)


@dataclass(frozen=True, slots=True)
class Response:
    """A response: HTTP status and JSON."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """A recorded request. `identity` is `system:anonymous` without a valid token."""

    method: str
    path: str
    user_agent: str
    identity: str


@dataclass(frozen=True, slots=True)
class Target:
    """The target of a path: all objects of a kind (no name), one object, or a subresource."""

    kind: Kind
    namespace: str | None  # None if cluster-scoped, or for a list of all namespaces
    name: str | None
    subresource: str

    @property
    def key(self) -> tuple[str, str]:
        """The object's key in the store."""
        return (self.namespace or "", self.name or "")

    @property
    def collection(self) -> tuple[str, str]:
        """The kind's collection in the store."""
        return (self.kind.group, self.kind.plural)

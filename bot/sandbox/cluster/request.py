"""One request to the API server and its answer, without any I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field

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

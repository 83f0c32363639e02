"""The state and services that the parts of the sandbox share."""

from dataclasses import dataclass, field

from bot.sandbox.slack.faults import Faults
from bot.sandbox.slack.interactions import Delivery, ResponseUrls, Triggers
from bot.sandbox.slack.rate import Limiter
from bot.sandbox.slack.socket_mode import SocketMode
from bot.sandbox.slack.state import Workspace

# The bot's required scopes and the optional ones: https://docs.slack.dev/reference/scopes
ALL_SCOPES = frozenset(
    {
        "app_mentions:read",
        "channels:history",
        "channels:read",
        "chat:write",
        "commands",
        "files:write",
        "usergroups:read",
        "users:read",
        "users:read.email",
    }
)


@dataclass(slots=True)
class Services:
    """The workspace and its services. `url` is the server's root, known after the first request."""

    workspace: Workspace
    faults: Faults
    limiter: Limiter
    triggers: Triggers
    response_urls: ResponseUrls
    sockets: SocketMode
    delivery: Delivery
    scopes: set[str] = field(default_factory=lambda: set(ALL_SCOPES))
    url: str = ""

"""The contents of a workspace: users, groups, files, messages, channels and views."""

from dataclasses import dataclass, field
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

TEAM = {"id": "T0ACME0001", "name": "Acme", "domain": "acme"}
APP_ID = "A0GITOPS01"
BOT_ID = "B0GITOPS01"
BOT_USER = "U0GITOPS01"
SLACKBOT = "USLACKBOT"
COMMAND = "/gitops"


@dataclass(frozen=True, slots=True)
class User:
    """A user of the workspace, who may have `left` it. `color` is the CSS color of the avatar on the page."""

    id: str
    name: str
    display: str
    email: str
    color: str
    bot: bool = False
    left: bool = False
    zone: str = "Europe/Madrid"


USERS = (
    User("U0JONAS001", "jonas", "Jonas Weber", "jonas@acme.example", "#2e7d8c"),
    User("U0MIRA0001", "mira", "Mira Okafor", "mira@acme.example", "#8c4a2e"),
    User("U0PRIYA001", "priya", "Priya Raman", "priya@acme.example", "#6a3d9a"),
    User("U0TOMAS001", "tomas", "Tomás Silva", "tomas@contractor.example", "#4d7c0f"),
    User(BOT_USER, "gitops", "GitOps", "", "#1d4ed8", bot=True),
    User(SLACKBOT, "slackbot", "Slackbot", "", "#5b5b66", bot=True),
)


@dataclass(frozen=True, slots=True)
class Group:
    """A user group; `members` are user IDs."""

    id: str
    handle: str
    members: tuple[str, ...]


GROUPS = (Group("S0PLATFORM", "platform", ("U0JONAS001", "U0MIRA0001")),)


@dataclass(slots=True, eq=False)
class File:
    """An upload: announced (`content` is None), uploaded, then shared. `alt_text` describes an image."""

    id: str
    name: str
    length: int
    ticket: str
    title: str = ""
    alt_text: str = ""
    content: bytes | None = None
    shared: bool = False

    def page(self) -> Json:
        """The form for the page."""
        return {
            "id": self.id,
            "name": self.name,
            "title": self.title,
            "size": self.length,
            "url": f"/ui/files/{self.id}",
            "image": self.is_image,
            "alt": self.alt_text,
        }

    @property
    def is_image(self) -> bool:
        """Whether it is shown as an image."""
        return self.name.endswith(".png")


@dataclass(frozen=True, slots=True)
class Version:
    """The content of a message from `ts` on."""

    ts: str
    text: str
    blocks: list[Json]


@dataclass(slots=True, eq=False)
class Message:
    """One message. Only the user `ephemeral_for` sees it, if set; `thread_ts` is the parent's ts, also on the parent.

    `versions` holds every content, the oldest first. `deleted_by` is a user ID; deleted messages stay in the channel's
    list.
    """

    channel: str
    ts: str
    user: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    thread_ts: str | None = None
    ephemeral_for: str | None = None
    broadcast: bool = False  # a reply that is also shown in the channel
    versions: list[Version] = field(default_factory=list)
    deleted_by: str | None = None
    reply_count: int = 0
    metadata: Json | None = None
    files: list[File] = field(default_factory=list)

    @property
    def bot(self) -> bool:
        """Whether the bot posted it."""
        return self.user == BOT_USER

    @property
    def deleted(self) -> bool:
        """Whether it is deleted."""
        return self.deleted_by is not None

    @property
    def edited(self) -> str | None:
        """The ts of the last edit."""
        return self.versions[-1].ts if len(self.versions) > 1 else None

    @property
    def payload(self) -> Json:
        """The event_payload of its metadata, where an app keeps its own keys; empty without metadata."""
        return dict((self.metadata or {}).get("event_payload") or {})

    @property
    def reply(self) -> bool:
        """Whether it is a reply in a thread."""
        return self.thread_ts is not None and self.thread_ts != self.ts

    def page(self) -> Json:
        """The form for the page."""
        shown: Json = {
            "ts": self.ts,
            "channel": self.channel,
            "user": self.user,
            "bot": self.bot,
            "text": "This message was deleted." if self.deleted else self.text,
            "blocks": [] if self.deleted else self.blocks,
        }
        optional = {
            "thread_ts": self.thread_ts,
            "reply_count": self.reply_count,
            "broadcast": self.broadcast,
            "edited": bool(self.edited),
            "deleted": self.deleted,
            "ephemeral_for": self.ephemeral_for,
            "files": [file.page() for file in self.files],
        }
        return shown | {name: value for name, value in optional.items() if value}

    def api(self, *, metadata: bool = False) -> Json:
        """The form for the Web API and interaction payloads."""
        if self.deleted:
            gone = {"type": "message", "subtype": "tombstone", "ts": self.ts, "user": SLACKBOT, "hidden": True}
            return gone | {"text": "This message was deleted.", "thread_ts": self.ts, "reply_count": self.reply_count}
        shown: Json = {"type": "message", "user": self.user, "ts": self.ts, "team": TEAM["id"], "text": self.text}
        if self.bot:
            shown |= {"bot_id": BOT_ID, "app_id": APP_ID}
        if self.edited:
            shown["edited"] = {"user": self.user, "ts": self.edited}
        if metadata and self.metadata:
            shown["metadata"] = self.metadata
        optional = {
            "subtype": "thread_broadcast" if self.broadcast else "",
            "blocks": self.blocks,
            "thread_ts": self.thread_ts,
            "reply_count": self.reply_count,
            "files": [{"id": file.id, "name": file.name, "title": file.title} for file in self.files],
        }
        return shown | {name: value for name, value in optional.items() if value}


@dataclass(slots=True, eq=False)
class Channel:
    """A public channel; `messages` holds everything ever posted, including replies and ephemerals, oldest first."""

    id: str
    name: str
    topic: str
    members: set[str]
    archived: bool = False
    messages: list[Message] = field(default_factory=list)

    def visible(self) -> list[Message]:
        """Messages that are not deleted, and deleted parents that still have replies."""
        return [message for message in self.messages if not message.deleted or message.reply_count]

    def find(self, ts: str) -> Message | None:
        """The message with this ts, unless it is deleted."""
        return next((message for message in self.messages if message.ts == ts and not message.deleted), None)

    def page(self) -> Json:
        """The form for the page, including messages."""
        return self.summary() | {"messages": [message.page() for message in self.visible()]}

    def summary(self) -> Json:
        """The form for the page's channel list."""
        return {"id": self.id, "name": self.name, "topic": self.topic, "archived": self.archived}

    def api(self) -> Json:
        """The form for conversations.info."""
        return {
            "id": self.id,
            "name": self.name,
            "is_channel": True,
            "is_private": False,
            "is_archived": self.archived,
            "is_member": BOT_USER in self.members,
            "topic": {"value": self.topic},
            "num_members": len(self.members),
        }


@dataclass(slots=True, eq=False)
class View:
    """A modal or a user's Home tab. `content` is the app's, `values` are the user's input."""

    id: str
    user: str
    content: Json
    hash: str
    root_id: str
    previous_id: str | None = None
    values: Json = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def blocks(self) -> list[Json]:
        """Its Block Kit blocks."""
        blocks: list[Json] = self.content["blocks"]
        return blocks

    def api(self) -> Json:
        """The form for views.* and interaction payloads."""
        defaults: Json = {"private_metadata": "", "callback_id": "", "external_id": "", "title": None, "submit": None}
        defaults |= {"close": None, "clear_on_close": False, "notify_on_close": False}
        return (
            defaults
            | self.content
            | {
                "id": self.id,
                "team_id": TEAM["id"],
                "app_id": APP_ID,
                "bot_id": BOT_ID,
                "app_installed_team_id": TEAM["id"],
                "hash": self.hash,
                "root_view_id": self.root_id,
                "previous_view_id": self.previous_id,
                "state": {"values": self.values},
            }
        )

    def page(self) -> Json:
        """The form for the page, with its user and the errors of its inputs."""
        return self.api() | {"user": self.user, "errors": self.errors}

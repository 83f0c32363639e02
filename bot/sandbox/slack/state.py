"""The workspace: users, channels, messages, views and files, with notifications of changes.

One reentrant condition, `changed`, guards everything and is notified of every change.
"""

import random
import threading
from collections.abc import Callable, Iterable

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.model import (
    BOT_USER,
    GROUPS,
    USERS,
    Channel,
    File,
    Json,
    Message,
    Version,
    View,
)


class Workspace:
    """All state. Methods do their own locking; hold `changed` to read several values consistently."""

    def __init__(self, seed: int | None, clock: Callable[[], float]) -> None:
        self.changed = threading.Condition()
        self.random = random.Random(seed)  # noqa: S311  repeatable, not secret
        self.clock = clock
        self.users = {user.id: user for user in USERS}
        people = {user.id for user in USERS if not user.bot}
        self.channels = {
            "C0ALERTS01": Channel("C0ALERTS01", "prod-alerts", "Drift and rollouts in production", {*people, BOT_USER}),
            "C0DEPLOYS1": Channel("C0DEPLOYS1", "deploys", "Drift and rollouts in staging", {*people, BOT_USER}),
        }
        self.groups = {group.id: group for group in GROUPS}
        self.files: dict[str, File] = {}
        self.modals: dict[str, list[View]] = {}  # by user, the top one last
        self.homes: dict[str, View] = {}
        self.listeners: list[Callable[[Json], None]] = []
        self._last_ts = 0
        self._serial = 0

    def publish(self, event: Json) -> None:
        """Send an event to the page and notify waiters."""
        with self.changed:
            for listener in self.listeners:
                listener(event)
            self.changed.notify_all()

    def ts(self) -> str:
        """A unique message timestamp, in seconds and microseconds."""
        with self.changed:
            self._last_ts = max(self._last_ts + 1, int(self.clock() * 1e6))
            return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def new_id(self, prefix: str) -> str:
        """A unique ID."""
        with self.changed:
            self._serial += 1
            return f"{prefix}{self._serial:04d}{self.random.getrandbits(32):08X}"

    def channel(self, name: str) -> Channel:
        """A channel by ID, or by name with or without `#`. Raises SlackError channel_not_found."""
        bare = name.removeprefix("#")
        for channel in self.channels.values():
            if name == channel.id or bare == channel.name:
                return channel
        raise SlackError("channel_not_found")

    def channel_id(self, name: str) -> str:
        """The ID of a channel by its name; anything else is returned unchanged."""
        try:
            return self.channel(name).id
        except SlackError:
            return name

    def bot_channel(self, name: str) -> Channel:
        """A channel that the bot can post to. Raises SlackError channel_not_found, is_archived or not_in_channel."""
        channel = self.channel(name)
        if channel.archived:
            raise SlackError("is_archived")
        if BOT_USER not in channel.members:
            raise SlackError("not_in_channel")
        return channel

    def post(self, message: Message) -> Message:
        """Add a message and send it to the page. A reply to a deleted parent goes to the channel."""
        with self.changed:
            channel = self.channels[message.channel]
            parent = channel.find(message.thread_ts) if message.thread_ts else None
            if parent is not None and parent.reply and parent.thread_ts:
                parent = channel.find(parent.thread_ts)
            message.thread_ts = parent.ts if parent else None
            message.broadcast = message.broadcast and parent is not None
            message.blocks = self.named(message.blocks)
            message.versions.append(Version(message.ts, message.text, message.blocks))
            channel.messages.append(message)
            if message.ephemeral_for:
                self.publish({"type": "ephemeral", "channel": channel.id, "message": message.page()})
                return message
            if parent is not None:
                parent.thread_ts = parent.ts
                parent.reply_count += 1
                self.publish({"type": "message_changed", "channel": channel.id, "message": parent.page()})
            self.publish({"type": "message", "channel": channel.id, "message": message.page()})
            return message

    def edit(self, message: Message, text: str | None, blocks: list[Json] | None) -> None:
        """Edit a message. None keeps the value, but text without blocks removes the blocks, as in Slack."""
        with self.changed:
            if blocks is not None or text is not None:
                message.blocks = self.named(blocks or [])
            message.text = message.text if text is None else text
            message.versions.append(Version(self.ts(), message.text, message.blocks))
            self.publish({"type": "message_changed", "channel": message.channel, "message": message.page()})

    def delete(self, message: Message, by: str) -> None:
        """Delete a message as this user; a parent with replies leaves a tombstone."""
        with self.changed:
            message.deleted_by = by
            channel = self.channels[message.channel]
            if message.reply and message.thread_ts:
                parent = next(other for other in channel.messages if other.ts == message.thread_ts)
                parent.reply_count -= 1
                self.publish({"type": "message_changed", "channel": channel.id, "message": parent.page()})
            self.publish(
                {"type": "message_deleted", "channel": channel.id, "ts": message.ts, "message": message.page()}
            )

    def named(self, blocks: Iterable[Json]) -> list[Json]:
        """Add the missing block_ids and action_ids to blocks, as Slack does."""
        named = []
        for block in blocks:
            filled: Json = {"block_id": self.new_id("b")} | block
            for key in ("accessory", "element"):
                if key in filled:
                    filled[key] = {"action_id": self.new_id("a")} | filled[key]
            if filled["type"] == "actions":
                filled["elements"] = [{"action_id": self.new_id("a")} | element for element in filled["elements"]]
            named.append(filled)
        return named

    def modal(self, view_id: str) -> View | None:
        """An open modal by its ID."""
        return next((view for stack in self.modals.values() for view in stack if view.id == view_id), None)

    def show_modal(self, view: View) -> None:
        """Show a modal on top of the user's others."""
        with self.changed:
            self.modals.setdefault(view.user, []).append(view)
            self.publish({"type": "modal", "user": view.user, "view": view.page()})

    def close_modals(self, views: Iterable[View]) -> None:
        """Close modals, which reveals those below."""
        with self.changed:
            for view in list(views):
                self.modals[view.user].remove(view)
                self.publish({"type": "modal_closed", "user": view.user, "view_id": view.id, "view": view.page()})

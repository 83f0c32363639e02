"""Chat: Slack's Web API."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bot.messages.blocks import Message
from bot.ports.errors import PortError


class ChatError(PortError):
    """Slack did not take it. `code` is Slack's own error name; `retry_after` seconds when it said when to come back."""

    def __init__(self, message: str, *, code: str = "", retry_after: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class User:
    """A person in Slack: the name others know them by, and the name of their time zone, such as Europe/Madrid."""

    name: str
    zone: str | None


class Chat(Protocol):
    """Slack's Web API, as far as the bot writes."""

    def post(
        self, channel: str, message: Message, *, key: str, thread: str | None = None, broadcast: bool = False
    ) -> str:
        """Post to a channel; the message's ts. `key` goes with it unseen, for `find`.

        With `broadcast` a reply in a thread is shown in the channel too.
        """
        ...

    def find(self, channel: str, key: str, *, since: datetime, thread: str | None = None) -> str | None:
        """The ts of the message posted with `key` since then; None when there is none, or the bot may not look.

        Looking needs channels:history, an optional scope.
        """
        ...

    def update(self, channel: str, ts: str, message: Message) -> None:
        """Make a message read anew."""
        ...

    def upload(self, channel: str, *, filename: str, title: str, content: str, thread: str | None = None) -> None:
        """Share a text file in a channel."""
        ...

    def post_ephemeral(self, channel: str, user: str, message: Message, *, thread: str | None = None) -> None:
        """Tell one person in a channel, or in a thread of it; nobody else sees it, and it does not last."""
        ...

    def group_members(self, group: str) -> frozenset[str]:
        """The user ids of a user group. ChatError when the bot may not ask (the scope usergroups:read)."""
        ...

    def user_by_email(self, email: str) -> str | None:
        """The user id of the person with that address; None when there is none who is active.

        ChatError, among others when the bot may not ask (the scopes users:read and users:read.email, both optional).
        """
        ...

    def is_member(self, user: str) -> bool:
        """Whether that user id is a person of the workspace who has not left. ChatError (the scope users:read)."""
        ...

    def user(self, user: str) -> User | None:
        """What Slack tells of a person; None when there is none, or one who has left or is an app.

        ChatError, among others when the bot may not ask (the scope users:read, which is optional).
        """
        ...

    def open_view(self, trigger_id: str, view: Mapping[str, Any]) -> str:
        """Open a modal; its view id. The trigger expires 3 s after the click."""
        ...

    def update_view(self, view_id: str, view: Mapping[str, Any]) -> None:
        """Replace what a modal shows."""
        ...

    def publish_home(self, user: str, view: Mapping[str, Any]) -> None:
        """Replace what somebody's Home shows. ChatError, `not_enabled` among others: the app has no Home tab."""
        ...

"""Chat: Slack's Web API."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from bot.i18n.language import Text
from bot.messages.blocks import Message
from bot.ports.errors import PortError

# Errors of a message that Slack may accept without its blocks.
# https://docs.slack.dev/reference/methods/chat.postMessage#errors
INVALID_MESSAGE: Final = frozenset({
    "invalid_arguments", "invalid_blocks", "invalid_blocks_format", "invalid_metadata_format", "metadata_too_large",
    "msg_blocks_too_long", "msg_too_long", "no_text",
})  # fmt: skip


class ChatError(PortError):
    """Slack rejected the request. `code` is Slack's error code; `retry_after` is in seconds, if Slack sent it."""

    def __init__(self, text: Text, *, code: str = "", retry_after: float | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class User:
    """A person in Slack: their display name, and the name of their time zone, such as Europe/Madrid."""

    name: str
    zone: str | None


class Chat(Protocol):
    """The methods of Slack's Web API that the bot uses."""

    def post(
        self, channel: str, message: Message, *, key: str, thread: str | None = None, broadcast: bool = False
    ) -> str:
        """Post to a channel and return the message's ts. `key` is stored in its metadata, for `find`.

        With `broadcast`, a reply in a thread also appears in the channel.
        """
        ...

    def find(self, channel: str, key: str, *, since: datetime, thread: str | None = None) -> str | None:
        """The ts of the message posted with `key` since then; None if there is none, or the bot is not allowed to look.

        Needs channels:history, an optional scope.
        """
        ...

    def update(self, channel: str, ts: str, message: Message) -> None:
        """Replace a message."""
        ...

    def delete(self, channel: str, ts: str) -> None:
        """Delete a message that the bot has posted."""
        ...

    def upload(
        self,
        channel: str,
        *,
        filename: str,
        title: str,
        content: str | bytes,
        thread: str | None = None,
        alt_text: str | None = None,
    ) -> None:
        """Share a file in a channel; `alt_text` describes an image."""
        ...

    @property
    def rejects_charts(self) -> bool:
        """Whether Slack rejected the chart in the latest posted message with one, which was then sent without it."""
        ...

    def post_ephemeral(self, channel: str, user: str, message: Message, *, thread: str | None = None) -> None:
        """Post a message in a channel or thread that only one person sees."""
        ...

    def group_members(self, group: str) -> frozenset[str]:
        """The user ids of a user group. Raises ChatError, also without the scope usergroups:read."""
        ...

    def user_by_email(self, email: str) -> str | None:
        """The user id of the active person with this email address, if any.

        Raises ChatError, also without the optional scopes users:read and users:read.email.
        """
        ...

    def is_member(self, user: str) -> bool:
        """Whether the user is an active person here. Raises ChatError, also without the scope users:read."""
        ...

    def user(self, user: str) -> User | None:
        """A person; None if the user does not exist, has left or is an app.

        Raises ChatError, also without the optional scope users:read.
        """
        ...

    def open_view(self, trigger_id: str, view: Mapping[str, Any]) -> str:
        """Open a modal and return its view id. The trigger expires 3 s after the click."""
        ...

    def update_view(self, view_id: str, view: Mapping[str, Any]) -> None:
        """Replace the content of a modal, unless the person has closed it."""
        ...

    def publish_home(self, user: str, view: Mapping[str, Any]) -> None:
        """Replace a user's Home tab. Raises ChatError; its code is `not_enabled` if the app has no Home tab."""
        ...

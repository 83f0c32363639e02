"""conversations.*: channels and what was said in them."""

from collections.abc import Sequence
from typing import Any

from bot.sandbox.slack.arguments import Arguments
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.services import Services
from bot.sandbox.slack.state import BOT_USER, Channel, Json, Message


def _page(args: Arguments, found: Sequence[Any], name: str) -> Json:
    """One page of a list: cursors are offsets, as opaque to the caller as Slack's own."""
    limit = min(max(args.number("limit", 100), 1), 999)
    start = int(cursor) if (cursor := args.text("cursor", "0")).isdecimal() else -1
    if not 0 <= start <= len(found):
        raise SlackError("invalid_cursor")
    end = start + limit
    more = end < len(found)
    return {
        name: list(found[start:end]),
        "has_more": more,
        "response_metadata": {"next_cursor": str(end) if more else ""},
    }


def _between(args: Arguments, messages: Sequence[Message]) -> list[Message]:
    oldest, latest = float(args.text("oldest") or 0), float(args.text("latest") or "inf")
    inclusive = args.flag("inclusive")
    return [
        message
        for message in messages
        if oldest < float(message.ts) < latest or (inclusive and float(message.ts) in {oldest, latest})
    ]


def _readable(services: Services, args: Arguments) -> Channel:
    channel = services.workspace.channel(args.text("channel"))
    if BOT_USER not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def history(services: Services, args: Arguments) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.history: newest first; of replies, the broadcast ones."""
    channel = _readable(services, args)
    visible = [message for message in channel.visible() if not message.ephemeral_for]
    roots = [message for message in visible if not message.reply or message.broadcast]
    metadata = args.flag("include_all_metadata")
    found = [message.api(metadata=metadata) for message in reversed(_between(args, roots))]
    return _page(args, found, "messages")


def replies(services: Services, args: Arguments) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.replies: the parent, then its replies, oldest first."""
    channel = _readable(services, args)
    ts = args.text("ts")
    thread = [
        message
        for message in channel.visible()
        if not message.ephemeral_for and (message.ts == ts or (message.reply and message.thread_ts == ts))
    ]
    if not thread:
        raise SlackError("thread_not_found")
    metadata = args.flag("include_all_metadata")
    return _page(args, [message.api(metadata=metadata) for message in thread], "messages")


def info(services: Services, args: Arguments) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.info."""
    return {"channel": services.workspace.channel(args.text("channel")).api()}


def list_all(services: Services, args: Arguments) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.list."""
    hide = args.flag("exclude_archived")
    channels = services.workspace.channels.values()
    return _page(args, [channel.api() for channel in channels if not (hide and channel.archived)], "channels")


def members(services: Services, args: Arguments) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.members."""
    return _page(args, sorted(services.workspace.channel(args.text("channel")).members), "members")

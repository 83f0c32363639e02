"""conversations.*: channels and their messages."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from bot.sandbox.slack.arguments import Arguments
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.model import BOT_USER, Channel, Json, Message
from bot.sandbox.slack.services import Services

T = TypeVar("T")


def _page(args: Arguments, items: Sequence[T], name: str, show: Callable[[T], Any]) -> Json:
    """One page of a list, each item converted by `show`. Cursors are offsets, opaque to the caller like Slack's."""
    limit = min(max(args.number("limit", 100), 1), 999)
    start = int(cursor) if (cursor := args.text("cursor", "0")).isdecimal() else -1
    if not 0 <= start <= len(items):
        raise SlackError("invalid_cursor")
    end = start + limit
    more = end < len(items)
    return {
        name: [show(item) for item in items[start:end]],
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


def _message(args: Arguments) -> Callable[[Message], Json]:
    metadata = args.flag("include_all_metadata")
    return lambda message: message.api(metadata=metadata)


def _readable(services: Services, args: Arguments) -> Channel:
    channel = services.workspace.channel(args.text("channel"))
    if BOT_USER not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def history(services: Services, args: Arguments) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.history: newest first, only broadcast replies."""
    channel = _readable(services, args)
    visible = [message for message in channel.visible() if not message.ephemeral_for]
    roots = [message for message in visible if not message.reply or message.broadcast]
    return _page(args, _between(args, roots)[::-1], "messages", _message(args))


def replies(services: Services, args: Arguments) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.replies: the parent, then replies, oldest first."""
    channel = _readable(services, args)
    ts = args.text("ts")
    thread = [
        message
        for message in channel.visible()
        if not message.ephemeral_for and (message.ts == ts or (message.reply and message.thread_ts == ts))
    ]
    if not thread:
        raise SlackError("thread_not_found")
    parents = [message for message in thread if not message.reply]
    messages = [*parents, *_between(args, thread[len(parents) :])]
    return _page(args, messages, "messages", _message(args))


def info(services: Services, args: Arguments) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.info."""
    return {"channel": services.workspace.channel(args.text("channel")).api()}


def list_all(services: Services, args: Arguments) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.list."""
    hide = args.flag("exclude_archived")
    channels = services.workspace.channels.values()
    shown = [channel for channel in channels if not (hide and channel.archived)]
    return _page(args, shown, "channels", Channel.api)


def members(services: Services, args: Arguments) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.members."""
    return _page(args, sorted(services.workspace.channel(args.text("channel")).members), "members", str)

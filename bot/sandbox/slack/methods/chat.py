"""chat.*: post, update and delete messages."""

from typing import Any

from bot.sandbox.slack import limits
from bot.sandbox.slack.arguments import Arguments
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.model import BOT_USER, Channel, Json, Message
from bot.sandbox.slack.services import Services


def _blocks(services: Services, args: Arguments) -> list[Json] | None:
    blocks = args.structure("blocks", "invalid_blocks_format")
    return None if blocks is None else limits.check_blocks(blocks, unsupported=services.faults.unsupported_blocks)


def _content(services: Services, args: Arguments, most_text: int) -> tuple[str, list[Json]]:
    text, blocks = limits.check_text(args.text("text"), most_text), _blocks(services, args) or []
    if not text and not blocks:
        raise SlackError("no_text")
    return text, blocks


def _metadata(args: Arguments) -> Json | None:
    metadata: Any = args.structure("metadata", "invalid_metadata_format")
    if metadata is None:
        return None
    if not isinstance(metadata, dict) or not (metadata == {} or isinstance(metadata.get("event_type"), str)):
        raise SlackError("invalid_metadata_schema")
    return metadata


def validate_blocks(services: Services, args: Arguments) -> Json:
    """https://docs.slack.dev/reference/methods/blocks.validate."""
    _blocks(services, args)
    return {}


def post_message(services: Services, args: Arguments) -> Json:
    """https://docs.slack.dev/reference/methods/chat.postMessage."""
    workspace = services.workspace
    text, blocks = _content(services, args, limits.POST_TEXT)
    channel = workspace.bot_channel(args.text("channel"))
    message = workspace.post(
        Message(
            channel.id,
            workspace.ts(),
            BOT_USER,
            text,
            blocks,
            thread_ts=args.text("thread_ts") or None,
            metadata=_metadata(args),
            broadcast=args.flag("reply_broadcast"),
        )
    )
    return {"channel": channel.id, "ts": message.ts, "message": message.api(metadata=True)}


def _own(channel: Channel, ts: str, refusal: str) -> Message:
    message = channel.find(ts)
    if message is None or message.ephemeral_for:
        raise SlackError("message_not_found")
    if not message.bot:
        raise SlackError(refusal)
    return message


def update(services: Services, args: Arguments) -> Json:
    """https://docs.slack.dev/reference/methods/chat.update."""
    workspace = services.workspace
    text = limits.check_text(args.text("text"), limits.UPDATE_TEXT) if "text" in args else None
    blocks = _blocks(services, args)
    metadata = _metadata(args)
    if not text and not blocks and metadata is None:
        raise SlackError("no_text")
    channel = workspace.channel(args.text("channel"))
    if channel.archived:
        raise SlackError("is_inactive")
    if BOT_USER not in channel.members:
        raise SlackError("channel_not_found")  # this method has no error not_in_channel
    message = _own(channel, args.text("ts"), "cant_update_message")
    message.metadata = message.metadata if metadata is None else metadata  # an empty object removes it
    workspace.edit(message, text, blocks)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": message.api(metadata=True)}


def delete(services: Services, args: Arguments) -> Json:
    """https://docs.slack.dev/reference/methods/chat.delete."""
    channel = services.workspace.channel(args.text("channel"))
    message = _own(channel, args.text("ts"), "cant_delete_message")
    services.workspace.delete(message, BOT_USER)
    return {"channel": channel.id, "ts": message.ts}


def post_ephemeral(services: Services, args: Arguments) -> Json:
    """https://docs.slack.dev/reference/methods/chat.postEphemeral."""
    workspace = services.workspace
    text, blocks = _content(services, args, limits.POST_TEXT)
    channel = workspace.bot_channel(args.text("channel"))
    user = args.required("user")
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    thread_ts = args.text("thread_ts") or None
    message = workspace.post(
        Message(channel.id, workspace.ts(), BOT_USER, text, blocks, thread_ts=thread_ts, ephemeral_for=user)
    )
    return {"message_ts": message.ts}


def get_permalink(services: Services, args: Arguments) -> Json:
    """https://docs.slack.dev/reference/methods/chat.getPermalink."""
    channel = services.workspace.channel(args.text("channel"))
    message = channel.find(args.text("message_ts"))
    if message is None:
        raise SlackError("message_not_found")
    link = f"{services.url}/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.reply:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}

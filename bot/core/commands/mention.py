"""Extracts the command from a message that mentions the bot (`@gitops …`)."""

import re
from collections.abc import Collection

_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>")
# The characters that Slack escapes in message text; `&` last, so that nothing is unescaped twice.
# https://docs.slack.dev/messaging/formatting-message-text#escaping
_ESCAPED = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


def mentioned_command(text: str, bot_users: Collection[str]) -> str:
    """The rest of the line after the first mention of one of `bot_users`, or of anyone if that is empty; "" if none.

    `bot_users` are the bot's Slack user IDs.
    """
    for mention in _MENTION.finditer(text):
        if not bot_users or mention[1] in bot_users:
            command = text[mention.end() :].strip().partition("\n")[0].strip()
            for escaped, plain in _ESCAPED:
                command = command.replace(escaped, plain)
            return command
    return ""

"""`@gitops …` in a message: what stands behind the mention."""

import re
from collections.abc import Collection

_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")
# What Slack escapes in a message's text; `&` last, so that nothing is read twice.
# https://docs.slack.dev/messaging/formatting-message-text#escaping
_ESCAPED = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


def mentioned_command(text: str, bot_users: Collection[str]) -> str:
    """What follows the first mention of one of the user ids `own`, or of anybody when that is not known; else "".

    One line of it: what follows on the next is no part of the command.
    """
    for mention in _MENTION.finditer(text):
        if not bot_users or mention[1] in bot_users:
            rest = text[mention.end() :].strip().partition("\n")[0].strip()
            for escaped, plain in _ESCAPED:
                rest = rest.replace(escaped, plain)
            return rest
    return ""

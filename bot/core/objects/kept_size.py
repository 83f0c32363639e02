"""What parsed JSON counts against the bounds on what the bot keeps."""

from typing import Any, Final

import orjson

from bot.core.objects.step_budget import characters

_PER_VALUE: Final = 100  # bytes that an item, or an object and its first field, takes in memory besides its text
_USUAL: Final = 4  # times as much memory as JSON


def kept_size(value: Any) -> int:
    """The bytes that a value counts: those of its JSON, or a quarter of those that it takes in memory if that's more.

    Short values and empty objects take up to forty times as much memory as JSON.
    """
    try:
        json = orjson.dumps(value)
    except orjson.JSONEncodeError:  # such as more than 254 levels
        return characters(value) * _PER_VALUE // _USUAL
    syntax = b"".join(json.replace(rb"\\", b"").replace(rb"\"", b"").split(b'"')[::2])  # without strings
    values = syntax.count(b",") + syntax.count(b"[") + 2 * syntax.count(b"{")
    text_size = len(json) if json.isascii() else 4 * len(json)
    return max(len(json), (text_size + values * _PER_VALUE) // _USUAL)

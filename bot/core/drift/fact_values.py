"""Values on one line, as short as people can tell them apart."""

import json
from typing import Any, Final

MAX_VALUE: Final = 40
_CONTEXT: Final = 8  # characters shown before the first one that differs


def printable(text: str) -> str:
    """On one line, without control characters, also invisible ones that change the direction of text."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def one_line(value: Any) -> str:
    """A value as people write it: a string as it is, anything else as JSON."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return printable(text) or '""'


def clipped(value: Any, limit: int = MAX_VALUE) -> str:
    """A value of at most `limit` characters."""
    text = one_line(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def contrasted(desired: Any, live: Any, limit: int = MAX_VALUE) -> tuple[str, str]:
    """Two values, clipped; where they are long and begin alike, from shortly before they differ."""
    one, other = one_line(desired), one_line(live)
    if max(len(one), len(other)) > limit:
        pairs = zip(one, other, strict=False)
        alike = next((index for index, (left, right) in enumerate(pairs) if left != right), min(len(one), len(other)))
        if alike > limit // 2:
            one, other = (f"…{text[alike - _CONTEXT :]}" for text in (one, other))
    return clipped(one, limit), clipped(other, limit)

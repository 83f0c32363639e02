"""Values on one line, as short as possible while people can tell them apart."""

import json
from typing import Any, Final

MAX_VALUE: Final = 40
_CONTEXT: Final = 8  # characters shown before the first one that differs
_READ: Final = 4  # times the limit is read of a long value, since collapsing spaces shortens it


def printable(text: str) -> str:
    """On one line, without control characters, including those that change the direction of text."""
    if text.isprintable() and "  " not in text and text == text.strip():
        return text  # the usual case
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def clipped(value: Any, limit: int = MAX_VALUE) -> str:
    """A value on one line of at most `limit` characters: a string as it is, anything else as JSON."""
    return _clipped(_written(value), limit)


def contrasted(desired: Any, live: Any, limit: int = MAX_VALUE) -> tuple[str, str]:
    """Two values, clipped; long ones that begin alike start shortly before they differ."""
    one, other = _written(desired), _written(live)
    start = 0
    if max(len(one), len(other)) > limit and (alike := _alike(one, other)) > limit // 2:
        start = alike - _CONTEXT
    mark = "…" if start else ""
    before, after = (_clipped(mark + text[start : start + _READ * limit + 1], limit) for text in (one, other))
    return before, after


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _clipped(text: str, limit: int) -> str:
    line = printable(text[: _READ * limit]) or '""'
    return line if len(line) <= limit and len(text) <= _READ * limit else f"{line[: limit - 1]}…"


def _alike(one: str, other: str) -> int:
    """The length of the common prefix of two texts, by bisection, since a loop over a long text is slow."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one.startswith(other[low:middle], low):
            low = middle
        else:
            high = middle - 1
    return low

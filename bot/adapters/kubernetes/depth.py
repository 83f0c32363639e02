"""Cuts off JSON that is nested deeper than the parser accepts, so that one such object does not break a whole list."""

import re
from typing import Final

# The quantifiers are possessive, so they never backtrack.
_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[\[\]{}]', re.DOTALL)
_CUT: Final = '"…"'.encode()


def cut_off(body: bytes, depth: int) -> bytes:
    """The same JSON with `"…"` for every array and object inside more than `depth` others."""
    pieces: list[bytes] = []
    level = copied = 0
    for token in _TOKEN.finditer(body):
        match token[0]:
            case b"[" | b"{":
                if level == depth:
                    pieces += (body[copied : token.start()], _CUT)
                level += 1
            case b"]" | b"}":
                level -= 1
                if level == depth:
                    copied = token.end()
    return b"".join((*pieces, body[copied:])) if level == 0 else body

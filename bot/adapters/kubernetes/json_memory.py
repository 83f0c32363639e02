"""How much memory JSON takes once it is parsed, before it is."""

from typing import Final

_VALUE_BYTES: Final = 100  # besides its text; Python objects take half as much to twice as much


def parsed_bytes(body: bytes) -> int:
    """About how many bytes the parsed JSON takes. One character beyond U+FFFF makes its string four times as large."""
    values = sum(map(body.count, (b"{", b"[", b",")))
    is_ascii = body.isascii() and b"\\u" not in body
    return len(body) * (1 if is_ascii else 4) + values * _VALUE_BYTES

"""The body of a JSON response without long strings, so that nobody's description or message makes it too large."""

import re
from typing import Final

MAX_STRING_BYTES: Final = 16 * 2**10  # of what the bot reads; the titles and branches of all forges are shorter
_SMALL: Final = 256 * 2**10  # kept as it is
_REST_OF_STRING: Final = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)


class ResponseBody:
    """Collects the parts of a response. `kept` is what to parse: instead of longer strings, it has empty ones."""

    def __init__(self) -> None:
        self.kept = bytearray()
        self._is_small = True
        self._string: int | None = None  # where the current string begins in `kept`
        self._is_long = False
        self._backslash = b""  # at the end of the last part

    def add(self, part: bytes) -> None:
        """Add the next part."""
        if self._is_small:
            self.kept += part
            if len(self.kept) <= _SMALL:
                return
            self._is_small, part = False, bytes(self.kept)
            self.kept.clear()
        part = self._backslash + part
        self._backslash = b""
        position = 0
        while position < len(part):
            if self._string is None:
                position = self._add_structure(part, position)
            else:
                position = self._add_string(part, position, self._string)

    def _add_structure(self, part: bytes, position: int) -> int:
        end = part.find(b'"', position) + 1
        self.kept += part[position : end or len(part)]
        if end:
            self._string, self._is_long = len(self.kept), False
        return end or len(part)

    def _add_string(self, part: bytes, position: int, start: int) -> int:
        match = _REST_OF_STRING.match(part, position)
        end = match.end() if match else position
        if self._is_long or len(self.kept) - start + end - position > MAX_STRING_BYTES:
            self._is_long = True
            del self.kept[start:]
        else:
            self.kept += part[position:end]
        if part[end : end + 1] == b'"':
            self.kept += b'"'
            self._string = None
            return end + 1
        self._backslash = part[end:]
        return len(part)

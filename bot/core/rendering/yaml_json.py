"""Writes JSON that Go's YAML parser reads too: it rejects JSON's escapes of emoji, and some characters as they are."""

import json
import re
from collections.abc import Iterable
from typing import Final

# Characters that are valid in JSON but not in YAML, and lone surrogates, which are not valid text.
_NOT_IN_YAML: Final = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def write_documents(values: Iterable[object]) -> bytes:
    """A stream with these documents."""
    return "\n---\n".join(as_yaml(json.dumps(value, ensure_ascii=False)) for value in values).encode()


def as_yaml(text: str) -> str:
    """JSON with the characters that YAML doesn't allow escaped; lone surrogates become U+FFFD."""
    return _NOT_IN_YAML.sub(_as_escape, text)


def _as_escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\u{0xFFFD if 0xD800 <= code < 0xE000 else code:04x}"

"""Masks keys that come from Secrets in values: charts can render keys too."""

import json
import re
from collections.abc import Collection, Iterable
from typing import Any, Final

_WORD: Final = re.compile(rb"""[^\s"'`{}()\[\]:,|=]+""")


def mask_keys(values: str, secret_keys: Collection[str], chart: Iterable[bytes]) -> str:
    """The values, as JSON, with other keys in place of `secret_keys`, except keys in the chart's files."""
    texts = {text for content in chart for text in _WORD.findall(content)} if secret_keys else set()
    words = {word for text in texts for word in (text, *text.split(b"."))}
    masked = {key for key in secret_keys if key.encode(errors="replace") not in words}
    return json.dumps(_with_other_keys(json.loads(values), masked)) if masked else values


def _with_other_keys(value: Any, masked: Collection[str]) -> Any:
    if isinstance(value, dict):
        return {
            f"masked-{number}" if key in masked else key: _with_other_keys(below, masked)
            for number, (key, below) in enumerate(value.items())
        }
    return [_with_other_keys(below, masked) for below in value] if isinstance(value, list) else value

"""Masks values and keys that come from Secrets. An object that a chart also renders from the masks is safe to show."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Final

MAX_CHART_BYTES: Final = 16 * 2**20  # of the files in which keys are searched, which takes up to 50 ms for each MiB
_CHUNK: Final = 2**15  # bytes whose words are in memory at the same time

# What separates the words of a chart, and the parts of `.Values.db.password`.
_SEPARATORS: Final = b"\t\n\v\f\r\"'`{}()[]:,|="
_TO_WORDS: Final = tuple(bytes.maketrans(ends, b" " * len(ends)) for ends in (_SEPARATORS, _SEPARATORS + b"."))
_UNMASKED: Final = frozenset({"true", "false", "null"})  # they decide what a chart declares, and are not secret
_LETTERS: Final = "zxqjkvwybpghfmculdrnsitoae"
_DIGITS: Final = "123456789"
_MAX_DIGITS: Final = 15  # Helm reads numbers as float64, which represents more digits only roughly


def mask_value(value: Any) -> Any:
    """A value of the same structure and types, with strings and numbers that have nothing in common with the original.

    The length differs, and so does each character at the same distance from the start or from the end: a chart that
    truncates, slices, or divides the value doesn't render the same from both.
    """
    if isinstance(value, Mapping):
        return {key: mask_value(below) for key, below in value.items()}
    if isinstance(value, list):
        return [mask_value(below) for below in value]
    if isinstance(value, str):
        return value if value in _UNMASKED else _other_text(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return int(_other_number(str(value).lstrip("-")))


def mask_keys(values: str, secret_keys: Collection[str], chart: Iterable[bytes]) -> str:
    """The values, as JSON, with other keys in place of `secret_keys`, except keys in the chart's files."""
    keys = {key.encode(errors="replace") for key in secret_keys}
    # Only the words that are keys: all words of a large chart would fill the memory.
    words: set[bytes] = set()
    for content, to_words in product(chart if keys else (), _TO_WORDS):
        for some in _words(content, to_words):
            words |= keys.intersection(some)
    masked = {key for key in secret_keys if key.encode(errors="replace") not in words}
    return json.dumps(_with_other_keys(json.loads(values), masked)) if masked else values


def _words(content: bytes, to_words: bytes) -> Iterator[Sequence[bytes]]:
    rest = b""
    for start in range(0, len(content), _CHUNK):
        words, _, rest = (rest + content[start : start + _CHUNK].translate(to_words)).rpartition(b" ")
        yield words.split()
    yield rest.split()


def _with_other_keys(value: Any, masked: Collection[str]) -> Any:
    if isinstance(value, dict):
        return {
            _other_key(key, number) if key in masked else key: _with_other_keys(below, masked)
            for number, (key, below) in enumerate(value.items())
        }
    return [_with_other_keys(below, masked) for below in value] if isinstance(value, list) else value


def _other_key(key: str, number: int) -> str:
    """Unique among the keys of one mapping."""
    mask = _other(key, _LETTERS, 7)
    return f"{mask}{number}{mask}"


def _other_text(text: str) -> str:
    if text.isascii() and text.isdecimal():
        return _other_number(text)
    return _other(text, _LETTERS, 7 if len(text) == 6 else 6)


def _other_number(text: str) -> str:
    """A number with about as many digits, so that a port stays a port."""
    return _other(text, _DIGITS, len(text) + 1 if len(text) < 5 else min(len(text) - 1, _MAX_DIGITS))


def _other(text: str, characters: str, length: int) -> str:
    """A text of the `characters` that are rarest in `text`, and never the one at the same place of `text`."""
    text = text.lower()
    rarest = sorted(characters, key=text.count)
    starts, ends = text[:length].ljust(length), text[-length:].rjust(length)
    return "".join(next(c for c in rarest if c not in places) for places in zip(starts, ends, strict=True))

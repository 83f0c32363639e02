"""Numbers as Go's YAML and JSON parsers read them: go-yaml's resolve.go."""

import math
import re
from functools import lru_cache
from typing import Final

_MAX_CACHED: Final = 64  # characters: long untrusted text must not fill the cache
NUMBER_STARTS: Final = frozenset("+-.0123456789")
_INTEGER: Final = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|0[bB]([01]+)|(0|[1-9][0-9]*))", re.ASCII)
_BASES: Final = (16, 8, 2, 10)
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)


def parse_number(text: str) -> int | float | str:
    """A number as Go's parser reads it, or the text if it is not a number."""
    return _cached(text) if len(text) <= _MAX_CACHED else _parse(text)


def _parse(text: str) -> int | float | str:
    digits = text.replace("_", "")
    try:
        if match := _INTEGER.fullmatch(digits):
            sign, *spellings = match.groups()
            base, number = next((base, n) for base, n in zip(_BASES, spellings, strict=True) if n is not None)
            return parse_integer(sign + number, base)
        return parse_float(digits) if _FLOAT.fullmatch(digits) else text
    except ValueError:
        return text


_cached = lru_cache(maxsize=4096)(_parse)  # some numbers, such as ports, are frequent


def parse_integer(digits: str, base: int = 10) -> int | float:
    """An integer as Go's JSON reads it: a float if it does not fit 64 bits. Raises ValueError if it is not finite."""
    try:
        value = int(digits, base)
        return value if -(2**63) <= value < 2**63 else float(value)
    except (ValueError, OverflowError):  # too many digits for Python or for a float
        return parse_float(digits)


def parse_float(digits: str) -> float:
    """A float. Raises ValueError if it is not finite, which JSON does not allow."""
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(digits)
    return value

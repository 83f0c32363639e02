"""Scalars that can be written in several ways, and when two of them are equal."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Context, Decimal
from fractions import Fraction
from typing import Any, Final

from bot.core.text_cache import cache_texts

# https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
_QUANTITY: Final = re.compile(
    r"([-+]?(?:[0-9]{1,60}(?:\.[0-9]{0,60})?|\.[0-9]{1,60}))([KMGTPE]i|[numkMGTPE]|[eE][-+]?[0-9]{1,2})?", re.ASCII
)
_SUFFIXES: Final[Mapping[str, Decimal]] = {
    "": Decimal(1),
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate("num kMGTPE", -3) if suffix != " "},
    **{f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", 1)},
}
_EXACT: Final = Context(prec=400)

# https://pkg.go.dev/time#ParseDuration
_DURATION: Final = re.compile(r"[-+]?(?:(?:[0-9]{1,20}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})(?:ns|us|µs|μs|ms|s|m|h))+")
_DURATION_PART: Final = re.compile(r"(?<![0-9.])([0-9]*+(?:\.[0-9]*+)?)(ns|us|µs|μs|ms|s|m|h)")
_NANOSECONDS: Final = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}


@cache_texts
def parse_quantity(text: str) -> Decimal | None:
    """The exact number of a quantity (`500m`, `1Gi`, `0.5`, `1e3`); None if it is not one."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return None
    number, suffix = match[1], match[2] or ""
    if suffix in _SUFFIXES:
        return _EXACT.multiply(Decimal(number), _SUFFIXES[suffix])
    return _EXACT.scaleb(Decimal(number), int(suffix[1:]))


@cache_texts
def parse_duration(text: str) -> Fraction | None:
    """A Go duration (`1h30m`, `90m`, `1.5h`) in nanoseconds; None if it is not one."""
    if text in ("0", "+0", "-0"):
        return Fraction(0)
    if _DURATION.fullmatch(text) is None:
        return None
    total = sum(
        (Fraction(f"0{number}0") if "." in number else Fraction(number)) * _NANOSECONDS[unit]
        for number, unit in _DURATION_PART.findall(text)
    )
    return Fraction(-total) if text[0] == "-" else Fraction(total)


def parse_base64(text: str) -> bytes | None:
    """The bytes of base64, with or without line breaks; None if it is not base64."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def parse_time(text: str) -> datetime | None:
    """An RFC 3339 time, in UTC; None if it is not one."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    try:
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except OverflowError:  # in UTC it is before the year 1 or after the year 9999
        return None


_PARSERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "quantity": parse_quantity,
    "duration": parse_duration,
    "bytes": parse_base64,
    "time": parse_time,
}

_NUMBERS: Final = (int, float)  # faster than int | float, which builds a type for each check
_SCALARS: Final = (str, int, float)


def same_scalar(one: object, other: object, kind: str = "") -> bool:
    """Whether two scalars mean the same: `80` is not `"80"`, `1.0` is `1`, `true` is not `1`.

    `kind` is how to read them, from their schema: `quantity`, `duration`, `bytes`, `time`, or "" for as they are.
    """
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if type(one) is type(other) and one == other:
        return True
    if one != one and other != other:  # noqa: PLR0124  NaN equals NaN here
        return True
    are_numbers = isinstance(one, _NUMBERS) and isinstance(other, _NUMBERS)
    if are_numbers and _same_number(one, other):  # type: ignore[arg-type]  # both are numbers, as `are_numbers` says
        return True
    parse = _PARSERS.get(kind)
    if parse is None or (are_numbers and kind != "quantity"):
        return False
    if not isinstance(one, _SCALARS) or not isinstance(other, _SCALARS):
        return False
    value = parse(_text(one))
    return value is not None and value == parse(_text(other))


def _text(value: str | float) -> str:
    return value if isinstance(value, str) else repr(value)


def _same_number(one: float, other: float) -> bool:
    if one == other:
        return True
    if isinstance(one, int) and isinstance(other, int) and -(2**63) <= one < 2**63 and -(2**63) <= other < 2**63:
        return False
    try:  # Go reads an integer that does not fit 64 bits as a float
        return float(one) == float(other)
    except OverflowError:
        return False

"""Values that are written in more than one way: when two spellings mean the same."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

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
_DURATION_PART: Final = re.compile(r"([0-9]*(?:\.[0-9]*)?)(ns|us|µs|μs|ms|s|m|h)")
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


@lru_cache(maxsize=4096)
def quantity(text: str) -> Decimal | None:
    """The exact number of a quantity (`500m`, `1Gi`, `0.5`, `1e3`); None when it is none."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return None
    number, suffix = match[1], match[2] or ""
    if suffix in _SUFFIXES:
        return _EXACT.multiply(Decimal(number), _SUFFIXES[suffix])
    return _EXACT.scaleb(Decimal(number), int(suffix[1:]))


@lru_cache(maxsize=1024)
def duration(text: str) -> Fraction | None:
    """A Go duration (`1h30m`, `90m`, `1.5h`) in nanoseconds; None when it is none."""
    if text in ("0", "+0", "-0"):
        return Fraction(0)
    if _DURATION.fullmatch(text) is None:
        return None
    total = sum(
        (Fraction(f"0{number}0") if "." in number else Fraction(number)) * _NANOSECONDS[unit]
        for number, unit in _DURATION_PART.findall(text)
    )
    return Fraction(-total) if text[0] == "-" else Fraction(total)


def octets(text: str) -> bytes | None:
    """What base64 stands for, wrapped over lines or not; None when it is no base64."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def instant(text: str) -> datetime | None:
    """An RFC 3339 time; None when it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:  # a zone that leaves the years 1 to 9999
        return None


_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "quantity": quantity,
    "duration": duration,
    "bytes": octets,
    "time": instant,
}


_NUMBERS: Final = (int, float)  # written as int | float, a type is made anew at each question
_SCALARS: Final = (str, int, float)


def same_scalar(one: object, other: object, kind: str = "") -> bool:
    """Whether two scalars mean the same: `80` is not `"80"`, `1.0` is `1`, `true` is not `1`.

    `kind` is how the schema reads them: `quantity`, `duration`, `bytes`, `time`, or "" for as they are.
    """
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if type(one) is type(other) and one == other:
        return True
    if one != one and other != other:  # noqa: PLR0124  NaN is itself here
        return True
    number = isinstance(one, _NUMBERS) and isinstance(other, _NUMBERS)
    if number and _same_number(one, other):  # type: ignore[arg-type]  # both are numbers, as `number` says
        return True
    reader = _READERS.get(kind)
    if reader is None or (number and kind != "quantity"):
        return False
    if not isinstance(one, _SCALARS) or not isinstance(other, _SCALARS):
        return False
    meant = reader(_text(one))
    return meant is not None and meant == reader(_text(other))


def _text(value: str | float) -> str:
    return value if isinstance(value, str) else repr(value)


def _same_number(one: float, other: float) -> bool:
    if one == other:
        return True
    if isinstance(one, int) and isinstance(other, int) and -(2**63) <= one < 2**63 and -(2**63) <= other < 2**63:
        return False
    try:  # Go holds what does not fit 64 bits as a float
        return float(one) == float(other)
    except OverflowError:
        return False

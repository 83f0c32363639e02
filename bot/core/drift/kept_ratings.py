"""Keeps the ratings of large drift, since it is rated again and again, and that takes seconds."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

from bot.core.drift.model import ObjectDrift
from bot.core.drift.severity import Rating, rate

MAX_RATINGS: Final = 1_000
_FEW: Final = 1_000  # values that are rated faster than they are looked up

_ratings: dict[bytes, Rating] = {}  # each operation on it is atomic


def kept_rating(drift: Sequence[ObjectDrift]) -> Rating:
    """See `rate`."""
    if _has_few_values(drift):
        return rate(drift)
    # Not by `==`, which takes `1` for `true`.
    key = sha256(repr(drift).encode(errors="backslashreplace")).digest()
    rating = _ratings.get(key)
    if rating is None:
        rating = rate(drift)
        if len(_ratings) >= MAX_RATINGS:
            _ratings.clear()
        _ratings[key] = rating
    return rating


def _has_few_values(drift: Sequence[ObjectDrift]) -> bool:
    left = _FEW
    remaining: list[Any] = [
        value for object_drift in drift for field in object_drift.fields for value in (field.desired, field.live)
    ]
    while remaining and left > 0:
        value = remaining.pop()
        left -= 1
        if isinstance(value, Mapping):
            left -= len(value)
            remaining += value.values() if left > 0 else ()
        elif isinstance(value, list | tuple):
            left -= len(value)
            remaining += value if left > 0 else ()
        elif isinstance(value, str):
            left -= len(value) // 100
    return left > 0

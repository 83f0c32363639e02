"""jq's operators and functions on values: https://jqlang.org/manual/.

They take a step for each part of a value that they read. Unlike jq's, they raise an error for `HIDDEN`: the value in
its place decides nothing.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from bot.core.objects.credentials import HIDDEN

_KINDS: Final = ("null", "false", "true", "number", "string", "array", "object")  # lowest first, as jq sorts


Take = Callable[[int], None]  # takes steps

_CHARACTERS_PER_STEP: Final = 256


class RaisedError(Exception):
    """jq raises an error here, since a value has the wrong type or is hidden."""


def is_true(value: Any) -> bool:
    """Whether a condition with this value holds."""
    return value is not None and value is not False


def has(value: Any, key: Any, _take: Take) -> bool:
    """Whether an object has a key, or an array an index; null has neither. Raises RaisedError."""
    if value is None:
        return False
    if isinstance(value, Mapping) and isinstance(key, str):
        return key in value
    if isinstance(value, list) and _kind(key) == "number":
        return bool(-1 < key < len(value))  # jq truncates the index
    raise RaisedError


def startswith(value: Any, prefix: Any, _take: Take) -> bool:
    """Raises RaisedError unless both are strings."""
    return _string(value).startswith(_string(prefix))


def endswith(value: Any, suffix: Any, _take: Take) -> bool:
    """Raises RaisedError unless both are strings."""
    return _string(value).endswith(_string(suffix))


def contains(value: Any, part: Any, take: Take) -> bool:
    """Whether a value contains the other, at any depth. Raises RaisedError if their types differ."""
    if _kind(value) != _kind(part):
        raise RaisedError
    return _within(part, value, take)


def _within(part: Any, value: Any, take: Take) -> bool:
    take(1)
    if isinstance(part, str) and isinstance(value, str):
        take(len(value) // _CHARACTERS_PER_STEP)
        return _string(part) in _string(value)
    if isinstance(part, Mapping) and isinstance(value, Mapping):
        return all(key in value and _within(below, value[key], take) for key, below in part.items())
    if isinstance(part, list) and isinstance(value, list):
        return all(any(_within(below, item, take) for item in value) for below in part)
    return _order(part, take) == _order(value, take)


def _string(value: Any) -> str:
    if not isinstance(value, str) or value == HIDDEN:
        raise RaisedError
    return value


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, list):
        return "array"
    return "object" if isinstance(value, Mapping) else "string"


def _order(value: Any, take: Take) -> tuple[Any, ...]:
    """A key that sorts any values as jq does: https://jqlang.org/manual/#sort-sort_by."""
    take(1)
    kind = _kind(value)
    rank = _KINDS.index(kind)
    if kind == "array":
        return rank, [_order(item, take) for item in value]
    if kind == "object":
        keys = sorted(value)
        return rank, keys, [_order(value[key], take) for key in keys]
    if kind == "string":
        return rank, _string(value)
    return (rank, value) if kind == "number" else (rank,)


Operation = Callable[[Any, Any, Take], bool]


def _comparison(compare: Callable[[Any, Any], bool]) -> Operation:
    def operation(one: Any, other: Any, take: Take) -> bool:
        if one is None or other is None:  # then the values don't matter, also hidden ones
            take(1)
            return compare(_KINDS.index(_kind(one)), _KINDS.index(_kind(other)))
        return compare(_order(one, take), _order(other, take))

    return operation


COMPARISONS: Final[Mapping[str, Operation]] = {
    "==": _comparison(operator.eq),
    "!=": _comparison(operator.ne),
    "<": _comparison(operator.lt),
    "<=": _comparison(operator.le),
    ">": _comparison(operator.gt),
    ">=": _comparison(operator.ge),
}

"""What jq's operators and functions make of values: https://jqlang.org/manual/."""

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

_KINDS: Final = ("null", "false", "true", "number", "string", "array", "object")  # lowest first, as jq sorts


class RaisedError(Exception):
    """jq raises an error here, since a value is of the wrong type."""


def is_true(value: Any) -> bool:
    """Whether a condition with this value holds."""
    return value is not None and value is not False


def has(value: Any, key: Any) -> bool:
    """Whether an object has a key, or an array an index; null has neither. RaisedError."""
    if value is None:
        return False
    if isinstance(value, Mapping) and isinstance(key, str):
        return key in value
    if isinstance(value, list) and _kind(key) == "number":
        return bool(-1 < key < len(value))  # as jq cuts the fraction off
    raise RaisedError


def startswith(value: Any, prefix: Any) -> bool:
    """RaisedError when one of them is not a string."""
    return _string(value).startswith(_string(prefix))


def endswith(value: Any, suffix: Any) -> bool:
    """RaisedError when one of them is not a string."""
    return _string(value).endswith(_string(suffix))


def contains(value: Any, part: Any) -> bool:
    """Whether a value has the other in it, at any depth. RaisedError when they are of different types."""
    if _kind(value) != _kind(part):
        raise RaisedError
    return _within(part, value)


def _within(part: Any, value: Any) -> bool:
    if isinstance(part, str) and isinstance(value, str):
        return part in value
    if isinstance(part, Mapping) and isinstance(value, Mapping):
        return all(key in value and _within(below, value[key]) for key, below in part.items())
    if isinstance(part, list) and isinstance(value, list):
        return all(any(_within(below, item) for item in value) for below in part)
    return _order(part) == _order(value)


def _string(value: Any) -> str:
    if not isinstance(value, str):
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


def _order(value: Any) -> tuple[Any, ...]:
    """A key that sorts any values as jq does: https://jqlang.org/manual/#sort-sort_by."""
    kind = _kind(value)
    rank = _KINDS.index(kind)
    if kind == "array":
        return rank, [_order(item) for item in value]
    if kind == "object":
        keys = sorted(value)
        return rank, keys, [_order(value[key]) for key in keys]
    return (rank, value) if kind in ("number", "string") else (rank,)


def _comparison(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda one, other: compare(_order(one), _order(other))


COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": _comparison(operator.eq),
    "!=": _comparison(operator.ne),
    "<": _comparison(operator.lt),
    "<=": _comparison(operator.le),
    ">": _comparison(operator.gt),
    ">=": _comparison(operator.ge),
}

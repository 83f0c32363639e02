"""Deep equality of two JSON values."""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

from bot.core.objects.scalar_equality import same_scalar

# The only types that JSON and YAML parse into. Checking for the abstract Mapping takes five times as long.
CONTAINERS: Final = (dict, list)


def deep_equal(one: Any, other: Any, or_else: Callable[[Any, Any], bool] | None = None) -> bool:
    """Whether two values are the same, with `same_scalar` for scalars, or differ only where `or_else` is true.

    It doesn't recurse, so any depth is fine.
    """
    pairs = [(one, other)]
    while pairs:
        one, other = pairs.pop()
        if isinstance(one, dict) and isinstance(other, dict):
            if one.keys() != other.keys():
                return False
            pairs += ((value, other[key]) for key, value in one.items())
        elif isinstance(one, list) and isinstance(other, list):
            if len(one) != len(other):
                return False
            pairs += zip(one, other, strict=True)
        elif (
            one is not other
            and (isinstance(one, CONTAINERS) or isinstance(other, CONTAINERS) or not same_scalar(one, other))
            and not (or_else and or_else(one, other))
        ):
            return False
    return True


def canonical(value: Any) -> str:
    """A text that is the same for values that are `deep_equal`, and only for those: `1` is `1.0`, but not `true`."""
    if isinstance(value, str):
        return f'"{value}'
    written = json.dumps([value], sort_keys=True, default=str)
    if ".0" in written or "e+" in written:  # perhaps whole numbers that are written as floats
        written = json.dumps(json.loads(written, parse_float=_number), sort_keys=True)
    return written


def _number(text: str) -> float:
    number = float(text)
    return int(number) if number.is_integer() else number


def lost_and_gained(desired: Any, live: Any) -> tuple[Sequence[Any], Sequence[Any]]:
    """The items that only git's list has, and those that only the cluster's has. Any other value has none."""
    lists = [side if isinstance(side, list | tuple) else () for side in (desired, live)]
    if not all(lists):
        return lists[0], lists[1]
    one, other = ([(canonical(item), item) for item in side] for side in lists)
    before, after = ({text for text, _ in side} for side in (one, other))
    return [item for text, item in one if text not in after], [item for text, item in other if text not in before]

"""Deep equality of two JSON values."""

from typing import Any, Final

from bot.core.objects.scalar_equality import same_scalar

# The only types that JSON and YAML parse into. Checking for the abstract Mapping takes five times as long.
CONTAINERS: Final = (dict, list)


def deep_equal(one: Any, other: Any) -> bool:
    """Whether two values are the same, with `same_scalar` for scalars. It doesn't recurse, so any depth is fine."""
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
        elif one is not other and (
            isinstance(one, CONTAINERS) or isinstance(other, CONTAINERS) or not same_scalar(one, other)
        ):
            return False
    return True

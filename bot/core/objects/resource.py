"""Reads fields of a custom resource of any shape: what is of another type than it should be counts as left out."""

from collections.abc import Mapping, Sequence
from typing import Any

Object = Mapping[str, Any]


def mapping(found: Object, *keys: str) -> Object:
    """The mapping at these keys, one below the other; {} when there is none."""
    for key in keys:
        value = found.get(key)
        found = value if isinstance(value, dict) else {}
    return found


def items(found: Object, key: str) -> Sequence[Any]:
    """The list there; empty when there is none."""
    value = found.get(key)
    return value if isinstance(value, list) else []


def text(found: Object, key: str) -> str:
    """The text there; "" when there is none."""
    value = found.get(key)
    return value if isinstance(value, str) else ""


def told(section: Object, ignored: frozenset[str] = frozenset()) -> list[str]:
    """The keys that say something."""
    return sorted(
        key for key, value in section.items() if key not in ignored and value not in (None, "", [], {}, False)
    )

"""Reads fields of objects of any shape: a value of an unexpected type counts as missing."""

from collections.abc import Mapping, Sequence
from typing import Any

Object = Mapping[str, Any]


def mapping(parent: Object, *keys: str) -> Object:
    """The mapping at these nested keys; {} if there is none."""
    for key in keys:
        value = parent.get(key)
        # JSON and YAML parse into no other mapping, and checking for the abstract type takes five times as long.
        parent = value if isinstance(value, dict) else {}
    return parent


def items(parent: Object, key: str) -> Sequence[Any]:
    """The list at a key; empty if there is none."""
    value = parent.get(key)
    return value if isinstance(value, list) else []


def text(parent: Object, key: str) -> str:
    """The string at a key; "" if there is none."""
    value = parent.get(key)
    return value if isinstance(value, str) else ""


def set_keys(section: Object, ignored: frozenset[str] = frozenset()) -> list[str]:
    """The keys whose value is not null, false or empty, sorted."""
    return sorted(
        key for key, value in section.items() if key not in ignored and value not in (None, "", [], {}, False)
    )

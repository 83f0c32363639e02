"""The order of the items of keyed lists, where it has a meaning."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from bot.core.drift.model import FieldDrift

_VARIABLES: Final = "env"

# Keyed lists whose order has a meaning: init containers run in it, and a variable can use those before it.
_ORDERED_LISTS: Final = frozenset(("initContainers", _VARIABLES))

# `$$` is a literal `$`: https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
_REFERENCE: Final = re.compile(r"\$\$|\$\(([^()$]+)\)")

Keys = tuple[tuple[str, Any], ...]
Items = Mapping[Keys, Sequence[Any]]  # the items of a list by their keys, in its order


def order(name: object, desired: Items, live: Items) -> tuple[list[str], list[str]] | None:
    """The order of the items that both sides have, if it differs and has a meaning in a list of this name.

    Items that only the cluster has come from webhooks.
    """
    if name not in _ORDERED_LISTS:
        return None
    both = desired.keys() & live.keys()
    sides = [[keys for keys in side if keys in both] for side in (desired, live)]
    if name == _VARIABLES and sides[0] != sides[1]:
        used = _used_names(desired, both)
        before = [_used_before(used, side) for side in sides]
        if before[0] == before[1]:
            return None
        involved = used.keys() | {keys for others in used.values() for keys in others}
        sides = [[keys for keys in side if keys in involved] for side in sides]
    first, second = ([", ".join(str(value) for _, value in keys) for keys in side] for side in sides)
    return (first, second) if first != second else None


def is_order(field: FieldDrift) -> bool:
    """Whether a difference is one in the order of items, which has their names as its values."""
    is_ordered = field.change == "changed" and field.path.rpartition(".")[2] in _ORDERED_LISTS
    return is_ordered and isinstance(field.desired, list) and all(isinstance(name, str) for name in field.desired)


def _used_names(variables: Items, both: Collection[Keys]) -> Mapping[Keys, Collection[Keys]]:
    """The other variables that the value of each one uses, as `$(NAME)`."""
    by_name = {value: keys for keys in both for _, value in keys}
    used: dict[Keys, set[Keys]] = {}
    for keys in both:
        values = (item.get("value") for item in variables[keys])
        names = {name for value in values if isinstance(value, str) for name in _REFERENCE.findall(value)}
        if others := {by_name[name] for name in names if name in by_name} - {keys}:
            used[keys] = others
    return used


def _used_before(used: Mapping[Keys, Collection[Keys]], variables: Sequence[Keys]) -> set[tuple[Keys, Keys]]:
    """Each variable with each one that it uses, if that is defined before it."""
    positions = {keys: position for position, keys in enumerate(variables)}
    return {(keys, other) for keys, others in used.items() for other in others if positions[other] < positions[keys]}

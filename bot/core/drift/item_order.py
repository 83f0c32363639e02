"""The order of the items of keyed lists, where it has a meaning."""

import re
from collections import Counter
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
_Place = tuple[Keys, int]  # an item: its keys, and how many items with the same keys are before it


def order(
    name: object, desired: list[Any], live: list[Any], desired_items: Items, live_items: Items
) -> tuple[list[str], list[str]] | None:
    """The order of the items that both sides have, if it differs and has a meaning in a list of this name.

    Items that only the cluster has come from webhooks.
    """
    if name not in _ORDERED_LISTS:
        return None
    places = [_places(desired, desired_items), _places(live, live_items)]
    both = set(places[0]).intersection(places[1])
    sides = [[place for place in side if place in both] for side in places]
    if name == _VARIABLES and sides[0] != sides[1]:
        used = _used_names(desired_items, both)
        if _resolved(used, sides[0]) == _resolved(used, sides[1]):
            return None
        involved = {keys for keys, _ in used} | {keys for others in used.values() for keys in others}
        sides = [[place for place in side if place[0] in involved] for side in sides]
    first, second = ([", ".join(str(value) for _, value in keys) for keys, _ in side] for side in sides)
    return (first, second) if first != second else None


def is_order(field: FieldDrift) -> bool:
    """Whether a difference is one in the order of items, which has their names as its values."""
    if field.change != "changed" or field.path.rpartition(".")[2] not in _ORDERED_LISTS:
        return False
    is_names = all(
        isinstance(names, list) and all(isinstance(name, str) for name in names)
        for names in (field.desired, field.live)
    )
    return is_names and sorted(field.desired) == sorted(field.live)


def _places(values: list[Any], items: Items) -> list[_Place]:
    keys_of = {id(item): keys for keys, same in items.items() for item in same}
    count: Counter[Keys] = Counter()
    places = []
    for value in values:
        keys = keys_of[id(value)]
        places.append((keys, count[keys]))
        count[keys] += 1
    return places


def _used_names(variables: Items, both: Collection[_Place]) -> Mapping[_Place, Collection[Keys]]:
    """The other variables that the value of each one uses, as `$(NAME)`."""
    by_name = {value: keys for keys, _ in both for _, value in keys}
    used: dict[_Place, set[Keys]] = {}
    for keys, index in both:
        value = variables[keys][index].get("value")
        names = _REFERENCE.findall(value) if isinstance(value, str) else ()
        if others := {by_name[name] for name in names if name in by_name} - {keys}:
            used[keys, index] = others
    return used


def _resolved(used: Mapping[_Place, Collection[Keys]], variables: Sequence[_Place]) -> set[tuple[_Place, _Place]]:
    """Each variable with each one that it uses: of those with the same name, the last one defined before it."""
    resolved: set[tuple[_Place, _Place]] = set()
    before: dict[Keys, int] = {}
    for place in variables:
        resolved |= {(place, (keys, before[keys])) for keys in used.get(place, ()) if keys in before}
        before[place[0]] = place[1]
    return resolved

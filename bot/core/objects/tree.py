"""Looks up the values of an object by path."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, Final

from bot.core.objects.credential_names import names_credential
from bot.core.objects.path import Item, Member, Path, Segment
from bot.core.objects.step_budget import StepBudget

NOWHERE: Final = object()

_MAX_KEYS: Final = 6  # of a list item


class Tree:
    """Looks up the values of an object by path. Methods raise TooManyStepsError."""

    def __init__(self, root: Any, steps: StepBudget) -> None:
        self._root = root
        self._steps = steps
        # By a list's id and the names of keys, then by their values, NOWHERE where an item has none.
        self._items: dict[tuple[int, tuple[str, ...]], dict[tuple[Any, ...], Mapping[str, Any]]] = {}
        self._members: dict[int, frozenset[Any]] = {}  # by a list's id
        self._names_credential: dict[int, bool] = {}  # by a mapping's id

    def at(self, path: Path) -> Any:
        """The value at a path; NOWHERE if there is none."""
        self._steps.take(1 + len(path))
        value = self._root
        for segment in path:
            value = self._below(value, segment)
            if value is NOWHERE:
                return NOWHERE
        return value

    def parents(self, path: Sequence[Segment]) -> list[Any]:
        """The values around the one at a path, outermost first, as far as there are any."""
        self._steps.take(1 + len(path))
        parents = [self._root]
        for segment in path[:-1]:
            value = self._below(parents[-1], segment)
            if value is NOWHERE:
                break
            parents.append(value)
        return parents

    def names_credential(self, value: Mapping[str, Any]) -> bool:
        """Whether the `value` of a mapping in the object is a credential by its name."""
        if id(value) not in self._names_credential:
            self._steps.take(len(value))
            self._names_credential[id(value)] = names_credential(value)
        return self._names_credential[id(value)]

    def _below(self, value: Any, segment: Segment) -> Any:
        if isinstance(segment, str):
            return value.get(segment, NOWHERE) if isinstance(value, Mapping) else NOWHERE
        if not isinstance(value, list):
            return NOWHERE
        if isinstance(segment, int):
            return value[segment] if segment < len(value) else NOWHERE
        if isinstance(segment, Member):
            return segment.value if _hashable(segment.value) in self._members_of(value) else NOWHERE
        return self._item(value, segment)

    def _members_of(self, values: list[Any]) -> frozenset[Any]:
        if id(values) not in self._members:
            self._steps.take(len(values) // 10)
            self._members[id(values)] = frozenset(value for value in values if not isinstance(value, dict | list))
        return self._members[id(values)]

    def _item(self, values: list[Any], segment: Item) -> Any:
        """The item of a list with these keys; an item may leave out a key with its default value."""
        names = tuple(name for name, _ in segment.keys)
        if len(names) > _MAX_KEYS:
            return NOWHERE
        by_keys = self._items.get((id(values), names))
        if by_keys is None:
            self._steps.take(len(values))
            by_keys = self._items[id(values), names] = {}
            for item in values:
                if isinstance(item, Mapping):
                    by_keys.setdefault(tuple(_hashable(item.get(name, NOWHERE)) for name in names), item)
        self._steps.take(2 ** len(names))
        alternatives = product(*((_hashable(value), NOWHERE) for _, value in segment.keys))
        return next((by_keys[keys] for keys in alternatives if keys in by_keys), NOWHERE)


def _hashable(value: Any) -> Any:
    return NOWHERE if isinstance(value, dict | list) else value

"""Compares lists by their merge type: by the keys of items, as a set, or as a whole.

https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.core.drift.defaults import MAX_DEPTH, is_default, is_dropped, means_the_same
from bot.core.drift.exclusions import uncompared_keys
from bot.core.drift.ignore_rules import IgnoredPaths
from bot.core.objects.deep_equality import CONTAINERS, canonical, deep_equal
from bot.core.objects.managed_fields import Ownership
from bot.core.objects.path import Item, Member, Path, Segment
from bot.core.objects.schema import MISSING, Node
from bot.core.objects.step_budget import StepBudget

# A longer list is compared in order even if order does not matter, since every pair of items might have to be compared.
_MAX_UNORDERED: Final = 1000
_AUTOMATIC_TOLERATIONS: Final = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


@dataclass(frozen=True, slots=True)
class Extra:
    """A value that only the cluster has. Its items can have other indexes in the live object (`live_path`)."""

    path: Path
    live_path: Path
    value: Any


class _Paths:
    """Where a value is: by the indexes of git's lists, and by those of the cluster's."""

    def __init__(self, path: Sequence[Segment]) -> None:
        self.path = list(path)
        self.live_path = list(path)

    def enter(self, segment: Segment, live_segment: Segment) -> None:
        """Go to a value inside."""
        self.path.append(segment)
        self.live_path.append(live_segment)

    def leave(self) -> None:
        """Go back."""
        self.path.pop()
        self.live_path.pop()

    def only_live(self, value: Any) -> Extra:
        """A value that only the cluster has here."""
        return Extra(tuple(self.path), tuple(self.live_path), value)


def typed_by_ownership(node: Node, path: Sequence[Segment], ownership: Ownership) -> Node:
    """The node of a list; if no schema describes it, with the keys from its managedFields."""
    if node.list_type or node.described:
        return node
    keys = ownership.list_keys(tuple(path))
    if keys is None:
        return node
    return replace(node, list_type="map" if keys else "set", keys=keys)


def items_by_key(values: list[Any], node: Node) -> dict[tuple[tuple[str, Any], ...], list[Any]] | None:
    """The items of a keyed list by their keys, as in `Item`; None if an item lacks a key."""
    items: dict[tuple[tuple[str, Any], ...], list[Any]] = {}
    for item in values:
        if not isinstance(item, dict):
            return None
        keys = []
        for key in node.keys:
            value = item.get(key)
            if value is None or value == "":
                value = node.default_of(key)
            if value is MISSING or isinstance(value, CONTAINERS):
                return None
            keys.append((key, value))
        items.setdefault(tuple(keys), []).append(item)
    return items if node.keys else None


def members(values: list[Any]) -> set[Member] | None:
    """The members of a set; None if one of them is not a scalar."""
    return None if any(isinstance(value, CONTAINERS) for value in values) else {Member(value) for value in values}


def without_ignored(value: Any, node: Node, ignored: IgnoredPaths | None, steps: StepBudget, depth: int = 0) -> Any:
    """The value without its ignored parts. Raises TooManyStepsError."""
    if ignored is None or not isinstance(value, CONTAINERS) or depth == MAX_DEPTH:
        return value
    steps.take(len(value))
    if isinstance(value, dict):
        fields = ((key, item, ignored.below(key)) for key, item in value.items())
        return {
            key: without_ignored(item, node.field(key), below, steps, depth + 1)
            for key, item, below in fields
            if not (below and below.reason)
        }
    items = ((item, ignored.below(segment)) for segment, item in _items(value, node))
    return [
        without_ignored(item, node.item, below, steps, depth + 1)
        for item, below in items
        if not (below and below.reason)
    ]


def _items(values: list[Any], node: Node) -> Iterable[tuple[Segment, Any]]:
    """The items with their segments in a path."""
    if node.list_type == "map" and (by_key := items_by_key(values, node)) is not None:
        return ((Item(keys), item) for keys, several in by_key.items() for item in several)
    if node.list_type == "set" and (scalars := members(values)) is not None:
        return ((member, member.value) for member in scalars)
    return enumerate(values)


def undeclared_item_node(node: Node) -> Node:
    """The node of an item that git does not declare: if the server fills in the list, it fills in the item too."""
    return replace(node.item, filled=node.filled, keeps_zero=True)


def without_automatic_tolerations(desired: list[Any], live: list[Any]) -> list[Any]:
    """The live tolerations of a Pod without the two that the server adds to every Pod.

    https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions
    """
    declared = set(map(canonical, desired))
    return [item for item in live if not _is_automatic(item) or canonical(item) in declared]


def _is_automatic(toleration: Any) -> bool:
    return (
        isinstance(toleration, Mapping)
        and toleration.get("key") in _AUTOMATIC_TOLERATIONS
        and toleration.get("effect") == "NoExecute"
    )


def match_whole(
    desired: list[Any],
    live: list[Any],
    node: Node,
    ignored: IgnoredPaths | None,
    path: Sequence[Segment],
    steps: StepBudget,
) -> Sequence[Extra] | None:
    """Compare the list at `path` as one value. None if it differs, else the values that only the cluster's items have.

    Raises TooManyStepsError.
    """
    return _match_lists(desired, live, node, ignored, _Paths(path), steps)


def _match_lists(
    desired: list[Any], live: list[Any], node: Node, ignored: IgnoredPaths | None, paths: _Paths, steps: StepBudget
) -> Sequence[Extra] | None:
    if len(desired) != len(live):
        return None
    extras: list[Extra] = []
    unmatched = list(range(len(live)))
    is_unordered = node.list_type not in ("", "atomic") and len(live) <= _MAX_UNORDERED
    for index, item in enumerate(desired):
        below = ignored.below(index) if ignored else None
        best: tuple[int, Sequence[Extra]] | None = None
        for candidate in unmatched if is_unordered else (index,):
            paths.enter(index, candidate)
            beyond = _match(item, live[candidate], node.item, ({}, {}), below, paths, steps)
            paths.leave()
            if beyond is not None and (best is None or len(beyond) < len(best[1])):
                best = candidate, beyond
                if not beyond:
                    break
        if best is None:
            return None
        if is_unordered:
            unmatched.remove(best[0])
        extras += best[1]
    return extras


def _match(
    desired: Any,
    live: Any,
    node: Node,
    parents: tuple[Mapping[str, Any], Mapping[str, Any]],
    ignored: IgnoredPaths | None,
    paths: _Paths,
    steps: StepBudget,
) -> Sequence[Extra] | None:
    """The same for any value inside such a list; `parents` are the mappings around it in git and in the cluster."""
    steps.take()
    if ignored is not None and ignored.reason:
        return ()
    if live is MISSING or live is None:
        return () if is_dropped(without_ignored(desired, node, ignored, steps), node) else None
    if desired is None:
        return () if node.filled or is_default(live, node, *parents) else [paths.only_live(live)]
    if len(paths.path) > MAX_DEPTH:
        return () if deep_equal(desired, live) else None
    if isinstance(desired, dict) and isinstance(live, dict):
        return _match_mappings(desired, live, node, ignored, paths, steps)
    if isinstance(desired, list) and isinstance(live, list):
        return _match_lists(desired, live, node, ignored, paths, steps)
    return () if means_the_same(desired, live, node, *parents) else None


def _match_mappings(
    desired: Mapping[str, Any],
    live: Mapping[str, Any],
    node: Node,
    ignored: IgnoredPaths | None,
    paths: _Paths,
    steps: StepBudget,
) -> Sequence[Extra] | None:
    extras: list[Extra] = []
    uncompared = uncompared_keys(paths.path)
    for key in {**desired, **live}:
        if key in uncompared:
            continue
        below, values = ignored.below(key) if ignored else None, (desired.get(key), live.get(key, MISSING))
        paths.enter(key, key)
        beyond = _match(*values, node.field(key), (desired, live), below, paths, steps)
        paths.leave()
        if beyond is None:
            return None
        extras += beyond
    return extras

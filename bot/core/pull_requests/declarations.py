"""Finds where documents declare objects. The documents are read once, since many objects may differ."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any, Final, NamedTuple

from bot.core.drift.model import ObjectDrift

_ABSENT: Final = object()  # in place of what the items of a list such as `ConfigMapList` may leave out

_Key = tuple[object, ...]


class Declaration(NamedTuple):
    """Where an object is declared: at a position in the documents, or in the items of a list in one of them."""

    order: int
    part: int
    items: list[Any]
    position: int


class Declarations:
    """The declarations in documents, by part of the file. `namespace` is the one of objects without any."""

    def __init__(self, by_part: Mapping[int, list[Any]], namespace: str) -> None:
        self._by_key = defaultdict[_Key, list[Declaration]](list)
        places = ((part, items, index) for part in by_part for items, index in _objects(by_part[part]))
        for order, (part, items, index) in enumerate(places):
            for key in _keys(items[index], namespace):
                self._by_key[key].append(Declaration(order, part, items, index))

    def last(self, object_drift: ObjectDrift) -> Declaration | None:
        """The object's last declaration that isn't removed: as in kubectl, it wins."""
        versions, kinds = (object_drift.api_version, _ABSENT), (object_drift.kind, _ABSENT)
        found = []
        for version, kind in product(versions, kinds):
            declarations = self._by_key.get((version, kind, object_drift.namespace, object_drift.name), [])
            while declarations and declarations[-1].items[declarations[-1].position] is None:
                declarations.pop()
            found += declarations[-1:]
        return max(found, key=lambda declaration: declaration.order, default=None)


def without_removed_items(declarations: Iterable[Declaration]) -> None:
    """Delete the items of lists that are None at these places."""
    for declaration in sorted(declarations, key=lambda declaration: declaration.position, reverse=True):
        del declaration.items[declaration.position]


def _objects(items: list[Any]) -> Iterator[tuple[list[Any], int]]:
    for index, value in enumerate(items):
        if not isinstance(value, Mapping):
            continue
        if str(value.get("kind", "")).endswith("List") and isinstance(value.get("items"), list):
            yield from _objects(value["items"])
        else:
            yield items, index


def _keys(manifest: Mapping[str, Any], namespace: str) -> Iterator[_Key]:
    """An object's key in its namespace, and its key if its kind turns out to be cluster-scoped."""
    metadata = manifest.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    kind = tuple(manifest.get(key, _ABSENT) for key in ("apiVersion", "kind"))
    name, own_namespace = metadata.get("name"), metadata.get("namespace") or namespace
    if all(value is _ABSENT or isinstance(value, str) for value in (*kind, name)):
        yield *kind, None, name
        if isinstance(own_namespace, str):
            yield *kind, own_namespace, name

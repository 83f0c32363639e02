"""Field ownership in metadata.managedFields, recorded like the API server does.

The rules are those of structured-merge-diff (https://github.com/kubernetes-sigs/structured-merge-diff): an Update owns
what it changed, an Apply owns what it sent, and a changed value is removed from all other owners' sets.
A path is a tuple of FieldsV1 elements: `f:spec`, `k:{"name":"web"}`, `v:"x"`; `SELF` is the node itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from bot.sandbox.cluster.schema import ANY, Schema

Path = tuple[str, ...]
Object = dict[str, Any]

SELF = "."
MAX_UPDATE_MANAGERS = 10  # the server's limit: the oldest entries beyond it are merged into one
ANCIENT = "ancient-changes"
_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}  # encoding/json's
NEVER_OWNED = frozenset(
    {("f:apiVersion",), ("f:kind",), ("f:metadata",)}
    | {
        ("f:metadata", f"f:{name}")
        for name in (
            "name",
            "namespace",
            "creationTimestamp",
            "selfLink",
            "uid",
            "generation",
            "managedFields",
            "resourceVersion",
        )
    }
)


@dataclass(frozen=True, slots=True)
class Manager:
    """One entry of managedFields. `time` is in the server's format, None for the scale subresource."""

    name: str
    operation: str  # "Apply" or "Update"
    api_version: str
    subresource: str
    paths: frozenset[Path]
    time: str | None

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """The key of a manager: writes with the same key share an entry."""
        return (self.name, self.operation, self.api_version, self.subresource)


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference between two versions of an object, as sets of paths."""

    added: frozenset[Path]
    modified: frozenset[Path]
    removed: frozenset[Path]

    @property
    def taken(self) -> frozenset[Path]:
        """The paths that the writer now owns."""
        return self.added | self.modified


def read(document: Mapping[str, Any]) -> list[Manager]:
    """The managers of an object, in the order of managedFields."""
    return [
        Manager(
            entry["manager"],
            entry["operation"],
            entry["apiVersion"],
            entry.get("subresource", ""),
            frozenset(_paths(entry["fieldsV1"])),
            entry.get("time"),
        )
        for entry in document.get("metadata", {}).get("managedFields", ())
    ]


def write(managers: list[Manager]) -> list[Object]:
    """The value of metadata.managedFields: Apply before Update, then by time and name."""
    entries = []
    for manager in sorted(managers, key=lambda m: (m.operation, m.time or "", m.name)):
        entry: Object = {
            "manager": manager.name,
            "operation": manager.operation,
            "apiVersion": manager.api_version,
            "fieldsType": "FieldsV1",
            "fieldsV1": _tree(manager.paths),
        }
        if manager.time:
            entry["time"] = manager.time
        if manager.subresource:
            entry["subresource"] = manager.subresource
        entries.append(entry)
    return entries


def timestamp(now: datetime) -> str:
    """A time in Kubernetes' format: UTC, whole seconds."""
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def after_update(managers: list[Manager], change: Difference, writer: Manager) -> list[Manager]:
    """The managers after `writer` made this change by an Update; its `paths` and `time` are ignored."""
    result = _others_lose(managers, change, except_for=None)
    if change.taken:
        owned = next((m.paths for m in result if m.identity == writer.identity), frozenset())
        result = [m for m in result if m.identity != writer.identity]
        result.append(replace(writer, paths=owned | change.taken))
    return _capped(result)


def after_apply(managers: list[Manager], change: Difference, writer: Manager) -> list[Manager]:
    """The managers after `writer` made this change by an Apply; its `paths` are what it sent."""
    before = next((m for m in managers if m.identity == writer.identity), None)
    unchanged = before is not None and before.paths == writer.paths and not change.taken and not change.removed
    result = [m for m in _others_lose(managers, change, except_for=writer) if m.identity != writer.identity]
    if writer.paths:
        result.append(replace(writer, time=before.time) if before is not None and unchanged else writer)
    return result


def _others_lose(managers: list[Manager], change: Difference, except_for: Manager | None) -> list[Manager]:
    lost = change.taken | change.removed
    result = []
    for manager in managers:
        if except_for is not None and manager.identity == except_for.identity:
            result.append(manager)
            continue
        kept = manager.paths - lost
        if kept:
            result.append(replace(manager, paths=kept))
    return result


def _capped(managers: list[Manager]) -> list[Manager]:
    updates = sorted((m for m in managers if m.operation == "Update" and not m.subresource), key=lambda m: m.time or "")
    excess = updates[: max(0, len(updates) - MAX_UPDATE_MANAGERS + 1)] if len(updates) > MAX_UPDATE_MANAGERS else []
    if not excess:
        return managers
    merged = replace(excess[-1], name=ANCIENT, paths=frozenset().union(*(m.paths for m in excess)))
    return [m for m in managers if m not in excess] + [merged]


# ---------------------------------------------------------------- sets of paths


def paths_of(schema: Schema, document: Object) -> frozenset[Path]:
    """The paths that an applied configuration owns: its leaves, and the items of keyed lists and sets."""
    return frozenset(_applied(schema, document, ())) - NEVER_OWNED


def _applied(schema: Schema, value: Any, path: Path) -> Iterator[Path]:
    children = list(_children(schema, value))
    if not children:
        yield path
        return
    for element, child, item in children:
        below = (*path, element)
        if element[0] != "f":
            yield below
        yield from _applied(child, item, below)


def compare(schema: Schema, before: Object, after: Object) -> Difference:
    """The paths that a write added, modified and removed."""
    added: set[Path] = set()
    modified: set[Path] = set()
    removed: set[Path] = set()
    _compare(schema, before, after, (), added, modified, removed)
    return Difference(
        frozenset(added) - NEVER_OWNED, frozenset(modified) - NEVER_OWNED, frozenset(removed) - NEVER_OWNED
    )


def _compare(
    schema: Schema,
    before: Any,
    after: Any,
    path: Path,
    added: set[Path],
    modified: set[Path],
    removed: set[Path],
) -> None:
    if before is not ABSENT and before == after and type(before) is type(after):
        return
    old = {element: (child, item) for element, child, item in _children(schema, before)}
    new = {element: (child, item) for element, child, item in _children(schema, after)}
    if before is ABSENT:
        added.add(path)
    elif after is ABSENT:
        removed.add(path)
    elif not old and not new and before != after:
        modified.add(path)
    for element in old.keys() | new.keys():
        child, was = old.get(element, (None, ABSENT))
        newer, now = new.get(element, (None, ABSENT))
        _compare(newer or child or ANY, was, now, (*path, element), added, modified, removed)


class _Absent:
    """A missing value, as opposed to null."""


ABSENT = _Absent()


def _children(schema: Schema, value: Any) -> Iterator[tuple[str, Schema, Any]]:
    """The parts that a value is merged by, as element, type and value; none for a leaf."""
    if schema.atomic:
        return
    match value:
        case dict():
            for key, item in value.items():
                yield f"f:{key}", schema.child(key), item
        case list() if schema.keys:
            for item in value:
                yield f"k:{key_of(schema, item)}", schema.element, item
        case list() if schema.is_set:
            for item in value:
                yield f"v:{_written(item)}", schema.element, item
        case _:
            return


def key_of(schema: Schema, item: Any) -> str:
    """The key of an item in a list of type map, as sorted JSON; a missing key has its default value."""
    values = {key: item.get(key, schema.element.defaults.get(key)) for key in schema.keys} if type(item) is dict else {}
    return _written({k: v for k, v in values.items() if v is not None})


def _written(value: Any) -> str:
    """A value as sorted JSON, escaped as by Go."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode().translate(_ESCAPES)


def prune(schema: Schema, document: Object, paths: frozenset[Path]) -> Object:
    """The object without the values at these paths."""
    tree = _tree(paths)
    result: Object = _pruned(schema, document, tree)
    return result


def _pruned(schema: Schema, value: Any, tree: Mapping[str, Any]) -> Any:
    kept = []
    for element, child, item in _children(schema, value):
        below = tree.get(element)
        if below is not None and (not below or SELF in below):
            continue
        kept.append((element, _pruned(child, item, below) if below else item))
    if isinstance(value, dict):
        return {element[2:]: item for element, item in kept}
    return [item for _, item in kept]


def _tree(paths: frozenset[Path]) -> Object:
    root: Object = {}
    for path in sorted(paths):
        node = root
        for element in path[:-1]:
            node = node.setdefault(element, {})
        node.setdefault(path[-1], {})
    for path in paths:
        node = root
        for element in path:
            node = node[element]
        if node:
            node[SELF] = {}
    return _ordered(root)


def _ordered(node: Object) -> Object:
    return {key: _ordered(node[key]) for key in sorted(node)}


def _paths(tree: Mapping[str, Any], path: Path = ()) -> Iterator[Path]:
    for element, below in tree.items():
        if element == SELF:
            yield path
        elif not below:
            yield (*path, element)
        else:
            yield from _paths(below, (*path, element))

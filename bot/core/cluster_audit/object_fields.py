"""The paths of an object's fields, written as in docs/drift.md, from the requests and objects in audit events.

Values are not kept: keyed digests are enough to see whether one changed.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from sys import intern
from typing import Any, Final

import orjson

from bot.core.drift.exclusions import uncompared_keys
from bot.core.drift.lists import items_by_key, typed_by_ownership
from bot.core.objects.credential_search import CredentialSearch
from bot.core.objects.managed_fields import Ownership
from bot.core.objects.path import Item, Path, Segment, format_path
from bot.core.objects.redaction import redact_path
from bot.core.objects.resource import text
from bot.core.objects.schema import Node, Schemas
from bot.core.objects.step_budget import SharedStepBudget, StepBudget, json_size

Object = Mapping[str, Any]
Digests = dict[str, bytes]  # by path

MAX_PATHS: Final = 5_000  # of one object; a larger one is not followed field by field
MAX_FIELDS: Final = 500  # that one request names or changes
MAX_CHARACTERS: Final = 16_384  # of their paths together
MAX_SEARCH_STEPS: Final = 500_000  # to search the keys of one object for credentials
EMPTY: Final = "[{}]"
_MAX_DEPTH: Final = 60
_MAX_PATH: Final = 1_000  # characters
_SCHEMAS: Final = Schemas()  # of the built-in kinds; the lists of others are read by their managedFields
_DELETE_FROM: Final = "$deleteFromPrimitiveList/"
_ELEMENT_ORDER: Final = "$setElementOrder/"


class TooLargeError(ValueError):
    """The object has more fields, longer paths, or more levels than the bot follows."""


class ObjectFields:
    """The fields of objects of one kind. `live` is such an object; its managedFields show how its lists merge.

    Methods raise TooManyStepsError for managedFields that take too long to read, and for keys that take too long to
    search for credentials.
    """

    def __init__(self, live: Object) -> None:
        self._live = live
        self._node = _SCHEMAS.node(text(live, "apiVersion"), text(live, "kind"))
        self._ownership = Ownership(live, {}, (), StepBudget(lambda: json_size(live)))
        self._search = CredentialSearch(StepBudget(shared=SharedStepBudget(MAX_SEARCH_STEPS)))

    def digests(self, key: bytes) -> Digests:
        """The digest of every field of the live object, by path. Raises TooLargeError."""
        digests: Digests = {}
        for path, value in self._leaves((), self._live, self._node):
            digests[self._leaf(path, value)] = digest(value, key)
            if len(digests) > MAX_PATHS:
                raise TooLargeError
        return digests

    def owned_by(self, manager: str) -> frozenset[str] | None:
        """The fields of the live object that a manager owns; None if the event does not have managedFields."""
        if not self._ownership.writers:
            return None
        return frozenset(
            self._leaf(path, value)
            for path, value in self._leaves((), self._live, self._node)
            if any(owner.manager == manager for owner in self._ownership.owners(path))
        )

    def patched(self, patch: Any) -> tuple[str, ...] | None:
        """The fields that a JSON patch, merge patch or strategic merge patch names; None if it could be any."""
        if isinstance(patch, list):
            paths: Iterator[Path] = self._json_patched(patch)
        elif isinstance(patch, Mapping):
            paths = self._merged((), patch, self._node, is_strategic=_is_strategic(patch))
        else:
            return None
        try:
            formatted = dict.fromkeys(map(self._formatted, paths))
        except TooLargeError:
            return None
        return bounded(formatted)

    def _leaves(self, path: Path, value: Any, node: Node) -> Iterator[tuple[Path, Any]]:
        """Scalars, empty containers and lists that are compared as a whole."""
        if len(path) >= _MAX_DEPTH or not value:
            yield path, value
        elif isinstance(value, Mapping):
            uncompared = uncompared_keys(path)
            for key, item in value.items():
                if key not in uncompared:
                    yield from self._leaves((*path, key), item, node.field(key))
        elif isinstance(value, list):
            node = typed_by_ownership(node, path, self._ownership)
            items = items_by_key(value, node) if node.list_type == "map" else None
            if items is None or any(len(same) > 1 for same in items.values()):
                yield path, value
                return
            for keys, same in items.items():
                yield from self._leaves((*path, Item(keys)), same[0], node.item)
        else:
            yield path, value

    def _merged(self, path: Path, patch: Object, node: Node, *, is_strategic: bool) -> Iterator[Path]:
        """https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/."""
        uncompared = uncompared_keys(path)
        for key, value in patch.items():
            below = (*path, key)
            if key in uncompared or key.startswith(_ELEMENT_ORDER):
                continue
            if key in ("$patch", "$retainKeys"):
                yield path
            elif key.startswith(_DELETE_FROM):
                yield (*path, key.removeprefix(_DELETE_FROM))
            elif isinstance(value, Mapping) and value and len(below) < _MAX_DEPTH:
                yield from self._merged(below, value, node.field(key), is_strategic=is_strategic)
            elif isinstance(value, list) and is_strategic:
                yield from self._merged_list(below, value, node.field(key))
            else:
                yield below

    def _merged_list(self, path: Path, values: list[Any], node: Node) -> Iterator[Path]:
        node = typed_by_ownership(node, path, self._ownership)
        items = items_by_key(values, node) if node.list_type == "map" else None
        if items is None or len(path) >= _MAX_DEPTH:
            yield path
            return
        for keys, same in items.items():
            named = {key for key, _ in keys}
            for item in same:
                changed = {key: value for key, value in item.items() if key not in named}
                below = (*path, Item(keys))
                yield from self._merged(below, changed, node.item, is_strategic=True) if changed else (below,)

    def _json_patched(self, operations: Sequence[Any]) -> Iterator[Path]:
        pointers = [
            operation[key]
            for operation in operations
            if isinstance(operation, Mapping) and operation.get("op") != "test"
            for key in ("path", "from")
            if isinstance(operation.get(key), str)
        ]
        # Adding or removing an item moves those after it, so indexes no longer identify items.
        moves = any(_is_index(pointer.rpartition("/")[2]) for pointer in pointers)
        for pointer in pointers:
            path = self._pointed(pointer, stops_at_lists=moves)
            if not path or path[0] not in uncompared_keys(()):
                yield path

    def _pointed(self, pointer: str, *, stops_at_lists: bool) -> Path:
        """https://www.rfc-editor.org/rfc/rfc6901."""
        path: Path = ()
        value: Any = self._live
        node = self._node
        for part in pointer.split("/")[1:]:
            key: Segment = part.replace("~1", "/").replace("~0", "~")
            if isinstance(value, list):
                item = None if stops_at_lists or not _is_index(part) else self._item(path, value, node, part)
                if item is None:
                    return path
                key, value = item
                node = node.item
            elif isinstance(value, Mapping) or not _is_index(part):
                value = value.get(key) if isinstance(value, Mapping) else None
                node = node.field(str(key))
            else:
                return path  # it may point into a list that no longer exists
            path = (*path, key)
        return path

    def _item(self, path: Path, values: list[Any], node: Node, index: str) -> tuple[Item, Any] | None:
        node = typed_by_ownership(node, path, self._ownership)
        if node.list_type != "map" or not index.isdecimal() or int(index) >= len(values):
            return None
        value = values[int(index)]
        items = items_by_key([value], node)
        return (Item(next(iter(items))), value) if items else None

    def _leaf(self, path: Path, value: Any) -> str:
        """The path of a leaf. An empty container's ends with EMPTY, so that it isn't a parent of fields added later."""
        formatted = self._formatted(path)
        return intern(formatted + EMPTY if value in ({}, []) else formatted)  # most objects have the same paths

    def _formatted(self, path: Path) -> str:
        formatted = format_path(redact_path(path, self._search.redact))
        if len(formatted) > _MAX_PATH:
            raise TooLargeError
        return formatted


def bounded(paths: Collection[str]) -> tuple[str, ...] | None:
    """The fields that one request names or changes; None, as for any field, if there are too many to store."""
    return tuple(paths) if len(paths) <= MAX_FIELDS and sum(map(len, paths)) <= MAX_CHARACTERS else None


def digest(value: Any, key: bytes) -> bytes:
    """The digest of a field's value, keyed so that hashing guesses doesn't reveal the value. Raises TooLargeError."""
    try:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # more than 254 levels
        raise TooLargeError from None
    return hashlib.blake2b(text, key=key, digest_size=8).digest()


def _is_strategic(value: Any) -> bool:
    """Whether a patch has directives such as `$patch`, which only strategic merge patches have."""
    values = [value]
    while values:
        value = values.pop()
        if isinstance(value, Mapping):
            if any(key.startswith("$") for key in value):
                return True
            values += value.values()
        elif isinstance(value, list):
            values += value
    return False


def _is_index(part: str) -> bool:
    return part == "-" or (part.isascii() and part.isdecimal() and len(part) < 10)

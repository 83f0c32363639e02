"""Finds the places of drifted fields in an object, while they are changed one by one."""

import json
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.scalarstring import ScalarString

from bot.core.drift.model import FieldDrift
from bot.core.objects.documents import ManifestError, read_documents
from bot.core.objects.path import Item, Member, Segment, format_path, parse_path
from bot.core.pull_requests.not_adoptable import NotAdoptableError
from bot.i18n.catalogue import adopt as texts
from bot.i18n.language import LocalizedText

_LONGEST_WORD: Final = len("off")  # of those that only YAML 1.1 reads as booleans
_MEMBER: Final = ""  # in place of the name of a key
_MISSING: Final = None

_ItemsByText = defaultdict[str | None, list[Any]]


class FieldFinder:
    """Finds keys of mappings and items of lists. Each list is read once, since many of its items may differ."""

    def __init__(self) -> None:
        # The items of each list, by the name of a key and its text; those without the key at _MISSING. The list is
        # kept, so that no other one has its id.
        self._items: dict[tuple[int, str], tuple[list[Any], _ItemsByText]] = {}

    def key(self, node: Any, segment: Segment) -> Any:
        """The key or index of a segment in a mapping or list; None if there is none.

        Raises NotAdoptableError if there are several.
        """
        if isinstance(segment, str):
            if isinstance(node, CommentedMap) and segment not in node:
                return next((key for key in node if _as_key(key) == segment), None)
            return segment if isinstance(node, Mapping) and segment in node else None
        if not isinstance(node, list):
            return None
        if isinstance(segment, int):
            return segment if segment < len(node) else None
        items = self._matching(node, segment)
        if len(items) > 1:
            raise NotAdoptableError(LocalizedText(texts.IDENTICAL_ITEMS, path=format_path((segment,))))
        return next((index for index, item in enumerate(node) if items and item is items[0]), None)

    def key_of_field(self, node: Any, last: Segment, field: FieldDrift) -> Any:
        """The key of a field's last segment; None for an added list item, which git doesn't have."""
        return None if field.change == "added" and isinstance(last, Item) else self.key(node, last)

    def added(self, node: Any, item: Any) -> None:
        """Note a new item, if the node is a list."""
        for (id_, name), (_, by_text) in self._items.items():
            if id_ == id(node):
                _add(by_text, item, name)

    def removed(self, node: Any, item: Any) -> None:
        """Note that an item was removed, if the node is a list."""
        for (id_, name), (_, by_text) in self._items.items():
            if id_ == id(node) and (name == _MEMBER or isinstance(item, Mapping)):
                text = _text_of(item, name)
                by_text[text] = [other for other in by_text[text] if other is not item]

    def _matching(self, node: list[Any], segment: Item | Member) -> list[Any]:
        if isinstance(segment, Member):
            return self._items_with(node, _MEMBER)[_as_text(segment.value)]
        candidates = [self._with_key(node, name, value) for name, value in segment.keys]
        matches = [(keys, item) for item in min(candidates, key=len) if (keys := _matching_keys(item, segment))]
        most = max((keys for keys, _ in matches), default=0)
        return [item for keys, item in matches if keys == most]

    def _with_key(self, node: list[Any], name: str, value: Any) -> list[Any]:
        """The items with a key of this value, and those without the key."""
        by_text = self._items_with(node, name)
        return [*by_text[_as_text(value)], *by_text[_MISSING]]

    def _items_with(self, node: list[Any], name: str) -> _ItemsByText:
        if (id(node), name) not in self._items:
            by_text: _ItemsByText = defaultdict(list)
            for item in node:
                _add(by_text, item, name)
            self._items[id(node), name] = node, by_text
        return self._items[id(node), name][1]


def segments(field: FieldDrift) -> list[Segment]:
    """The segments of a field's path."""
    return [segment for segment in parse_path(field.path) if isinstance(segment, str | int | Item | Member)]


def _add(by_text: _ItemsByText, item: Any, name: str) -> None:
    if name == _MEMBER or isinstance(item, Mapping):
        by_text[_text_of(item, name)].append(item)


def _text_of(item: Any, name: str) -> str | None:
    if name == _MEMBER:
        return _as_text(item)
    value = item.get(name)
    return _MISSING if value in (None, "") else _as_text(value)


def _matching_keys(item: Mapping[str, Any], segment: Item) -> int:
    """How many keys a list item declares; 0 if one of them differs. Git may leave others to the server's default."""
    present = [(key, expected) for key, expected in segment.keys if item.get(key) not in (None, "")]
    return len(present) if all(_as_text(item[key]) == _as_text(expected) for key, expected in present) else 0


def _as_key(key: object) -> object:
    """A key of ruamel.yaml's as Kubernetes reads it: `9000` and `on` are the strings "9000" and "true"."""
    if isinstance(key, ScalarString) or (isinstance(key, str) and len(key) > _LONGEST_WORD):
        return key
    return _read_key(f"{key}", key)


@lru_cache(maxsize=10_000)
def _read_key(text: str, key: object) -> object:
    try:
        ((_, document),) = read_documents("", f"{text}: 0\n".encode())
    except (ManifestError, ValueError):
        return key
    return next(iter(document), key) if isinstance(document, dict) else key


def _as_text(value: object) -> str:
    return str(value) if isinstance(value, str) else json.dumps(value, default=str)

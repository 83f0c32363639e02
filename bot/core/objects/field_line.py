"""Finds the line of a file that declares a field."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from bot.core.objects.path import Item, Member, PathError, parse_path

_MAX_DEPTH: Final = 20  # levels of a value to compare


def field_line(content: bytes, document_line: int, path: str, desired: Any) -> int:
    """The line of a field in the document that begins at `document_line`; both from 1.

    For a field that git doesn't declare (`desired` is None), the line of its parent. If the document lacks the field or
    has another value, such as when Kustomize patches it, `document_line`. `read_documents` must accept the content.
    """
    try:
        documents = yaml.compose_all(content.decode("utf-8-sig"), Loader=yaml.CSafeLoader)
        node = next((root for root in documents if root and _line(root) == document_line), None)
        segments = parse_path(path)
    except (yaml.YAMLError, UnicodeDecodeError, PathError):
        return document_line
    line = document_line
    for segment in segments:
        step = _step(node, segment)
        if step is None:
            return line if desired is None else document_line
        line, node = step
    return line if desired is None or _has_value(node, desired) else document_line


def _line(node: Node) -> int:
    return node.start_mark.line + 1


def _step(node: Node | None, segment: object) -> tuple[int, Node] | None:
    """The line and the value that a segment of a path leads to."""
    if isinstance(node, MappingNode) and isinstance(segment, str):
        # If a key occurs twice, the last one wins, as with kubectl.
        return next(((_line(key), value) for key, value in reversed(node.value) if key.value == segment), None)
    if not isinstance(node, SequenceNode):
        return None
    if isinstance(segment, int):
        matches = node.value[segment : segment + 1]
    elif isinstance(segment, Item):
        matches = _items(node, segment)
    else:
        matches = [item for item in node.value if isinstance(segment, Member) and _has_value(item, segment.value)]
    return (_line(matches[0]), matches[0]) if len(matches) == 1 else None


def _items(node: SequenceNode, wanted: Item) -> list[Node]:
    """The items of a keyed list with these keys; undeclared keys match, since the server fills them in."""
    fitting: dict[int, list[Node]] = {}  # by the number of keys they declare
    for item in node.value:
        declared = {key.value: value for key, value in item.value} if isinstance(item, MappingNode) else {}
        shared = [(declared[key], value) for key, value in wanted.keys if key in declared]
        if shared and all(_has_value(value, expected) for value, expected in shared):
            fitting.setdefault(len(shared), []).append(item)
    return fitting[max(fitting)] if fitting else []


def _has_value(node: Node | None, value: Any, depth: int = 0) -> bool:
    if isinstance(node, ScalarNode):
        return bool(node.value == (str(value).lower() if isinstance(value, bool) else str(value)))
    if depth == _MAX_DEPTH:
        return False
    if isinstance(node, MappingNode) and isinstance(value, Mapping) and len(node.value) == len(value):
        return all(key.value in value and _has_value(item, value[key.value], depth + 1) for key, item in node.value)
    if isinstance(node, SequenceNode) and isinstance(value, Sequence) and len(node.value) == len(value):
        return all(_has_value(item, expected, depth + 1) for item, expected in zip(node.value, value, strict=True))
    return False

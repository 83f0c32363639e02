"""Consecutive lists and preformatted lines of a rich_text block as one, and the size of elements."""

import json
from collections.abc import Iterable
from itertools import groupby
from typing import Any

Element = dict[str, Any]
_JOINT = 70  # characters that each list or preformatted line takes less when it continues another


def size(elements: Iterable[Element], before: Element | None = None) -> int:
    """The length of the elements as JSON, in characters, after the element `before`."""
    size = 0
    for element in elements:
        joins = before and element["type"] != "rich_text_section" and _kind(element) == _kind(before)
        size += len(json.dumps(element, ensure_ascii=False)) - (_JOINT if joins else 0)
        before = element
    return size


def _kind(element: Element) -> tuple[str, int | None]:
    return element["type"], element.get("indent")


def joined(elements: Iterable[Element]) -> list[Element]:
    """The elements with consecutive lists, and consecutive preformatted lines, as one."""
    result: list[Element] = []
    for (kind, _), group in groupby(elements, key=_kind):
        same = list(group)
        members = [member for element in same for member in element["elements"]]
        if kind == "rich_text_list":
            result.append({**same[0], "elements": members})
        elif kind == "rich_text_preformatted":
            text = "\n".join(member["text"] for member in members)
            result.append({**same[0], "elements": [{"type": "text", "text": text}]})
        else:
            result += same
    return result

"""labelSelector and fieldSelector of a list or watch."""

import re
from collections.abc import Mapping
from typing import Any

from bot.sandbox.cluster.errors import bad_request

# One requirement: `a=b`, `a==b`, `a!=b`, `a in (b, c)`, `a notin (b)`, `a`, `!a`
REQUIREMENT = re.compile(
    r"\s*(?:(?P<absent>!)\s*)?(?P<key>[\w./-]+)\s*"
    r"(?:(?P<op>==|=|!=)\s*(?P<value>[\w./:-]*)|(?P<set>in|notin)\s*\((?P<values>[^)]*)\))?\s*(?:,|$)"
)


def selects(query: Mapping[str, str], document: Mapping[str, Any]) -> bool:
    """Whether an object is one of those asked for. ApiError 400 for a selector that cannot be read."""
    labels = document["metadata"].get("labels", {})
    if not _matches(query.get("labelSelector", ""), labels):
        return False
    return _matches(query.get("fieldSelector", ""), _Fields(document))


class _Fields(dict[str, str]):
    """An object's fields by dotted path; every field that is not there is the empty string."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        super().__init__()
        self._document = document

    def get(self, key: str, default: Any = None) -> Any:
        value: Any = self._document
        for part in key.split("."):
            value = value.get(part, "") if isinstance(value, Mapping) else ""
        return value if isinstance(value, str) else default


def _matches(selector: str, values: Mapping[str, str]) -> bool:
    position = 0
    while position < len(selector):
        match = REQUIREMENT.match(selector, position)
        if match is None:
            raise bad_request(f"unable to parse requirement: {selector!r}")
        position = match.end()
        if not _meets(match, values.get(match["key"])):
            return False
    return True


def _meets(match: re.Match[str], value: str | None) -> bool:
    if match["set"]:
        listed = value in [item.strip() for item in match["values"].split(",")]
        return listed is (match["set"] == "in")
    if match["op"]:
        return (value == match["value"]) is (match["op"] != "!=")
    return (value is None) is bool(match["absent"])

"""The labelSelector and fieldSelector of a list or watch."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from bot.sandbox.cluster.errors import bad_request

# One requirement: `a=b`, `a==b`, `a!=b`, `a in (b, c)`, `a notin (b)`, `a`, `!a`
REQUIREMENT = re.compile(
    r"\s*+(?P<absent>!?)\s*+(?P<key>[\w./-]++)\s*+"
    r"(?:(?P<op>==|=|!=)\s*+(?P<value>(?:[\w./:-]|\\[\\,=])*+)|(?P<set>in|notin)\s*+\((?P<values>[^)]*)\))?\s*+(?:,|$)"
)
ESCAPED = re.compile(r"\\([\\,=])")


def selector(query: Mapping[str, str]) -> Callable[[Mapping[str, Any]], bool]:
    """A predicate for objects that match a query's selectors. Raises ApiError 400 for an invalid selector."""
    labels = _requirements(query.get("labelSelector", ""))
    fields = _requirements(query.get("fieldSelector", ""))

    def selects(document: Mapping[str, Any]) -> bool:
        actual = document["metadata"].get("labels", {})
        return all(_meets(requirement, actual.get(requirement["key"])) for requirement in labels) and all(
            _meets(requirement, _field(document, requirement["key"])) for requirement in fields
        )

    return selects


def _requirements(text: str) -> list[re.Match[str]]:
    requirements, position = [], 0
    while position < len(text):
        match = REQUIREMENT.match(text, position)
        if match is None:
            raise bad_request(f"unable to parse requirement: {text!r}")
        requirements.append(match)
        position = match.end()
    return requirements


def _field(document: Mapping[str, Any], path: str) -> str:
    """A field by its dotted path; "" if it is missing."""
    value: Any = document
    for part in path.split("."):
        value = value.get(part, "") if isinstance(value, Mapping) else ""
    return value if isinstance(value, str) else ""


def _meets(requirement: re.Match[str], value: str | None) -> bool:
    if requirement["set"]:
        listed = value in [item.strip() for item in requirement["values"].split(",")]
        return listed is (requirement["set"] == "in")
    if requirement["op"]:
        return (value == ESCAPED.sub(r"\1", requirement["value"])) is (requirement["op"] != "!=")
    return (value is None) is bool(requirement["absent"])

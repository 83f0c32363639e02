"""Checks of JSON shapes: each takes a value and its JSON pointer, and yields Slack's sentence for each error."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

Check: TypeAlias = Callable[[Any, str], Iterator[str]]


def wrong(what: str, at: str) -> str:
    """Slack's sentence for one error."""
    return f"[ERROR] {what} [json-pointer:{at}]"


def anything(_value: Any, _at: str) -> Iterator[str]:
    """Accept any value."""
    yield from ()


def string(maximum: int, minimum: int = 1) -> Check:
    """A string of `minimum` to `maximum` characters."""

    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield wrong("must be a string", at)
        elif len(value) > maximum:
            yield wrong(f"must be less than {maximum + 1} characters", at)
        elif len(value) < minimum:
            yield wrong(f"must be more than {minimum - 1} characters", at)

    return check


def one_of(*values: Any) -> Check:
    """Exactly one of these values."""

    def check(value: Any, at: str) -> Iterator[str]:
        if value not in values:
            yield wrong(f"must be one of: {', '.join(map(str, values))}", at)

    return check


def boolean(value: Any, at: str) -> Iterator[str]:
    """A boolean; not the string "true"."""
    if not isinstance(value, bool):
        yield wrong("must be a boolean", at)


def integer(minimum: int = 0, maximum: int | None = None) -> Check:
    """An integer from `minimum` to `maximum`, inclusive."""

    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield wrong("must be an integer", at)
        elif value < minimum:
            yield wrong(f"must be greater than or equal to {minimum}", at)
        elif maximum is not None and value > maximum:
            yield wrong(f"must be less than or equal to {maximum}", at)

    return check


def number(value: Any, at: str) -> Iterator[str]:
    """A finite number."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        yield wrong("must be a number", at)


def items(item_check: Check, maximum: int, minimum: int = 1) -> Check:
    """A list of `minimum` to `maximum` items."""

    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield wrong("must be an array", at)
            return
        if len(value) > maximum:
            yield wrong(f"no more than {maximum} items allowed", at)
        if len(value) < minimum:
            yield wrong(f"no fewer than {minimum} items allowed", at)
        for index, item in enumerate(value):
            yield from item_check(item, f"{at}/{index}")

    return check


def fields(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object with only these members."""
    allowed = {**required, **(optional or {})}

    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield wrong("must be an object", at)
            return
        for name in required:
            if name not in value:
                yield wrong(f"missing required field: {name}", at)
        for name, item in value.items():
            if name not in allowed:
                yield wrong(f"invalid additional property: {name}", at)
            else:
                yield from allowed[name](item, f"{at}/{name}")

    return check


def by_type(table: Mapping[str, Check]) -> Check:
    """An object whose `type` selects the check."""

    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield wrong("must be an object", at)
        elif "type" not in value:
            yield wrong("missing required field: type", at)
        elif not isinstance(value["type"], str) or value["type"] not in table:
            yield wrong(f"unsupported type: {value['type']}", f"{at}/type")
        else:
            yield from table[value["type"]]({name: item for name, item in value.items() if name != "type"}, at)

    return check

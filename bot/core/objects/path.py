"""Paths into an object, written like `spec.template.spec.containers[name=web].env[name=DEBUG].value`.

A field is dotted, or `["quoted.key"]` if it has anything but letters, digits, `_` and `-`. An item of a keyed list is
`[key=value]` with every key of the list, a member of a set is `[=value]`, and an item of any other list is its index,
`[0]`.
"""

import json
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from bot.i18n.language import LocalizedError

_MAX_CACHED: Final = 1_000  # characters


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a keyed list: the list's keys in schema order, with this item's values."""

    keys: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a set, by its value."""

    value: Any


Segment = str | int | Item | Member
Path = tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Wildcard:
    """`[*]` in a rule: any item of a list, or any key of a mapping."""


ANY: Final = Wildcard()
Pattern = tuple[Segment | Wildcard, ...]

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


class PathError(LocalizedError, ValueError):
    """A path is invalid. The text says in one sentence what is wrong."""


def format_path(path: Sequence[Segment]) -> str:
    """The path as it is written in messages and JSON."""
    return "".join([_field(part) if isinstance(part, str) else _item(part) for part in path]).removeprefix(".")


def _field(name: str) -> str:
    return _short_field(name) if len(name) <= _MAX_CACHED else _any_field(name)


def _any_field(name: str) -> str:
    return f".{name}" if _BARE.fullmatch(name) else f"[{json.dumps(name, ensure_ascii=False)}]"


_short_field: Final = lru_cache(maxsize=4096)(_any_field)


def _item(segment: int | Item | Member) -> str:
    if isinstance(segment, Item):
        return "[" + ",".join([f"{key}={_value(value)}" for key, value in segment.keys]) + "]"
    return f"[={_value(segment.value)}]" if isinstance(segment, Member) else f"[{segment}]"


def _value(value: object) -> str:
    """The value of a key, unquoted if `parse_path` can read it back, else as JSON."""
    if isinstance(value, str):
        return value if value and "]" not in value and "," not in value and value[0] != '"' else _json(value)
    return _json(value)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


_TOKEN: Final = re.compile(
    r"""(?:^|\.)(?P<field>[A-Za-z0-9_-]+)
    | \[(?P<quoted>"[^"\\]*+(?:\\.[^"\\]*+)*+")\]
    | \[(?P<any>\*)\]
    | \[(?P<index>\d{1,9})\]
    | \[(?P<keyed>(?:[A-Za-z0-9_-]*+=(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"|[^\],"][^\],]*+|)(?:,(?!\]))?)++)\]""",
    re.VERBOSE,
)
_PAIR: Final = re.compile(r"""(?<![A-Za-z0-9_-])([A-Za-z0-9_-]*+)=("[^"\\]*+(?:\\.[^"\\]*+)*+"|[^,]*+)(?:,|$)""")


def is_related(one: str, other: str) -> bool:
    """Whether two formatted paths are equal, or one is a parent of the other; "" is the parent of every path."""
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return not shorter or (longer.startswith(shorter) and longer[len(shorter) : len(shorter) + 1] in ("", ".", "["))


class PathIndex:
    """Formatted paths, to find those that are related to a path much faster than by comparing it with each."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._set = frozenset(paths)
        self._paths = sorted(self._set)
        self._lengths = {len(path) for path in self._set}

    def related(self, path: str) -> Iterator[str]:
        """Those that are equal to a path, above it, or below it."""
        # A path may be very long, and each of its characters may end a parent.
        for end in self._lengths:
            if end < len(path) and (end == 0 or path[end] in ".["):
                parent = path[:end]
                if parent in self._set:
                    yield parent
        for at in range(bisect_left(self._paths, path), len(self._paths)):
            if not self._paths[at].startswith(path):
                break
            if is_related(self._paths[at], path):
                yield self._paths[at]

    def has_related(self, path: str) -> bool:
        """Whether one is equal to a path, above it, or below it."""
        return next(self.related(path), None) is not None


def parse_path(text: str) -> Pattern:
    """The segments of a path, or of a pattern with `[*]`. Raises PathError if it is not one.

    Values of keys are strings, unless they are quoted JSON; `matches` compares them as written.
    """
    segments: list[Segment | Wildcard] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.end() == at:
            raise PathError(f"The path {text!r} is not valid at character {at + 1}.")
        at = match.end()
        if match["field"]:
            segments.append(match["field"])
        elif match["quoted"]:
            segments.append(json.loads(match["quoted"]))
        elif match["any"]:
            segments.append(ANY)
        elif match["index"]:
            segments.append(int(match["index"]))
        else:
            pairs = tuple((key, _unquoted(value)) for key, value in _PAIR.findall(match["keyed"]))
            segments.append(Member(pairs[0][1]) if pairs[0][0] == "" else Item(pairs))
    if not segments:
        raise PathError("A path cannot be empty.")
    return tuple(segments)


def _unquoted(value: str) -> Any:
    return json.loads(value) if value.startswith('"') else value


def matches(pattern: Segment | Wildcard, segment: Segment) -> bool:
    """Whether a segment of a pattern covers a segment of a path."""
    if pattern is ANY:
        return True
    if isinstance(pattern, Item) and isinstance(segment, Item):
        # A rule may name only some of the keys: [containerPort=80] covers both protocols.
        values = {key: _value(value) for key, value in segment.keys}
        return all(values.get(key) == _value(value) for key, value in pattern.keys)
    if isinstance(pattern, Member) and isinstance(segment, Member):
        return _value(pattern.value) == _value(segment.value)
    return pattern == segment

"""Rules of the operator's own: differences that are known and wanted."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache, partial, reduce
from typing import Any, Final

from bot.core.drift.jq import Place, parse_jq
from bot.core.objects.path import Pattern, Segment, matches, parse_path
from bot.i18n.catalogue import aside as texts
from bot.i18n.language import LocalizedText

_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")


class PointerError(ValueError):
    """A JSON pointer that cannot be read, with what is wrong in one sentence."""


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """Which objects (`kind`, `namespace`, `name`, `group`: exact, or `*` patterns as in a shell) and what in them.

    `paths` are written as drift paths; a path covers everything below it, and `[*]` stands for any list item. The other
    three are those of Argo CD's `ignoreDifferences`. `title` is who made the rule, for the reason that people read.
    https://argo-cd.readthedocs.io/en/stable/user-guide/diffing/
    """

    paths: tuple[str, ...] = ()
    kind: str = "*"
    namespace: str = "*"
    name: str = "*"
    group: str = "*"  # "" is the core group
    json_pointers: tuple[str, ...] = ()
    jq_path_expressions: tuple[str, ...] = ()
    managed_fields_managers: tuple[str, ...] = ()
    title: str = LocalizedText(texts.A_RULE)

    def covers(self, api_version: str, kind: str, namespace: str | None, name: str) -> bool:
        """Whether the rule is about this object; a cluster-scoped one has the namespace ""."""
        return (
            fnmatchcase(kind, self.kind)
            and fnmatchcase(namespace or "", self.namespace)
            and fnmatchcase(name, self.name)
            and (self.group == "*" or fnmatchcase(api_version.rpartition("/")[0], self.group))
        )


class Ignored:
    """The rules that may still apply below some point of an object."""

    __slots__ = ("_patterns",)

    def __init__(self, patterns: Sequence[tuple[Pattern, str]]) -> None:
        self._patterns = patterns

    def below(self, segment: Segment) -> "Ignored | None":
        """Those that apply below one segment more; None when there are none."""
        left = [(pattern[1:], why) for pattern, why in self._patterns if pattern and matches(pattern[0], segment)]
        return Ignored(left) if left else None

    @property
    def whole(self) -> str:
        """Why everything from here on is ignored; "" when it is not."""
        return next((why for pattern, why in self._patterns if not pattern), "")

    @property
    def why(self) -> str:
        """The rules themselves."""
        reasons = dict.fromkeys(why for _, why in self._patterns)
        return reduce(lambda one, other: LocalizedText(texts.BOTH_RULES, one=one, other=other), reasons)


@dataclass(frozen=True, slots=True)
class Selector:
    """A rule of Argo CD's: the places that it takes out of both sides, and why."""

    places: Callable[[Any], Iterator[Place]]
    why: str


@dataclass(frozen=True, slots=True)
class Rules:
    """All that the rules say of one object. `managers` are patterns of field managers, each with why."""

    ignored: Ignored | None = None
    selectors: tuple[Selector, ...] = ()
    managers: tuple[tuple[str, str], ...] = ()


_NONE = Rules()


def rules_for(
    rules: Iterable[IgnoreRule], api_version: str, kind: str, namespace: str | None, name: str, own: Iterable[str] = ()
) -> Rules:
    """The rules about one object; `own` are paths that its manifest says itself. PathError, PointerError, JqError."""
    patterns = [(_parsed(path), LocalizedText(texts.GIT_SAYS, name="gitops-bot/ignore", value=path)) for path in own]
    selectors: list[Selector] = []
    managers: list[tuple[str, str]] = []
    for rule in rules:
        if not rule.covers(api_version, kind, namespace, name):
            continue
        by = partial(LocalizedText, texts.RULE, rule=rule.title)
        patterns += [(_parsed(path), by(what=path)) for path in rule.paths]
        selectors += [Selector(parse_pointer(pointer), by(what=pointer)) for pointer in rule.json_pointers]
        selectors += [Selector(parse_jq(text).places, by(what=text)) for text in rule.jq_path_expressions]
        managers += [
            (manager, by(what=LocalizedText(texts.MANAGER, manager=manager)))
            for manager in rule.managed_fields_managers
        ]
    if not (patterns or selectors or managers):
        return _NONE
    return Rules(Ignored(patterns) if patterns else None, tuple(selectors), tuple(managers))


@lru_cache(maxsize=1024)
def _parsed(path: str) -> Pattern:
    return parse_path(path)


@lru_cache(maxsize=1024)
def parse_pointer(text: str) -> Callable[[Any], Iterator[Place]]:
    """What a JSON pointer (RFC 6901), such as `/metadata/annotations/a~1b`, selects. PointerError."""
    if not text.startswith("/"):
        raise PointerError(f"The JSON pointer {text!r} must begin with a slash.")
    parts = [part.replace("~1", "/").replace("~0", "~") for part in text[1:].split("/")]

    def places(value: Any) -> Iterator[Place]:
        place: list[str | int] = []
        for part in parts:
            key: str | int = part
            if isinstance(value, list) and _INDEX.fullmatch(part) and int(part) < len(value):
                key = int(part)
            elif not isinstance(value, Mapping) or part not in value:
                return
            value = value[key]
            place.append(key)
        yield tuple(place)

    return places


def without(value: Any, places: Iterable[Place]) -> Any:
    """A value with nothing at these places; what is not on the way to one is shared with it."""
    below: dict[str | int, list[Place]] = {}
    for key, *rest in filter(None, places):
        below.setdefault(key, []).append(tuple(rest))
    if isinstance(value, Mapping):
        return {
            key: without(held, below[key]) if key in below else held
            for key, held in value.items()
            if () not in below.get(key, ())
        }
    if isinstance(value, list):
        return [
            without(held, below[index]) if index in below else held
            for index, held in enumerate(value)
            if () not in below.get(index, ())
        ]
    return value

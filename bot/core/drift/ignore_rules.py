"""Ignore rules: differences to set aside, by path, as in Argo CD's `ignoreDifferences`, or by field manager."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from bot.core.drift.jq import Place, parse_jq
from bot.core.globs import matches_glob
from bot.core.objects.manifest import Manifest
from bot.core.objects.path import Pattern, Segment, matches, parse_path
from bot.core.objects.step_budget import StepBudget
from bot.core.text_cache import cache_texts
from bot.i18n.catalogue import ignore as errors
from bot.i18n.catalogue import set_aside as texts
from bot.i18n.language import LocalizedError, LocalizedText, Text, join_texts

_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")


class PointerError(LocalizedError, ValueError):
    """A JSON pointer is invalid. The text says in one sentence what is wrong."""


_A_RULE = LocalizedText(texts.A_RULE)


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """Which objects (`kind`, `namespace`, `name`, `group`: glob patterns) and what in them.

    `paths` are written as in docs/drift.md; a path covers everything below it, and `[*]` matches any list item. The
    next three fields are those of Argo CD's `ignoreDifferences`. `title` names the origin of the rule in the reason.
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
    title: Text = _A_RULE

    def covers(self, manifest: Manifest) -> bool:
        """Whether the rule covers this object. The namespace of a cluster-scoped object is ""."""
        return (
            matches_glob(self.kind, manifest.kind)
            and matches_glob(self.namespace, manifest.namespace or "")
            and matches_glob(self.name, manifest.name)
            and matches_glob(self.group, manifest.api_version.rpartition("/")[0])
        )


class IgnoredPaths:
    """The ignored paths at or below one place in an object: the rest of each path, and the reason."""

    __slots__ = ("_patterns", "_steps")

    def __init__(self, patterns: Sequence[tuple[Pattern, Text]], steps: StepBudget) -> None:
        self._patterns = patterns
        self._steps = steps

    def below(self, segment: Segment) -> "IgnoredPaths | None":
        """The ignored paths one segment further down; None if there are none. Raises TooManyStepsError."""
        self._steps.take(len(self._patterns))
        patterns = [
            (pattern[1:], reason) for pattern, reason in self._patterns if pattern and matches(pattern[0], segment)
        ]
        return IgnoredPaths(patterns, self._steps) if patterns else None

    @property
    def reason(self) -> Text:
        """Why everything from here on is ignored; "" if at most parts of it are."""
        return next((reason for pattern, reason in self._patterns if not pattern), "")

    @property
    def reasons(self) -> Text:
        """The reasons of all of them, as one text."""
        reasons: Iterable[Text] = dict.fromkeys(reason for _, reason in self._patterns)
        return join_texts(texts.BOTH_RULES, reasons)


@dataclass(frozen=True, slots=True)
class Selector:
    """A JSON pointer or jq expression of a rule, which selects `places` in an object, and the reason.

    If it `reads_values`, it may select by them, so it must not see a credential: whether there is still drift would
    show whether a guess at the start of one is right.
    """

    places: Callable[[Any, StepBudget], Iterator[Place]]
    reason: Text
    reads_values: bool = False


@dataclass(frozen=True, slots=True)
class ObjectRules:
    """All rules for one object. `trusted_managers` are patterns of field managers, with reasons."""

    ignored: IgnoredPaths | None = None
    selectors: tuple[Selector, ...] = ()
    trusted_managers: tuple[tuple[str, Text], ...] = ()


_NO_RULES: Final = ObjectRules()


def rules_for(
    rules: Iterable[IgnoreRule], manifest: Manifest, manifest_paths: Sequence[tuple[Pattern, Text]], steps: StepBudget
) -> ObjectRules:
    """The rules for one object. `own` are the paths to ignore that its manifest lists, each with the reason.

    Raises PathError, PointerError or JqError for a rule that cannot be read. Raises TooManyStepsError.
    """
    patterns = list(manifest_paths)
    selectors: dict[str, Selector] = {}
    managers: list[tuple[str, Text]] = []
    for rule in rules:
        steps.take(5)
        if not rule.covers(manifest):
            continue
        steps.take(sum(map(len, (*rule.json_pointers, *rule.jq_path_expressions))))
        reason = partial(LocalizedText, texts.RULE, rule=rule.title)
        patterns += [(_pattern(path), reason(what=path)) for path in rule.paths]
        for pointer in rule.json_pointers:
            selectors.setdefault(pointer, Selector(parse_pointer(pointer), reason(what=pointer)))
        for text in rule.jq_path_expressions:
            expression = parse_jq(text)
            selectors.setdefault(text, Selector(expression.places, reason(what=text), expression.reads_values))
        managers += [
            (manager, reason(what=LocalizedText(texts.MANAGER, manager=manager)))
            for manager in rule.managed_fields_managers
        ]
    if not (patterns or selectors or managers):
        return _NO_RULES
    ignored = IgnoredPaths(patterns, steps) if patterns else None
    return ObjectRules(ignored, tuple(selectors.values()), tuple(managers))


@cache_texts
def _pattern(path: str) -> Pattern:
    return parse_path(path)


@cache_texts
def parse_pointer(text: str) -> Callable[[Any, StepBudget], Iterator[Place]]:
    """A selector for a JSON pointer (RFC 6901) such as `/metadata/annotations/a~1b`. Raises PointerError."""
    if not text.startswith("/"):
        raise PointerError(LocalizedText(errors.NO_SLASH, pointer=repr(text)))
    parts = [part.replace("~1", "/").replace("~0", "~") for part in text[1:].split("/")]

    def places(value: Any, steps: StepBudget) -> Iterator[Place]:
        steps.take(len(parts))
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


def without_places(value: Any, places: Iterable[Place], steps: StepBudget) -> Any:
    """A copy without the values at these places. Parts that contain none of the places are shared with the original."""
    steps.take(len(value) // 10 if isinstance(value, Mapping | list) else 0)
    below: dict[str | int, list[Place]] = {}
    for key, *rest in filter(None, places):
        below.setdefault(key, []).append(tuple(rest))
    if isinstance(value, Mapping):
        return {
            key: without_places(item, below[key], steps) if key in below else item
            for key, item in value.items()
            if () not in below.get(key, ())
        }
    if isinstance(value, list):
        return [
            without_places(item, below[index], steps) if index in below else item
            for index, item in enumerate(value)
            if () not in below.get(index, ())
        ]
    return value

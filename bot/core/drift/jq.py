"""The path expressions of jq that Argo CD's `jqPathExpressions` use: which places of an object they select.

This is a subset of jq. jq itself can loop forever and read the environment, and the bot also reads such rules from
clusters. An expression selects nothing where jq would raise an error, and after too many steps.
https://jqlang.org/manual/
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any, Final

from bot.core.objects.scalar import same_scalar
from bot.i18n.catalogue import ignore as texts
from bot.i18n.language import LocalizedText

Place = tuple[str | int, ...]  # keys and indexes from the root
# A value on its way through an expression, and its place; None for a value that was computed.
_Item = tuple[Place | None, Any]
_Run = Callable[[_Item, "_Steps"], Iterator[_Item]]

_MAX_DEPTH: Final = 50
_MAX_STEPS: Final = 100_000  # of one expression in one object
_MAX_LENGTH: Final = 500


class JqError(ValueError):
    """An expression that is not in the subset, with what is wrong in one sentence."""


class _TooLongError(Exception):
    """The expression has taken all its steps."""


class _Steps:
    """The steps an expression may still take: two lines of commas and brackets could run for a year."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = _MAX_STEPS

    def take(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise _TooLongError


@dataclass(frozen=True, slots=True)
class Expression:
    """One expression. `selects_places`: it yields places, not computed values."""

    run: _Run
    selects_places: bool

    def places(self, value: Any) -> Iterator[Place]:
        """The places that it selects in an object, each once."""
        seen: set[Place] = set()
        try:
            for place, _ in self.run(((), value), _Steps()):
                if place is not None and place not in seen:
                    seen.add(place)
                    yield place
        except _TooLongError:
            return


@lru_cache(maxsize=256)
def parse_jq(text: str) -> Expression:
    """A path expression such as `.spec.containers[] | select(.name == "proxy").image`. JqError."""
    if len(text) > _MAX_LENGTH:
        raise JqError(LocalizedText(texts.LONG_JQ, start=repr(text[:40]), most=str(_MAX_LENGTH)))
    parsed = _Parser(text).whole()
    if not parsed.selects_places:
        raise JqError(LocalizedText(texts.NO_JQ_PATH, expression=repr(text)))
    return parsed


# ---------------------------------------------------------------- reading

_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<number>-?\d{1,18}(?:\.\d{1,18})?)|(?P<field>\.[A-Za-z_]\w*)
    |(?P<name>[A-Za-z_]\w*)|(?P<mark>==|!=|<=|>=|[.\[\]()|,?<>]))""",
    re.VERBOSE | re.ASCII,
)
_LITERALS: Final = {"true": True, "false": False, "null": None}


class _Parser:
    """A recursive descent parser, loosest binding first: pipe, comma, or, and, comparison, term with suffixes."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._depth = 0
        self._tokens: list[tuple[str, str, int]] = []
        at = 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None:
                raise self._refused(at)
            kind = match.lastgroup or ""
            self._tokens.append((kind, match[kind], match.start(kind)))
            at = match.end()
        self._next = 0

    def whole(self) -> Expression:
        parsed = self._pipe()
        if self._next < len(self._tokens):
            raise self._refused()
        return parsed

    def _refused(self, at: int | None = None) -> JqError:
        at = self._at() if at is None else at
        supported = LocalizedText(texts.SUPPORTED_JQ)
        return JqError(LocalizedText(texts.BAD_JQ, expression=repr(self._text), at=str(at + 1), supported=supported))

    def _at(self) -> int:
        return self._tokens[self._next][2] if self._next < len(self._tokens) else len(self._text)

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._next][:2] if self._next < len(self._tokens) else ("", "")

    def _take(self, *texts: str) -> str | None:
        """The next token if it is one of these."""
        kind, text = self._peek()
        if kind in ("mark", "name") and text in texts:
            self._next += 1
            return text
        return None

    def _expect(self, text: str) -> None:
        if self._take(text) is None:
            raise self._refused()

    def _pipe(self) -> Expression:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise JqError(LocalizedText(texts.DEEP_JQ))
        parsed = self._comma()
        while self._take("|"):
            parsed = _piped(parsed, self._comma())
        self._depth -= 1
        return parsed

    def _comma(self) -> Expression:
        parsed = self._or()
        while self._take(","):
            parsed = _joined(parsed, self._or())
        return parsed

    def _or(self) -> Expression:
        parsed = self._and()
        while self._take("or"):
            parsed = _computed(parsed, self._and(), lambda one, other: _true(one) or _true(other))
        return parsed

    def _and(self) -> Expression:
        parsed = self._comparison()
        while self._take("and"):
            parsed = _computed(parsed, self._comparison(), lambda one, other: _true(one) and _true(other))
        return parsed

    def _comparison(self) -> Expression:
        parsed = self._term()
        compare = self._take(*_COMPARISONS)
        return _computed(parsed, self._term(), _COMPARISONS[compare]) if compare else parsed

    def _term(self) -> Expression:
        parsed = self._head()
        while True:
            kind, text = self._peek()
            if self._take("["):
                parsed = _piped(parsed, self._bracket())
            elif kind == "field":
                self._next += 1
                parsed = _piped(parsed, _key(text[1:]))
            elif self._take("."):
                if self._peek()[1] != "[":
                    parsed = _piped(parsed, _key(self._string()))
            elif not self._take("?"):
                return parsed

    def _head(self) -> Expression:
        kind, text = self._peek()
        at = self._at()
        self._next += 1
        if kind == "field":
            return _key(text[1:])
        if kind == "string":
            return _literal(self._unquoted(text, at))
        if kind == "number":
            return _literal(float(text) if "." in text else int(text))
        if text == ".":
            if self._peek()[0] == "string":
                return _key(self._string())
            return _HERE
        if text == "(":
            parsed = self._pipe()
            self._expect(")")
            return parsed
        if kind == "name" and text in _LITERALS:
            return _literal(_LITERALS[text])
        if kind == "name" and text in _FUNCTIONS:
            takes_argument, function = _FUNCTIONS[text]
            if not takes_argument:
                return function(_literal(None))
            self._expect("(")
            parsed = function(self._pipe())
            self._expect(")")
            return parsed
        raise self._refused(at)

    def _bracket(self) -> Expression:
        """What follows a `[`."""
        if self._take("]"):
            return Expression(_iterate, selects_places=True)
        kind, text = self._peek()
        if kind == "string":
            parsed = _key(self._string())
        elif kind == "number" and "." not in text:
            self._next += 1
            parsed = _at(int(text))
        else:
            raise self._refused()
        self._expect("]")
        return parsed

    def _string(self) -> str:
        (kind, text), at = self._peek(), self._at()
        if kind != "string":
            raise self._refused()
        self._next += 1
        return self._unquoted(text, at)

    def _unquoted(self, text: str, at: int) -> str:
        try:
            return str(json.loads(text))
        except ValueError:
            raise self._refused(at) from None


# ---------------------------------------------------------------- evaluating


_HERE: Final = Expression(lambda item, _steps: iter((item,)), selects_places=True)


def _literal(value: Any) -> Expression:
    return Expression(lambda _item, _steps: iter(((None, value),)), selects_places=False)


def _key(name: str) -> Expression:
    def run(item: _Item, steps: _Steps) -> Iterator[_Item]:
        place, value = item
        steps.take()
        if value is None or isinstance(value, Mapping):
            yield None if place is None else (*place, name), None if value is None else value.get(name)

    return Expression(run, selects_places=True)


def _at(index: int) -> Expression:
    def run(item: _Item, steps: _Steps) -> Iterator[_Item]:
        place, value = item
        steps.take()
        if isinstance(value, list) and -len(value) <= index < len(value):
            yield None if place is None else (*place, index % len(value)), value[index]

    return Expression(run, selects_places=True)


def _iterate(item: _Item, steps: _Steps) -> Iterator[_Item]:
    place, value = item
    pairs: Iterator[tuple[str | int, Any]] = iter(())
    if isinstance(value, Mapping):
        pairs = iter(value.items())
    elif isinstance(value, list):
        pairs = iter(enumerate(value))
    for key, below in pairs:
        steps.take()
        yield None if place is None else (*place, key), below


def _piped(first: Expression, then: Expression) -> Expression:
    def run(item: _Item, steps: _Steps) -> Iterator[_Item]:
        return (output for between in first.run(item, steps) for output in then.run(between, steps))

    return Expression(run, selects_places=first.selects_places and then.selects_places)


def _joined(first: Expression, second: Expression) -> Expression:
    def run(item: _Item, steps: _Steps) -> Iterator[_Item]:
        steps.take()
        yield from first.run(item, steps)
        yield from second.run(item, steps)

    return Expression(run, selects_places=first.selects_places and second.selects_places)


def _computed(first: Expression, second: Expression, compute: Callable[[Any, Any], object]) -> Expression:
    def run(item: _Item, steps: _Steps) -> Iterator[_Item]:
        for (_, one), (_, other) in product(first.run(item, steps), second.run(item, steps)):
            steps.take()
            yield None, compute(one, other)

    return Expression(run, selects_places=False)


def _select(condition: Expression) -> Expression:
    def run(item: _Item, steps: _Steps) -> Iterator[_Item]:
        return (item for _, value in condition.run(item, steps) if _true(value))

    return Expression(run, selects_places=True)


def _of_input(compute: Callable[[Any, Any], object]) -> Callable[[Expression], Expression]:
    """A function that computes a value from its input and an argument."""
    return lambda argument: _computed(_HERE, argument, compute)


def _over(decide: Callable[[Iterator[bool]], bool]) -> Callable[[Expression], Expression]:
    def function(condition: Expression) -> Expression:
        def run(item: _Item, steps: _Steps) -> Iterator[_Item]:
            values = (value for child in _iterate(item, steps) for _, value in condition.run(child, steps))
            yield None, decide(map(_true, values))

        return Expression(run, selects_places=False)

    return function


_FUNCTIONS: Final[Mapping[str, tuple[bool, Callable[[Expression], Expression]]]] = {
    "select": (True, _select),
    "not": (False, _of_input(lambda value, _none: not _true(value))),
    "has": (True, _of_input(lambda value, key: isinstance(value, Mapping) and key in value)),
    "startswith": (True, _of_input(lambda value, text: _texts(value, text) and value.startswith(text))),
    "endswith": (True, _of_input(lambda value, text: _texts(value, text) and value.endswith(text))),
    "contains": (True, _of_input(lambda value, text: _texts(value, text) and text in value)),
    "any": (True, _over(any)),
    "all": (True, _over(all)),
}


def _true(value: Any) -> bool:
    return value is not None and value is not False


def _texts(*values: Any) -> bool:
    return all(isinstance(value, str) for value in values)


def _ordered(one: Any, other: Any) -> bool:
    return _texts(one, other) or all(isinstance(value, int | float) for value in (one, other))


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, Mapping | list) or isinstance(other, Mapping | list):
        return type(one) is type(other) and bool(one == other)
    return same_scalar(one, other)


_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": _equal,
    "!=": lambda one, other: not _equal(one, other),
    "<": lambda one, other: _ordered(one, other) and one < other,
    "<=": lambda one, other: _ordered(one, other) and one <= other,
    ">": lambda one, other: _ordered(one, other) and one > other,
    ">=": lambda one, other: _ordered(one, other) and one >= other,
}

"""Evaluates jq path expressions, as in Argo CD's `jqPathExpressions`: which places in an object they select.

This is a subset of jq, which can loop forever and read the environment, since rules also come from clusters. An
expression selects what jq's `path(…)` prints. It selects nothing in an object for which jq raises an error, such as
iterating over null, or for which it takes too many steps: Argo CD skips the rule there too.
https://jqlang.org/manual/
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from bot.core.drift.jq_values import COMPARISONS, Operation, RaisedError, contains, endswith, has, is_true, startswith
from bot.core.objects.step_budget import StepBudget
from bot.i18n.catalogue import ignore as texts
from bot.i18n.language import LocalizedError, LocalizedText

Place = tuple[str | int, ...]  # keys and indexes from the root
# The place of a value in the object, None if the value was computed, and the value.
_Item = tuple[Place | None, Any]
_Run = Callable[[_Item, "_OwnSteps"], Iterator[_Item]]

_MAX_DEPTH: Final = 50
_MAX_STEPS: Final = 100_000  # of one expression in one object
_MAX_LENGTH: Final = 500


class JqError(LocalizedError, ValueError):
    """An expression is outside the subset. The text says in one sentence what is wrong."""


class _TooLongError(Exception):
    """The expression has used all its steps."""


class _OwnSteps:
    """The remaining steps of an expression: two lines of commas and brackets could keep a machine busy for a year.

    They also count as steps of the comparison.
    """

    __slots__ = ("_left", "_steps")

    def __init__(self, steps: StepBudget) -> None:
        self._left = _MAX_STEPS
        self._steps = steps

    def take(self, count: int = 1) -> None:
        self._steps.take(count)
        self._left -= count
        if self._left < 0:
            raise _TooLongError


@dataclass(frozen=True, slots=True)
class Expression:
    """One expression."""

    run: _Run
    selects: bool  # whether the results are places, and not computed values
    reads_values: bool = True  # whether the results may depend on more than keys and the lengths of lists

    def places(self, value: Any, steps: StepBudget) -> Iterator[Place]:
        """The places it selects in an object, each once, whether or not they exist. Raises TooManyStepsError."""
        try:
            places = [place for place, _ in self.run(((), value), _OwnSteps(steps)) if place is not None]
        except (RaisedError, _TooLongError):
            places = []
        return iter(dict.fromkeys(places))


@lru_cache(maxsize=1024)
def parse_jq(text: str) -> Expression:
    """A path expression such as `.spec.containers[] | select(.name == "proxy").image`. Raises JqError."""
    if len(text) > _MAX_LENGTH:
        raise JqError(LocalizedText(texts.LONG_JQ, start=repr(text[:40]), most=str(_MAX_LENGTH)))
    parsed = _Parser(text).whole()
    if not parsed.selects:
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
    """Recursive descent, lowest precedence first: pipe, comma, or, and, comparison, a term with its suffixes."""

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
            parsed = _logical(parsed, self._and(), decided_by=True)
        return parsed

    def _and(self) -> Expression:
        parsed = self._comparison()
        while self._take("and"):
            parsed = _logical(parsed, self._comparison(), decided_by=False)
        return parsed

    def _comparison(self) -> Expression:
        parsed = self._term()
        compare = self._take(*COMPARISONS)
        return _computed(parsed, self._term(), COMPARISONS[compare]) if compare else parsed

    def _term(self) -> Expression:
        parsed = self._optional(self._head())
        while True:
            kind, text = self._peek()
            if self._take("["):
                step = self._bracket()
            elif kind == "field":
                self._next += 1
                step = _key(text[1:])
            elif self._take("."):
                step = self._bracket() if self._take("[") else _key(self._string())
            else:
                return parsed
            parsed = _piped(parsed, self._optional(step))

    def _optional(self, step: Expression) -> Expression:
        """The step; without its errors if `?` follows."""
        while self._take("?"):
            step = _tried(step)
        return step

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
            given, function = _FUNCTIONS[text]
            if not given:
                return function(_literal(None))
            self._expect("(")
            parsed = function(self._pipe())
            self._expect(")")
            return parsed
        raise self._refused(at)

    def _bracket(self) -> Expression:
        """What follows `[`."""
        if self._take("]"):
            return Expression(_each, selects=True, reads_values=False)
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


# ---------------------------------------------------------------- running


_HERE: Final = Expression(lambda item, _steps: iter((item,)), selects=True, reads_values=False)


def _literal(value: Any) -> Expression:
    return Expression(lambda _item, _steps: iter(((None, value),)), selects=False)


def _key(name: str) -> Expression:
    def run(item: _Item, steps: _OwnSteps) -> Iterator[_Item]:
        place, value = item
        steps.take()
        if value is not None and not isinstance(value, Mapping):
            raise RaisedError
        yield None if place is None else (*place, name), None if value is None else value.get(name)

    return Expression(run, selects=True, reads_values=False)


def _at(index: int) -> Expression:
    def run(item: _Item, steps: _OwnSteps) -> Iterator[_Item]:
        place, value = item
        steps.take()
        items = [] if value is None else value
        if not isinstance(items, list):
            raise RaisedError
        inside = -len(items) <= index < len(items)
        position = index % len(items) if inside else index
        yield None if place is None else (*place, position), items[index] if inside else None

    return Expression(run, selects=True, reads_values=False)


def _each(item: _Item, steps: _OwnSteps) -> Iterator[_Item]:
    place, value = item
    pairs: Iterator[tuple[str | int, Any]]
    if isinstance(value, Mapping):
        pairs = iter(value.items())
    elif isinstance(value, list):
        pairs = iter(enumerate(value))
    else:
        raise RaisedError
    for key, below in pairs:
        steps.take()
        yield None if place is None else (*place, key), below


def _tried(attempted: Expression) -> Expression:
    def run(item: _Item, steps: _OwnSteps) -> Iterator[_Item]:
        try:
            yield from attempted.run(item, steps)
        except RaisedError:
            return

    return Expression(run, selects=attempted.selects, reads_values=attempted.reads_values)


def _piped(first: Expression, then: Expression) -> Expression:
    def run(item: _Item, steps: _OwnSteps) -> Iterator[_Item]:
        return (out for between in first.run(item, steps) for out in then.run(between, steps))

    return _of_both(run, first, then)


def _joined(first: Expression, second: Expression) -> Expression:
    def run(item: _Item, steps: _OwnSteps) -> Iterator[_Item]:
        steps.take()
        yield from first.run(item, steps)
        yield from second.run(item, steps)

    return _of_both(run, first, second)


def _of_both(run: _Run, first: Expression, second: Expression) -> Expression:
    selects, reads_values = first.selects and second.selects, first.reads_values or second.reads_values
    return Expression(run, selects=selects, reads_values=reads_values)


def _logical(first: Expression, second: Expression, *, decided_by: bool) -> Expression:
    """`or` (`decided_by` True) or `and` (False): the second expression runs only if the first value does not decide."""

    def run(item: _Item, steps: _OwnSteps) -> Iterator[_Item]:
        for _, one in first.run(item, steps):
            steps.take()
            if is_true(one) is decided_by:
                yield None, decided_by
            else:
                yield from ((None, is_true(other)) for _, other in second.run(item, steps))

    return Expression(run, selects=False)


def _computed(first: Expression, second: Expression, work: Operation) -> Expression:
    """The result of `work` for each pair of values; as in jq, the second expression is the outer loop."""

    def run(item: _Item, steps: _OwnSteps) -> Iterator[_Item]:
        for _, other in second.run(item, steps):
            for _, one in first.run(item, steps):
                steps.take()
                yield None, work(one, other, steps.take)

    return Expression(run, selects=False)


def _select(condition: Expression) -> Expression:
    def run(item: _Item, steps: _OwnSteps) -> Iterator[_Item]:
        return (item for _, value in condition.run(item, steps) if is_true(value))

    return Expression(run, selects=True)


def _of_input(work: Operation) -> Callable[[Expression], Expression]:
    """A function that computes a value from the input and an argument."""
    return lambda argument: _computed(_HERE, argument, work)


def _over(decide: Callable[[Iterator[bool]], bool]) -> Callable[[Expression], Expression]:
    def made(condition: Expression) -> Expression:
        def run(item: _Item, steps: _OwnSteps) -> Iterator[_Item]:
            yield None, decide(is_true(value) for part in _each(item, steps) for _, value in condition.run(part, steps))

        return Expression(run, selects=False)

    return made


_FUNCTIONS: Final[Mapping[str, tuple[bool, Callable[[Expression], Expression]]]] = {
    "select": (True, _select),
    "not": (False, _of_input(lambda value, _none, _take: not is_true(value))),
    "has": (True, _of_input(has)),
    "startswith": (True, _of_input(startswith)),
    "endswith": (True, _of_input(endswith)),
    "contains": (True, _of_input(contains)),
    "any": (True, _over(any)),
    "all": (True, _over(all)),
}

"""Substitutes `${name}` as Flux does after a build, with defaults and Bash's string functions.

The rules are those of fluxcd/pkg/envsubst 1.7 (kustomize-controller 1.9), which differ from Bash: `:?` and `:+` give a
default like `:-`, `-` without a colon is an error, lengths and positions count bytes, and `*` also matches `/`.
https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from bot.core.rendering.budget import Budget
from bot.core.rendering.limits import MAX_SUBSTITUTED

_MAX_DEPTH: Final = 50  # nested expressions
_SPECIAL: Final = re.compile(r"\$[${]")
_NAME: Final = re.compile(r"\w+")
_OPERATOR: Final = re.compile(r":[=?+-]|=|[,^]{1,2}|/[/#%]?|##?|%%?|:")
_ESCAPED: Final = re.compile(r"\$(?=\$)|\\(?=[/\\])")
_DEFAULTS: Final = frozenset((":=", ":-", ":?", ":+", "="))
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}")  # of 64 bits

# The value of a variable, "" if it is not set; None if it is unknown.
Lookup = Callable[[str], str | None]
_Token = Callable[[str], bool]  # whether a part of a glob matches a character


class SubstitutionError(ValueError):
    """Flux would reject an expression. The message is its first 60 characters."""


def substitute(text: str, lookup: Lookup, budget: Budget | None = None) -> str | None:
    """The text with its variables replaced and `$$` as `$`; None if it needs an unknown value.

    Texts may share a budget. Raises SubstitutionError, BudgetExceededError.
    """
    if "${" not in text and "$$" not in text:
        return text
    return _Reader(text, lookup, budget or Budget(MAX_SUBSTITUTED)).read_all()


class _Reader:
    """Parses and evaluates one text. Values are None if they depend on an unknown variable."""

    def __init__(self, text: str, lookup: Lookup, budget: Budget) -> None:
        self._text = text
        self._lookup = lookup
        self._budget = budget
        self._position = 0
        self._start = 0  # of the outermost expression
        self._depth = 0

    def read_all(self) -> str | None:
        parts: list[str | None] = []
        while match := _SPECIAL.search(self._text, self._position):
            parts.append(self._text[self._position : match.start()])
            self._position = match.end()
            if match[0] == "$$":
                parts.append("$")
            else:
                self._start = match.start()
                parts.append(self._expression())
        return _join([*parts, self._text[self._position :]])

    def _expression(self) -> str | None:
        """The value of the expression after `${`, up to and including its `}`."""
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._error()
        is_length = self._accept("#")
        name = _NAME.match(self._text, self._position)
        if name is None:
            raise self._error()
        self._position = name.end()
        value = self._lookup(name[0])
        self._budget.take(len(value or ""))
        operator = None if is_length else _OPERATOR.match(self._text, self._position)
        if operator is not None:
            self._position = operator.end()
            value = self._apply(operator[0], value)
        elif is_length and value is not None:
            value = str(len(value.encode()))
        if not self._accept("}"):
            raise self._error()
        self._depth -= 1
        return value

    def _apply(self, operator: str, value: str | None) -> str | None:
        if operator in _DEFAULTS:
            word = self._word()
            return word if value == "" else value
        if operator[0] in ",^":
            return None if value is None else _CASES.get(operator, str)(value)
        arguments = self._arguments(operator)
        values = [argument for argument in arguments if argument is not None]
        if value is None or len(values) < len(arguments):
            return None
        if operator == ":":
            return self._substring(value, values)
        trim_or_replace = self._replace if operator[0] == "/" else self._trim
        return trim_or_replace(operator, value, *values)

    def _arguments(self, operator: str) -> list[str | None]:
        if operator == ":":
            arguments = [self._argument(":}")]
            if self._accept(":", repeated=True):
                arguments.append(self._argument("}"))
            return arguments
        if operator[0] != "/":
            return [self._argument("}")]
        arguments = [self._argument("/", escapes=True)]
        if not self._accept("/", repeated=True):
            raise self._error()
        if self._peek() != "}":
            arguments.append(self._argument("}", escapes=True))
        return arguments

    def _word(self) -> str | None:
        """A default: text and expressions up to the `}`."""
        parts: list[str | None] = []
        while self._peek() != "}":
            parts.append(self._argument("}"))
        return _join(parts)

    def _argument(self, stops: str, *, escapes: bool = False) -> str | None:
        """One expression, or the text up to an expression or one of `stops`."""
        if self._text.startswith("${", self._position):
            self._position += 2
            return self._expression()
        letters = []
        while self._position < len(self._text) and not self._text.startswith("${", self._position):
            if escapes and _ESCAPED.match(self._text, self._position):
                self._position += 1
            elif self._peek() in stops:
                break
            letters.append(self._peek())
            self._position += 1
        if not letters:
            raise self._error()
        return "".join(letters)

    def _substring(self, value: str, arguments: list[str]) -> str:
        if not all(map(_INTEGER.fullmatch, arguments)):
            return value
        content = value.encode()
        start, *lengths = map(int, arguments)
        start = max(0, start + len(content)) if start < 0 else start
        if lengths and start + lengths[0] < len(content):
            if lengths[0] < 0:
                raise self._error()
            content = content[: start + lengths[0]]
        return content[start:].decode(errors="replace")

    def _trim(self, operator: str, value: str, pattern: str) -> str:
        """Remove the shortest or longest match at the start (`#`, `##`) or the end (`%`, `%%`) of a value."""
        self._budget.take(2 * len(pattern) * (len(value) + 4))
        is_suffix = operator.startswith("%")
        if is_suffix:  # like Flux, which keeps the value if the reversed pattern is invalid
            value, pattern = value[::-1], pattern[::-1]
        lengths = [length for length in _matching_prefixes(pattern, value) if length]
        trimmed = value[(max if len(operator) > 1 else min)(lengths, default=0) :]
        return trimmed[::-1] if is_suffix else trimmed

    def _replace(self, operator: str, value: str, pattern: str, replacement: str | None = None) -> str:
        """Replace the first match (`/`), all (`//`), or one at the start (`/#`) or the end (`/%`) of a value."""
        new = replacement or ""
        self._budget.take(len(value) + len(new) * (value.count(pattern) if operator == "//" else 1))
        if operator == "/":
            return value.replace(pattern, new, 1)
        if operator == "//":
            return value.replace(pattern, new)
        if replacement is None:
            return value
        if operator == "/#":
            return new + value.removeprefix(pattern) if value.startswith(pattern) else value
        return value.removesuffix(pattern) + new if value.endswith(pattern) else value

    def _peek(self) -> str:
        return self._text[self._position : self._position + 1]

    def _accept(self, letter: str, *, repeated: bool = False) -> bool:
        accepted = self._peek() == letter
        while self._peek() == letter:
            self._position += 1
            if not repeated:
                break
        return accepted

    def _error(self) -> SubstitutionError:
        return SubstitutionError(self._text[self._start : self._start + 60].partition("\n")[0])


_CASES: Final[dict[str, Callable[[str], str]]] = {
    ",": lambda value: value[:1].lower() + value[1:],
    ",,": str.lower,
    "^": lambda value: value[:1].upper() + value[1:],
    "^^": str.upper,
}


def _join(parts: list[str | None]) -> str | None:
    values = [part for part in parts if part is not None]
    return "".join(values) if len(values) == len(parts) else None


def _matching_prefixes(pattern: str, value: str) -> Iterator[int]:
    """The lengths of the prefixes that a glob matches, in linear time; none if the glob is invalid."""
    tokens = _tokens(pattern)
    if tokens is None:
        return
    stars = _positions(token is None for token in tokens)
    matching: dict[str, int] = {}  # the positions of the tokens that match a character
    states = 1 | (stars & 1) << 1  # the positions that the glob can be at
    for length in range(len(value) + 1):
        if states >> len(tokens):
            yield length
        if length < len(value):
            letter = value[length]
            if letter not in matching:
                matching[letter] = _positions(token is not None and token(letter) for token in tokens)
            states = (states & matching[letter]) << 1 | states & stars
            states |= (states & stars) << 1


def _positions(flags: Iterable[bool]) -> int:
    """The positions of the true ones, as the bits of a number."""
    return int("0" + "".join("1" if flag else "0" for flag in flags)[::-1], 2)


def _tokens(pattern: str) -> list[_Token | None] | None:
    """What each part of a glob matches, None for `*`. None if the glob is invalid."""
    tokens: list[_Token | None] = []
    position = 0
    while position < len(pattern):
        letter = pattern[position]
        position += 1
        if letter == "*":
            tokens += [None] if tokens[-1:] != [None] else []
        elif letter == "?":
            tokens.append(lambda _: True)
        elif letter == "[":
            match = _CLASS.match(pattern, position)
            if match is None:
                return None
            position = match.end()
            tokens.append(_class(match))
        elif letter == "\\" and position == len(pattern):
            return None
        else:
            if letter == "\\":
                letter = pattern[position]
                position += 1
            tokens.append(letter.__eq__)
    return tokens


_MEMBER: Final = r"(?:\\.|[^\\\]-])"
_CLASS: Final = re.compile(rf"(\^?)((?:{_MEMBER}(?:-{_MEMBER})?)+)\]", re.DOTALL)
_RANGE: Final = re.compile(rf"({_MEMBER})(?:-({_MEMBER}))?", re.DOTALL)


def _class(match: re.Match[str]) -> _Token:
    ranges = [(low[-1:], (high or low)[-1:]) for low, high in _RANGE.findall(match[2])]
    return lambda letter: any(low <= letter <= high for low, high in ranges) is not bool(match[1])

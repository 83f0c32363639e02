"""Semantic versions and version ranges, as Argo CD and Flux read them in git tags (https://semver.org).

Ranges follow https://github.com/Masterminds/semver, which both use: `1.2`, `1.x`, `~1.2`, `^1.2`, `>=1.2 <2`,
`1.2 - 1.4`, `a || b`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import total_ordering
from typing import Final, Self

MAX_VERSION: Final = 255  # characters
MAX_COMPARATORS: Final = 20  # in a range, each of which is compared with every version
_VERSION: Final = re.compile(
    r"v?(\d{1,18})(?:\.(\d{1,18}))?(?:\.(\d{1,18}))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?", re.ASCII
)
_NUMBER: Final = r"(?:\d{1,18}|[xX*])"
# Possessive quantifiers (`++`), so that text from a cluster can't cause backtracking.
_OPERAND: Final = rf"v?{_NUMBER}(?:\.{_NUMBER}){{0,2}}(?:-[0-9A-Za-z.-]++)?(?:\+[0-9A-Za-z.-]++)?"
_COMPARATOR: Final = re.compile(rf"\s*+(?:,\s*+)?(!=|>=|=>|<=|=<|~>|[=><~^])?\s*+({_OPERAND})(?=[\s,]|$)", re.ASCII)
_HYPHEN: Final = re.compile(rf"\s*+({_OPERAND})\s++-\s++({_OPERAND})\s*+", re.ASCII)


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """A version. Missing numbers are 0; build metadata is dropped, because it doesn't affect precedence."""

    numbers: tuple[int, int, int]
    prerelease: tuple[str, ...] = ()  # dot-separated identifiers
    key: tuple[tuple[int, int, int], str] = field(init=False, repr=False, compare=False)  # versions sort by it

    def __post_init__(self) -> None:
        """Precedence as in https://semver.org/#spec-item-11: a pre-release is before its release."""
        identifiers = "".join(map(_identifier_key, self.prerelease)) if self.prerelease else "\3"
        object.__setattr__(self, "key", (self.numbers, identifiers))

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Parse `1.2.3`, `v1.2` or `2.0.0-rc.1`; None for anything else, also if it is too long."""
        match = _VERSION.fullmatch(text) if len(text) <= MAX_VERSION else None
        if match is None:
            return None
        major, minor, patch, prerelease = match.groups()
        return cls((int(major), int(minor or 0), int(patch or 0)), tuple(prerelease.split(".")) if prerelease else ())

    def __lt__(self, other: "Version") -> bool:
        return self.key < other.key


def _identifier_key(identifier: str) -> str:
    """Numbers, of any length, before words; the end of an identifier before any other character."""
    digits = identifier.lstrip("0")
    return f"\1{chr(len(digits))}{digits}\0" if identifier.isdecimal() else f"\2{identifier}\0"


@dataclass(frozen=True, slots=True)
class _Interval:
    """The versions from `lower` up to, but not including, `upper`; if `negated`, all others. None is unbounded.

    `prereleases` is whether it was written with a pre-release.
    """

    lower: Version | None = None
    upper: Version | None = None
    prereleases: bool = False
    negated: bool = False

    def contains(self, version: Version) -> bool:
        key = version.key
        inside = (self.lower is None or key >= self.lower.key) and (self.upper is None or key < self.upper.key)
        return inside is not self.negated


@dataclass(frozen=True, slots=True)
class VersionRange:
    """A version range: a version must be in every interval of one alternative.

    An alternative contains pre-releases only if it was written with one:
    https://github.com/Masterminds/semver#working-with-prerelease-versions
    """

    alternatives: tuple[tuple[_Interval, ...], ...]

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Parse a range; None if it isn't one, or has more than MAX_COMPARATORS."""
        parsed = [_parse_alternative(part) for part in text.split("||")]
        alternatives = tuple(tuple(intervals) for intervals in parsed if intervals)
        is_range = len(alternatives) == len(parsed) and sum(map(len, alternatives)) <= MAX_COMPARATORS
        return cls(alternatives) if is_range else None

    def contains(self, version: Version) -> bool:
        """Whether a version is in the range."""
        return any(
            (not version.prerelease or any(interval.prereleases for interval in intervals))
            and all(interval.contains(version) for interval in intervals)
            for intervals in self.alternatives
        )

    def highest(self, names: Iterable[str]) -> str | None:
        """The name of the highest version in the range; None if none of the names is in it."""
        versions = ((Version.parse(name), name) for name in names)
        inside = ((version, name) for version, name in versions if version is not None and self.contains(version))
        return max(inside, default=(None, None))[1]


def _parse_alternative(text: str) -> list[_Interval] | None:
    """The intervals that must all contain a version; None if the text can't be parsed."""
    hyphen = _HYPHEN.fullmatch(text)
    if hyphen is not None:
        return [_interval(">=", hyphen[1]), _interval("<=", hyphen[2])]
    intervals, position, end = [], 0, len(text.rstrip())
    while position < end:
        match = _COMPARATOR.match(text, position)
        if match is None:
            return None
        intervals.append(_interval(match[1] or "", match[2]))
        position = match.end()
    return intervals or None


def _interval(operator: str, operand: str) -> _Interval:
    """The interval of an operator and a version, which may be partial (`1.2`) or have wildcards (`1.x`)."""
    core, _, suffix = operand.removeprefix("v").partition("+")[0].partition("-")
    numbers: list[int] = []
    for number in core.split("."):
        if not number.isdigit():
            break
        numbers.append(int(number))
    if not numbers:
        return _Interval()  # any version
    prerelease = tuple(suffix.split(".")) if suffix else ()
    lower = Version(_padded(numbers), prerelease)
    is_exact_prerelease = prerelease and len(numbers) == 3
    upper = Version(lower.numbers, (*prerelease, "0")) if is_exact_prerelease else _next(numbers, len(numbers) - 1)
    return _INTERVALS[operator](_Operand(numbers, lower, upper, prereleases=bool(prerelease)))


@dataclass(frozen=True, slots=True)
class _Operand:
    """The versions that an operand matches, from `lower` up to, but not including, `upper`: `1.2` is all of 1.2.x."""

    numbers: list[int]
    lower: Version
    upper: Version
    prereleases: bool


def _equal(operand: _Operand) -> _Interval:
    return _Interval(operand.lower, operand.upper, operand.prereleases)


def _not_equal(operand: _Operand) -> _Interval:
    return _Interval(operand.lower, operand.upper, operand.prereleases, negated=True)


def _at_least(operand: _Operand) -> _Interval:
    return _Interval(lower=operand.lower, prereleases=operand.prereleases)


def _greater(operand: _Operand) -> _Interval:
    return _Interval(lower=operand.upper, prereleases=operand.prereleases)


def _at_most(operand: _Operand) -> _Interval:
    return _Interval(upper=operand.upper, prereleases=operand.prereleases)


def _less(operand: _Operand) -> _Interval:
    return _Interval(upper=operand.lower, prereleases=operand.prereleases)


def _caret(operand: _Operand) -> _Interval:
    """Up to the next change of the leftmost number that isn't zero."""
    leftmost = next((index for index, number in enumerate(operand.numbers) if number), len(operand.numbers) - 1)
    return _Interval(operand.lower, _next(operand.numbers, leftmost), operand.prereleases)


def _tilde(operand: _Operand) -> _Interval:
    """Up to the next minor version, or the next major version if only that number is given."""
    return _Interval(operand.lower, _next(operand.numbers, min(1, len(operand.numbers) - 1)), operand.prereleases)


_INTERVALS: Final[Mapping[str, Callable[[_Operand], _Interval]]] = {
    "": _equal,
    "=": _equal,
    "!=": _not_equal,
    ">=": _at_least,
    "=>": _at_least,
    ">": _greater,
    "<=": _at_most,
    "=<": _at_most,
    "<": _less,
    "~": _tilde,
    "~>": _tilde,
    "^": _caret,
}


def _padded(numbers: list[int]) -> tuple[int, int, int]:
    major, minor, patch, *_ = (*numbers, 0, 0)
    return major, minor, patch


def _next(numbers: list[int], index: int) -> Version:
    """The lowest version, including pre-releases, with a higher number at `index`."""
    return Version(_padded([*numbers[:index], numbers[index] + 1]), ("0",))

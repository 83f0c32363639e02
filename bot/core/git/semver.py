"""Semantic versions and ranges of them, as Argo CD and Flux read them in git tags (https://semver.org).

The ranges are those of the library that both use: `1.2`, `1.x`, `~1.2`, `^1.2`, `>=1.2 <2`, `1.2 - 1.4`, `a || b`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import total_ordering
from typing import Final, Self

_VERSION: Final = re.compile(
    r"v?(\d{1,18})(?:\.(\d{1,18}))?(?:\.(\d{1,18}))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?", re.ASCII
)
_PART: Final = r"(?:\d{1,18}|[xX*])"
_OPERAND: Final = rf"v?{_PART}(?:\.{_PART}){{0,2}}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?"
_COMPARATOR: Final = re.compile(rf"\s*,?\s*(!=|>=|=>|<=|=<|~>|[=><~^])?\s*({_OPERAND})(?=[\s,]|$)", re.ASCII)
_HYPHEN: Final = re.compile(rf"\s*({_OPERAND})\s+-\s+({_OPERAND})\s*", re.ASCII)


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """A version; what is left out counts as 0. Build metadata is not kept, since it orders nothing."""

    numbers: tuple[int, int, int]
    prerelease: tuple[str, ...] = ()  # the identifiers of a pre-release

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """`1.2.3`, `v1.2`, `2.0.0-rc.1`; None for what is no version."""
        found = _VERSION.fullmatch(text)
        if found is None:
            return None
        major, minor, patch, before = found.groups()
        return cls((int(major), int(minor or 0), int(patch or 0)), tuple(before.split(".")) if before else ())

    def __lt__(self, other: "Version") -> bool:
        """The order of https://semver.org/#spec-item-11."""
        return self._key() < other._key()

    def _key(self) -> tuple[object, ...]:
        identifiers = tuple((0, int(each), "") if each.isdigit() else (1, 0, each) for each in self.prerelease)
        return self.numbers, not self.prerelease, identifiers


@dataclass(frozen=True, slots=True)
class _Bound:
    """From a version on, and before another; None is no bound. `beside` turns both around."""

    low: Version | None = None
    high: Version | None = None
    pre: bool = False
    beside: bool = False

    def holds(self, version: Version) -> bool:
        inside = (self.low is None or version >= self.low) and (self.high is None or version < self.high)
        return inside is not self.beside


@dataclass(frozen=True, slots=True)
class VersionRange:
    """Which versions are meant. A pre-release is, where one of the bounds that hold together names one itself.

    https://github.com/Masterminds/semver#working-with-prerelease-versions
    """

    alternatives: tuple[tuple[_Bound, ...], ...]

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """None for what is no range."""
        parsed = [_all(part) for part in text.split("||")]
        return cls(tuple(tuple(each) for each in parsed if each)) if all(parsed) else None

    def contains(self, version: Version) -> bool:
        """Whether the version lies in the range."""
        return any(
            (not version.prerelease or any(bound.pre for bound in bounds))
            and all(bound.holds(version) for bound in bounds)
            for bounds in self.alternatives
        )

    def highest(self, names: Iterable[str]) -> str | None:
        """The name of the highest version in the range; None when none of these is one."""
        versions = ((Version.parse(name), name) for name in names)
        inside = [(version, name) for version, name in versions if version is not None and self.contains(version)]
        return max(inside)[1] if inside else None


def _all(text: str) -> list[_Bound] | None:
    """The bounds that must hold together; None when the text is none."""
    hyphen = _HYPHEN.fullmatch(text)
    if hyphen is not None:
        return [_bound(">=", hyphen[1]), _bound("<=", hyphen[2])]
    bounds, at = [], 0
    while text[at:].strip():
        found = _COMPARATOR.match(text, at)
        if found is None:
            return None
        bounds.append(_bound(found[1] or "", found[2]))
        at = found.end()
    return bounds or None


def _bound(operator: str, operand: str) -> _Bound:
    """What an operator and a version, maybe with parts left out or as `x`, come to."""
    number, _, rest = operand.removeprefix("v").partition("+")[0].partition("-")
    parts: list[int] = []
    for part in number.split("."):
        if not part.isdigit():
            break
        parts.append(int(part))
    if not parts:
        return _Bound()  # any version
    before = tuple(rest.split(".")) if rest else ()
    low = Version(_padded(parts), before)
    # The first version after all that the given parts stand for: 1.2 is all of 1.2.x.
    after = _next(parts, len(parts) - 1) if len(parts) < 3 else Version((*_padded(parts)[:2], parts[2] + 1), ("0",))
    exact = len(parts) == 3
    following = Version(low.numbers, (*before, "0")) if before else after
    return _BOUNDS[operator](_Operand(parts, low, following if exact else after, pre=bool(before)))


@dataclass(frozen=True, slots=True)
class _Operand:
    parts: list[int]
    low: Version
    after: Version  # the first that is no longer meant
    pre: bool


def _caret(given: _Operand) -> _Bound:
    """Up to the next version whose leftmost number that is not zero differs."""
    leading = next((index for index, part in enumerate(given.parts) if part), len(given.parts) - 1)
    return _Bound(given.low, _next(given.parts, leading), given.pre)


def _tilde(given: _Operand) -> _Bound:
    """Up to the next minor version, or major where only that is given."""
    return _Bound(given.low, _next(given.parts, min(1, len(given.parts) - 1)), given.pre)


_BOUNDS: Final[Mapping[str, Callable[[_Operand], _Bound]]] = {
    "": lambda given: _Bound(given.low, given.after, given.pre),
    "=": lambda given: _Bound(given.low, given.after, given.pre),
    "!=": lambda given: _Bound(given.low, given.after, given.pre, beside=True),
    ">=": lambda given: _Bound(low=given.low, pre=given.pre),
    "=>": lambda given: _Bound(low=given.low, pre=given.pre),
    ">": lambda given: _Bound(low=given.after, pre=given.pre),
    "<": lambda given: _Bound(high=given.low, pre=given.pre),
    "<=": lambda given: _Bound(high=given.after, pre=given.pre),
    "=<": lambda given: _Bound(high=given.after, pre=given.pre),
    "~": _tilde,
    "~>": _tilde,
    "^": _caret,
}


def _padded(parts: list[int]) -> tuple[int, int, int]:
    major, minor, patch, *_ = (*parts, 0, 0)
    return major, minor, patch


def _next(parts: list[int], index: int) -> Version:
    """The lowest version, pre-releases included, that is higher in its number at `index`."""
    return Version(_padded([*parts[:index], parts[index] + 1]), ("0",))

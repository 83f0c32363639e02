"""Glob patterns in the configuration and in Argo CD: `*`, `?`, `[…]`, `{a,b}`, and a backslash to escape them.

All patterns use this dialect; docs/configuration.md lists where they are accepted.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import repeat
from typing import Final

import bracex
from wcmatch import fnmatch

from bot.core.text_cache import cache_texts
from bot.i18n.catalogue import discovery as texts
from bot.i18n.language import LocalizedError, LocalizedText

_MAX_ALTERNATIVES: Final = 200  # {a,b}{a,b}… doubles with each
_MAX_CHARACTERS: Final = 10_000  # of all alternatives
_SMALL: Final = 500  # characters of all alternatives of an ordinary pattern
_COST_OF_PATH: Final = 50  # of matching an empty path, in compared characters
_PER_MICROSECOND: Final = 50  # compared characters
_LITERAL: Final = re.compile(r"[^*?\[\]{}\\]*")
_ONE_ALTERNATIVE: Final = re.compile(r"(?<!\\)\{([^{},\\]+)\}")
_SIMPLE_REGEX: Final = re.compile(r"(?:[\w/-]|\\[.-]|\.[*+]?)*")
_REGEX_PART: Final = re.compile(r"\\[.-]|\.[*+]?")
_REGEX_GLOBS: Final = {".": "?", ".*": "*", ".+": "?*"}
_FLAGS: Final = fnmatch.BRACE | fnmatch.CASE | fnmatch.DOTMATCH | fnmatch.FORCEUNIX

Take = Callable[[int], None]  # counts work before it is done, and raises if it is too much


class GlobError(LocalizedError, ValueError):
    """A pattern has too many alternatives. The text is a sentence for people."""


def matches_glob(pattern: str, text: str, take: Take = lambda _: None) -> bool:
    """Whether the pattern matches the whole text; wildcards match slashes too. Raises GlobError.

    `take` is called with the microseconds that it takes, roughly, unless that is hardly any time.
    """
    if pattern == "*" or _LITERAL.fullmatch(pattern):  # wcmatch's * doesn't match an empty text
        return pattern in ("*", text)
    size = glob_size(pattern)
    glob = (_small_glob if size <= _SMALL else _large_glob)(pattern)
    if glob.expression is None:
        take(_compilation(size))
        glob.expression = parse_glob(pattern)
    take(size * len(text) // 1_000)
    return glob.expression.fullmatch(text) is not None


class _Glob:
    """The expression of a pattern, once it is compiled."""

    def __init__(self, _: str) -> None:
        self.expression: re.Pattern[str] | None = None


# A compiled pattern takes about 40 bytes for each character of its alternatives.
_small_glob: Final = lru_cache(maxsize=2_048)(_Glob)
_large_glob: Final = lru_cache(maxsize=128)(_Glob)


@cache_texts
def glob_size(pattern: str) -> int:
    """The characters of all alternatives; 0 without wildcards. Raises GlobError."""
    return 0 if _LITERAL.fullmatch(pattern) else sum(map(len, _alternatives(pattern)))


class GlobBudget:
    """Checks patterns that may have an amount of characters together."""

    def __init__(self, characters: int) -> None:
        self._most = self._left = characters

    def check(self, pattern: str) -> None:
        """Raises GlobError."""
        if _LITERAL.fullmatch(pattern):
            return
        if self._left >= 0:
            refused = len(pattern) + 1_000  # what a pattern counts that is refused
            self._left -= refused
            self._left += refused - glob_size(pattern)
        if self._left < 0:
            raise GlobError(LocalizedText(texts.TOO_LONG_PATTERNS, most=f"{self._most:,}"))


def matches_path_glob(pattern: str, path: str) -> bool:
    """Whether it matches the whole path: `*` and `?` don't match `/`; `**` matches any folders. Raises GlobError."""
    return _cached_path_glob(pattern).matches(path.split("/"))


class PathGlob:
    """A compiled pattern for `matches_path_glob`."""

    def __init__(self, pattern: str, take: Take = lambda _: None) -> None:
        """Raises GlobError. `take` is called before the work, with its cost in compared characters."""
        take(_PER_MICROSECOND * (25 + len(pattern) + 1_000 * ("{" in pattern)))
        alternatives = [alternative.split("/") for alternative in _alternatives(pattern)]
        globs = (name for names in alternatives for name in names if not _LITERAL.fullmatch(name))
        take(_PER_MICROSECOND * sum(_compilation(len(glob)) for glob in globs if glob not in ("*", "**")))
        self._alternatives = [list(map(_name_matcher, names)) for names in alternatives]
        # How often it compares a name: each alternative may go back to its last `**`.
        self._comparisons = sum(len(names) if None in names else 1 for names in self._alternatives)

    def cost(self, characters: int, paths: int = 1) -> int:
        """How many characters it compares at most in paths of this many characters, with some for each path."""
        return _COST_OF_PATH * paths + characters * self._comparisons

    def matches(self, names: Sequence[str]) -> bool:
        """Whether it matches the path with these names."""
        return any(map(_matches, self._alternatives, repeat(names)))


def regex_to_glob(expression: str) -> str | None:
    """The glob equivalent to a regular expression of names, `.`, `.*`, `.+` and `|`; None for any other."""
    alternatives = expression.removeprefix("^").removesuffix("$").split("|")
    if not all(_SIMPLE_REGEX.fullmatch(alternative) for alternative in alternatives):
        return None
    globs = [
        _REGEX_PART.sub(lambda part: _REGEX_GLOBS.get(part[0], part[0][-1]), alternative)
        for alternative in alternatives
    ]
    return globs[0] if len(globs) == 1 else f"{{{','.join(globs)}}}"


def parse_glob(pattern: str) -> re.Pattern[str]:
    """The compiled pattern that `matches_glob` uses. Raises GlobError."""
    _alternatives(pattern)
    expressions, _ = fnmatch.translate(_bare(pattern), flags=_FLAGS, limit=_MAX_ALTERNATIVES)
    return re.compile("|".join(expressions))


_cached_path_glob: Final = cache_texts(PathGlob)
_NameMatcher = Callable[[str], object]  # true if a name matches


def _name_matcher(pattern: str) -> _NameMatcher | None:
    """What matches one name in a path; None for `**`."""
    if pattern == "**":
        return None
    if pattern == "*":
        return lambda _: True
    return pattern.__eq__ if _LITERAL.fullmatch(pattern) else parse_glob(pattern).fullmatch


def _matches(patterns: Sequence[_NameMatcher | None], names: Sequence[str]) -> bool:
    """Whether the patterns match all names. wcmatch's own `**` takes polynomial time."""
    at = name_at = 0
    after_globstar = retry_at = -1  # where the patterns go on after the last `**`, and the name it covers next
    while name_at < len(names):
        matches = patterns[at] if at < len(patterns) else _matches_nothing
        if matches is None:
            at = after_globstar = at + 1
            retry_at = name_at
        elif matches(names[name_at]):
            at, name_at = at + 1, name_at + 1
        elif after_globstar >= 0:
            retry_at += 1
            at, name_at = after_globstar, retry_at
        else:
            return False
    return at == len(patterns)


def _matches_nothing(_: str) -> bool:
    return False


def _bare(pattern: str) -> str:
    # Argo CD reads {a} as a; wcmatch, like Bash, reads it literally, and {1..9} as nine alternatives.
    return _ONE_ALTERNATIVE.sub(r"\1", pattern)


def _alternatives(pattern: str) -> list[str]:
    if "{" not in pattern and len(pattern) <= _MAX_CHARACTERS:
        return [pattern]
    try:
        if len(pattern) <= _MAX_CHARACTERS:
            alternatives = bracex.expand(_bare(pattern), keep_escapes=True, limit=_MAX_ALTERNATIVES)
            if sum(map(len, alternatives)) <= _MAX_CHARACTERS:
                return alternatives
    except (bracex.ExpansionLimitException, RecursionError):
        pass
    raise GlobError(
        f"The pattern {pattern[:40]!r} has more than {_MAX_ALTERNATIVES} alternatives, or more than "
        f"{_MAX_CHARACTERS:,} characters in them."
    )


def _compilation(characters: int) -> int:
    """How many microseconds it takes to compile a pattern, roughly."""
    return 150 + 12 * characters

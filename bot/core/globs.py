"""Glob patterns in the configuration and in Argo CD: `*`, `?`, `[…]`, `{a,b}`, and a backslash to escape them.

All patterns use this dialect; docs/configuration.md lists where they are accepted.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

import bracex
from wcmatch import fnmatch
from wcmatch._wcparse import PatternLimitException  # wcmatch raises it but doesn't export it elsewhere

from bot.core.text_cache import cache_texts
from bot.i18n.language import LocalizedError

_MAX_ALTERNATIVES: Final = 200  # {a,b}{a,b}… doubles with each
_COST_OF_PATH: Final = 20  # of matching an empty path, in compared characters
_LITERAL: Final = re.compile(r"[^*?\[\]{}\\]*")
_ONE_ALTERNATIVE: Final = re.compile(r"(?<!\\)\{([^{},\\]+)\}")
_SIMPLE_REGEX: Final = re.compile(r"(?:[\w/-]|\\[.-]|\.[*+]?)*")
_REGEX_PART: Final = re.compile(r"\\[.-]|\.[*+]?")
_REGEX_GLOBS: Final = {".": "?", ".*": "*", ".+": "?*"}
_FLAGS: Final = fnmatch.BRACE | fnmatch.CASE | fnmatch.DOTMATCH | fnmatch.FORCEUNIX


class GlobError(LocalizedError, ValueError):
    """A pattern has too many alternatives. The text is a sentence for people."""


def matches_glob(pattern: str, text: str) -> bool:
    """Whether the pattern matches the whole text; wildcards match slashes too. Raises GlobError."""
    return pattern == "*" or parse_glob(pattern).fullmatch(text) is not None  # wcmatch's * doesn't match an empty text


def matches_path_glob(pattern: str, path: str) -> bool:
    """Whether it matches the whole path: `*` and `?` don't match `/`; `**` matches any folders. Raises GlobError."""
    return _cached_path_glob(pattern).matches(path.split("/"))


class PathGlob:
    """A compiled pattern for `matches_path_glob`."""

    def __init__(self, pattern: str) -> None:
        """Raises GlobError."""
        try:
            alternatives = bracex.expand(_bare(pattern), keep_escapes=True, limit=_MAX_ALTERNATIVES)
        except bracex.ExpansionLimitException as error:
            raise _too_many_alternatives(pattern) from error
        self._alternatives = [list(map(_name_matcher, alternative.split("/"))) for alternative in alternatives]
        # How often it compares a name: each alternative may go back to its last `**`.
        self._comparisons = sum(len(names) if None in names else 1 for names in self._alternatives)

    def cost(self, characters: int, paths: int = 1) -> int:
        """How many characters it compares at most in paths of this many characters, with some for each path."""
        return _COST_OF_PATH * paths + characters * self._comparisons

    def matches(self, names: Sequence[str]) -> bool:
        """Whether it matches the path with these names."""
        return any(_matches(alternative, names) for alternative in self._alternatives)


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


@cache_texts
def parse_glob(pattern: str) -> re.Pattern[str]:
    """The compiled pattern that `matches_glob` uses. Raises GlobError."""
    try:
        expressions, _ = fnmatch.translate(_bare(pattern), flags=_FLAGS, limit=_MAX_ALTERNATIVES)
    except PatternLimitException as error:
        raise _too_many_alternatives(pattern) from error
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


def _too_many_alternatives(pattern: str) -> GlobError:
    return GlobError(f"The pattern {pattern[:40]!r} has more than {_MAX_ALTERNATIVES} alternatives.")

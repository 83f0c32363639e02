"""Glob patterns in the configuration and in Argo CD: `*`, `?`, `[…]`, `{a,b}`, and a backslash to escape them.

All patterns use this dialect; docs/configuration.md lists where they are accepted.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import bracex
from wcmatch import fnmatch
from wcmatch._wcparse import PatternLimitException  # wcmatch raises it but doesn't export it elsewhere

from bot.i18n.language import LocalizedError

_MAX_ALTERNATIVES: Final = 200  # {a,b}{a,b}… doubles with each
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
    names = path.split("/")
    return any(_matches(alternative, names) for alternative in _path_alternatives(pattern))


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


@lru_cache(maxsize=1024)
def parse_glob(pattern: str) -> re.Pattern[str]:
    """The compiled pattern that `matches_glob` uses. Raises GlobError."""
    try:
        expressions, _ = fnmatch.translate(_bare(pattern), flags=_FLAGS, limit=_MAX_ALTERNATIVES)
    except PatternLimitException as error:
        raise _too_many_alternatives(pattern) from error
    return re.compile("|".join(expressions))


@lru_cache(maxsize=1024)
def _path_alternatives(pattern: str) -> list[list[str]]:
    """The patterns of the names on the way to a file, for each alternative."""
    try:
        alternatives = bracex.expand(_bare(pattern), keep_escapes=True, limit=_MAX_ALTERNATIVES)
    except bracex.ExpansionLimitException as error:
        raise _too_many_alternatives(pattern) from error
    return [alternative.split("/") for alternative in alternatives]


def _matches(patterns: Sequence[str], names: Sequence[str]) -> bool:
    """Whether the patterns match all names. wcmatch's own `**` takes polynomial time."""
    at = name_at = 0
    after_globstar = retry_at = -1  # where the patterns go on after the last `**`, and the name it covers next
    while name_at < len(names):
        if at < len(patterns) and patterns[at] == "**":
            at = after_globstar = at + 1
            retry_at = name_at
        elif at < len(patterns) and matches_glob(patterns[at], names[name_at]):
            at, name_at = at + 1, name_at + 1
        elif after_globstar >= 0:
            retry_at += 1
            at, name_at = after_globstar, retry_at
        else:
            return False
    return at == len(patterns)


def _bare(pattern: str) -> str:
    # Argo CD reads {a} as a; wcmatch, like Bash, reads it literally, and {1..9} as nine alternatives.
    return _ONE_ALTERNATIVE.sub(r"\1", pattern)


def _too_many_alternatives(pattern: str) -> GlobError:
    return GlobError(f"The pattern {pattern[:40]!r} has more than {_MAX_ALTERNATIVES} alternatives.")

"""Glob patterns of the configuration and of Argo CD: `*`, `?`, `[…]`, `{a,b}`, and a backslash before a literal one.

Everything that takes a pattern takes this dialect; docs/configuration.md says where.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from wcmatch import fnmatch, glob
from wcmatch._wcparse import PatternLimitException  # wcmatch raises it and exports it nowhere else

from bot.i18n.language import LocalizedError

_MAX_ALTERNATIVES: Final = 200  # {a,b}{a,b}… doubles with each
_ONE_ALTERNATIVE: Final = re.compile(r"(?<!\\)\{([^{},\\]+)\}")
_SIMPLE_REGEX: Final = re.compile(r"(?:[\w/-]|\\[.-]|\.[*+]?)*")
_REGEX_PART: Final = re.compile(r"\\[.-]|\.[*+]?")
_REGEX_GLOBS: Final = {".": "?", ".*": "*", ".+": "?*"}
_FLAGS: Final = glob.BRACE | glob.CASE | glob.DOTMATCH | glob.FORCEUNIX | glob.GLOBSTAR


class GlobError(LocalizedError, ValueError):
    """A pattern with too many alternatives, said in one sentence."""


def matches_glob(pattern: str, text: str) -> bool:
    """Whether the pattern matches the whole text, in which a slash is a character like any other. GlobError."""
    return pattern == "*" or parse_glob(pattern).fullmatch(text) is not None  # wcmatch's * matches no empty text


def matches_path_glob(pattern: str, path: str) -> bool:
    """Whether it matches the whole path: `*` and `?` stay within a folder, `**` is any number of folders. GlobError."""
    return _compiled(glob.translate, pattern).fullmatch(path) is not None


def regex_to_glob(expression: str) -> str | None:
    """The glob that matches what a regular expression does: of names, `.`, `.*`, `.+` and `|`; None for any other."""
    alternatives = expression.removeprefix("^").removesuffix("$").split("|")
    if not all(_SIMPLE_REGEX.fullmatch(alternative) for alternative in alternatives):
        return None
    globs = [
        _REGEX_PART.sub(lambda part: _REGEX_GLOBS.get(part[0], part[0][-1]), alternative)
        for alternative in alternatives
    ]
    return globs[0] if len(globs) == 1 else f"{{{','.join(globs)}}}"


def parse_glob(pattern: str) -> re.Pattern[str]:
    """The pattern as `matches_glob` uses it. GlobError."""
    return _compiled(fnmatch.translate, pattern)


@lru_cache(maxsize=1024)
def _compiled(translate: Callable[..., tuple[list[str], list[str]]], pattern: str) -> re.Pattern[str]:
    # Argo CD reads {a} as a; wcmatch, like Bash, reads it literally, and {1..9} as nine alternatives.
    bare = _ONE_ALTERNATIVE.sub(r"\1", pattern)
    try:
        expressions, _ = translate(bare, flags=_FLAGS, limit=_MAX_ALTERNATIVES)
    except PatternLimitException as error:
        raise GlobError(f"The pattern {pattern[:40]!r} has more than {_MAX_ALTERNATIVES} alternatives.") from error
    return re.compile("|".join(expressions))

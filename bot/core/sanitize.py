"""Makes untrusted text safe to show in Slack, a pull request, a log or a terminal."""

import re
import unicodedata
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qsl, urlencode

_MAX_URL: Final = 200
_SHOWN_PARAMETERS: Final = frozenset({"ref", "version", "submodules", "timeout"})  # of remote Kustomize bases
# Controls, and characters that are invisible or reorder the text around them: https://www.unicode.org/reports/tr9/
_HIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_SCHEME: Final = re.compile(r"(?:git::)?[a-z][a-z0-9+.-]*", re.IGNORECASE)
_BLANK_LETTERS: Final = frozenset("\u034f\u115f\u1160\u2800\u3164\uffa0")  # letters that look blank
_SPACES: Final = frozenset("\v\f\x85\u2028\u2029")  # shown as a line break by some programs
_KEPT: Final = frozenset("\n\t")


def printable(text: str) -> str:
    """The text without characters that are invisible or change how others are shown. Line feeds and tabs stay."""
    return text if text.isascii() and text.isprintable() else text.translate(_REMOVED)


def escaped(text: str) -> str:
    """The text on one line, with such characters as JSON escapes, since two values may differ only in them."""
    return text if text.isascii() and text.isprintable() else text.translate(_ESCAPED)


class _Translation(dict[int, str]):
    """A table for `str.translate`, filled as characters occur."""

    def __init__(self, hidden: Callable[[str], str]) -> None:
        super().__init__()
        self._hidden = hidden

    def __missing__(self, code: int) -> str:
        character = chr(code)
        is_hidden = character in _BLANK_LETTERS or unicodedata.category(character) in _HIDDEN_CATEGORIES
        self[code] = self._hidden(character) if is_hidden else character
        return self[code]


def _without(character: str) -> str:
    return character if character in _KEPT else " " if character in _SPACES else ""


_REMOVED: Final = _Translation(_without)
_ESCAPED: Final = _Translation(lambda character: f"\\u{ord(character):04x}")


def redact_url(url: str) -> str:
    """A URL to show: on one line, at most 200 characters, without user, password, fragment and unknown parameters.

    A password may contain `@` and `/`, so everything before the last `@` is hidden, except the user of `git@host:path`.
    """
    address, _, query = printable(" ".join(url.split())).replace("#", "?").partition("?")
    scheme, separator, rest = address.partition("://")
    if not separator or not _SCHEME.fullmatch(scheme):
        scheme, separator, rest = "", "", address
    user, at, host = rest.rpartition("@")
    if "@" in query:  # then the question mark is part of a password
        return f"{scheme}{separator}***"[:_MAX_URL]
    if at and (separator or not user.isidentifier()):
        rest = f"***@{host}"
    parameters = urlencode([(name, value) for name, value in parse_qsl(query) if name in _SHOWN_PARAMETERS])
    return "".join((scheme, separator, rest, "?" if parameters else "", parameters))[:_MAX_URL]

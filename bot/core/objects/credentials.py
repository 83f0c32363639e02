"""Finds credentials by the names of values, and in text by their form.

A name counts by its words (`DB_PASSWORD`, `apiKey`), and the form of a value by detect-secrets, which knows the tokens
of many services. Neither is certain: a credential of ordinary form under an unusual name is shown.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import chain, pairwise
from typing import Any, Final

HIDDEN: Final = "(hidden)"  # replaces a value

MAX_SCANNED: Final = 131_072  # characters of a text; a longer text is hidden as a whole
_WINDOW: Final = 512  # characters that are searched at once: some detectors are quadratic
_OVERLAP: Final = 128
_SHORTEST_TOKEN: Final = 10
_SHORTEST_PASSWORD: Final = 6  # in a sentence
_MAX_NAME: Final = 100  # characters before `=` or `:`

# A name with one of these words is a credential's, unless it ends in one of `_ENDINGS`, as `secretName` does.
_WORDS: Final = re.compile(
    r"pass(word|wd|phrase|code)?s?|pwd|secrets?|tokens?|credentials?|bearer|dsn|contrase[nñ]a"
    r"|psk|requirepass|masterauth|bindpw|rootpw"
    r"|(api|auth|access|account|private|priv|service|client|db|database|encryption|signing|master|license)_?keys?"
    r"|connection_?string"
)
_PARTS: Final = ("password", "passwd", "secretkey")  # in a word such as `PGPASSWORD`
_LAST_WORD: Final = "auth"  # Docker and Redis use it for a credential; `AUTH_SERVER` is not one
_ENDINGS: Final = frozenset(
    {
        *("name", "names", "ref", "refs", "namespace", "selector", "path", "file", "dir", "directory", "url", "uri"),
        *("endpoint", "ttl", "expiry", "expiration", "seconds", "duration", "lifetime", "length", "type", "provider"),
        *("issuer", "audience", "algorithm", "enabled", "policy", "count", "size", "mount", "volume", "store"),
        *("class", "version", "rotation", "interval", "limit"),
    }
)
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SEPARATORS: Final = re.compile(r"[^a-z0-9ñ]")
_WITHOUT_WIDTH: Final = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")

_QUOTES: Final = "\"' \t"
_DELIMITERS: Final = " \t\"'`,;()[]{}<>"
_TO_SPACES: Final = str.maketrans(dict.fromkeys(_DELIMITERS, " "))
_NAME_TO_SPACES: Final = str.maketrans(dict.fromkeys(f"{_DELIMITERS}?&", " "))
_ASSIGNMENT: Final = re.compile("[:=]")
_TO_VALUE: Final = re.compile(r"[ \t:=]*")
_WORD: Final = re.compile(r"\S*")
_NO_VALUES: Final = frozenset({"", "true", "false", "null", "~", "{}", "[]", HIDDEN})
_FLAG: Final = re.compile(r"(?<!\S)(-{1,2}[A-Za-z][\w-]{1,60})\s{1,8}(?!-)(\S{1,500})")
_SCHEME: Final = re.compile(r"\b(bearer|basic)[ ]", re.IGNORECASE)
_SCHEME_TOKEN: Final = re.compile(r"\b(bearer|basic) (?=\S*[0-9=])\S{6,500}", re.IGNORECASE)  # in a sentence
_SPACED_ASSIGNMENT: Final = re.compile(r"(\S{1,100})\s{0,8}=\s{0,8}(?=[^\s=])")
_USER_INFO: Final = re.compile(r"(://[^\s/:@]{0,100}):[^\s/@]{1,200}@")

# YAML: what precedes a key, the rest of its line if the value begins below it, and a line that is an entry.
_TO_KEY: Final = re.compile(r"[ \t]*+(?:- +)*+")
_BELOW: Final = re.compile(r"(?:[!&]\S*+\s*+){0,2}+(?P<block>[|>][0-9+-]{0,2}+)?+\s*+(?:#.*)?")
_ENTRY: Final = re.compile(r"""\s*+(?:-(?:\s|\Z)|["']?[\w./-]++["']?\s*+:(?:\s|\Z)|[#\[\]{}])""")
# A line that names a variable; its `value` is on the next line.
_NAMED: Final = re.compile(r"""\s*+(?:-\s++)?["']?(?:name|key)["']?\s*+[:=]\s*+["']?([\w.-]{1,100})["']?\s*+,?\s*+""")
_OPEN_ELEMENT: Final = re.compile(r"<([A-Za-z][\w.:-]{0,100})(?:\s[^<>]{0,200})?>\s*+\Z")

# Other forms of a `value`; if they contain a `name`, the name decides.
_HINT: Final = re.compile(r"pass|psk|auth|bindpw|rootpw|identified|-u|value|<", re.IGNORECASE)
_FORMS: Final = (
    re.compile(  # redis.conf, .netrc, ldap.conf
        r"\A\s*+(?:(?:set|export|setenv)\s++)?"
        r"(?:\w{0,60}password|passwd|passphrase|requirepass|masterauth|bindpw|rootpw|psk)\s++(?P<value>[^\s:=]\S*+)\s*+\Z",
        re.IGNORECASE,
    ),
    re.compile(r"\blogin\s{1,8}\S{1,200}\s{1,8}password\s{1,8}(?P<value>\S{1,500})", re.IGNORECASE),  # .netrc
    re.compile(r"""\bidentified\s{1,8}by\s{1,8}["'](?P<value>[^"']{1,500})""", re.IGNORECASE),  # SQL
    re.compile(r"""(?<!\S)(?:-u|--user|--proxy-user)[ =]["']?[^\s:"']{1,100}:(?P<value>[^\s"']{1,500})"""),  # curl
    re.compile(r"<(?P<name>[A-Za-z][\w.:-]{0,100})(?:\s[^<>]{0,200})?>(?P<value>[^<]++)"),
    re.compile(
        r"""\b(?:name|key)["']?\s{0,8}[:=]\s{0,8}["']?(?P<name>[\w.-]{1,100})["']?"""
        r"""(?:>|[\s,]{1,8}["']?value["']?\s{0,8}[:=]\s{0,8}["']?)(?P<value>[^"'<\s,}]{1,500})""",
        re.IGNORECASE,
    ),
)
# Tokens that detect-secrets does not know yet.
_TOKENS: Final = re.compile(
    r"github_pat_[A-Za-z0-9_]{22,255}|AIza[A-Za-z0-9_-]{35}|hv[sb]\.[A-Za-z0-9_-]{24,255}|xapp-[A-Za-z0-9-]{20,255}"
    r"|dckr_pat_[A-Za-z0-9_-]{20,64}|ATATT[A-Za-z0-9_=-]{20,255}|glsa_[A-Za-z0-9_]{32,255}"
)

# Redacts a line that continues the credential above it; None if it doesn't.
_Continuation = Callable[[str], str | None]


def is_credential_name(name: str) -> bool:
    """Whether the value of an environment variable, key, field or flag with this name is a credential."""
    return _is_credential_name(name[-_MAX_NAME:])


@lru_cache(maxsize=4096)
def _is_credential_name(name: str) -> bool:
    if not name.isascii():
        name = unicodedata.normalize("NFKC", _WITHOUT_WIDTH.sub("", name))
    words = [word for word in _SEPARATORS.split(_CAMEL.sub("_", name).lower()) if word]
    if not words or words[-1] in _ENDINGS:
        return False
    pairs = (f"{first}_{second}" for first, second in pairwise(words))
    return (
        words[-1] == _LAST_WORD
        or any(map(_WORDS.fullmatch, chain(words, pairs)))
        or any(part in "".join(words) for part in _PARTS)
    )


def redact_text(text: str) -> str:
    """A text, such as a configuration file or a command line, with `HIDDEN` for each credential in it."""
    if len(text) > MAX_SCANNED or "PRIVATE KEY" in text:
        return HIDDEN
    return "\n".join(_redacted_lines(text.split("\n")))


def redact_prose(text: str) -> str:
    """A sentence, such as a commit subject, with `HIDDEN` for each credential in it.

    What follows a flag, or a name and a colon, counts only if it looks like a password: `secrets: rotate keys` is a
    sentence.
    """
    if redact_text(text) == text:
        return text
    text = _SCHEME_TOKEN.sub(rf"\1 {HIDDEN}", text)
    text = _SPACED_ASSIGNMENT.sub(lambda match: f"{match[1]}=" if is_credential_name(match[1]) else match[0], text)
    words = [redact_text(word) for word in text.split(" ")]
    for index, (name, value) in enumerate(pairwise(words)):
        names_value = name.startswith("-") or name.endswith(":")
        if names_value and len(value) >= _SHORTEST_PASSWORD and not value.strip("(),.").isalpha():
            words[index + 1] = redact_text(f"{name} {value}").removeprefix(f"{name} ")
    return " ".join(words)


def _redacted_lines(lines: Iterable[str]) -> Iterator[str]:
    continuation: _Continuation | None = None
    is_named = False  # whether the line above names a credential
    for line in lines:
        redacted = continuation(line) if continuation else None
        if redacted is None:
            redacted, continuation = _without_assigned(line, is_named=is_named)
            redacted = _without_tokens(_without_forms(redacted))
            if (element := _OPEN_ELEMENT.search(line)) and is_credential_name(element[1]):
                continuation = _in_element
            named = _NAMED.fullmatch(line)
            is_named = named is not None and is_credential_name(named[1])
        yield redacted


def _indented(column: int, *, is_block: bool) -> _Continuation:
    """Redacts the value of a key in this column. Entries of a mapping or list belong to it only in a block scalar."""

    def redact(line: str) -> str | None:
        content = line.lstrip(" \t")
        indentation = len(line) - len(content)
        if not content.strip():
            return line
        if indentation <= column or (not is_block and _ENTRY.match(line)):
            return None
        return f"{line[:indentation]}{HIDDEN}"

    return redact


def _in_element(line: str) -> str | None:
    value, tag, rest = line.partition("<")
    return f"{HIDDEN}{tag}{rest}" if value.strip() else None


def _without_assigned(line: str, *, is_named: bool) -> tuple[str, _Continuation | None]:
    """The line without values of credentials, and the redaction of the next lines if the last value may continue there.

    `is_named` means that the line above names a credential, so `value` is one.
    """
    if scheme := _SCHEME.search(line):
        line = f"{line[: scheme.end()]}{HIDDEN}"
    line = _FLAG.sub(_without_argument, line)
    pieces: list[str] = []
    copied = position = 0
    continuation: _Continuation | None = None
    first_space = line.find(" ", len(line) - len(line.lstrip().removeprefix("export ")))
    while assignment := _ASSIGNMENT.search(line, position):
        at, position = assignment.span()
        before = line[max(0, at - _MAX_NAME) : at]
        name = before.rstrip(_QUOTES).translate(_NAME_TO_SPACES).rpartition(" ")[2]
        if not (is_credential_name(name) or (is_named and name == "value")):
            continue
        start = _end(_TO_VALUE, line, at)
        # Without a space before the name, the line isn't a command, so the value extends to its end.
        is_last = line[at] == ":" or not 0 <= first_space < at - len(before) + len(before.rstrip())
        column = _end(_TO_KEY, line, 0)
        is_key = line[at] == ":" and line[column:at].strip(_QUOTES) == name
        below = _BELOW.fullmatch(line, start) if is_key else None
        if below:
            continuation = _indented(column, is_block=below["block"] is not None)
        if below and line[start : start + 1] not in ("!", "&", "#"):
            break
        end = _value_end(line, start, is_last=is_last)
        if line[start:end].strip("\"', ") not in _NO_VALUES:
            pieces += line[copied:start], HIDDEN
            copied = position = end
            if is_key and end == len(line):
                continuation = continuation or _indented(column, is_block=False)
    return "".join((*pieces, line[copied:])), continuation


def _end(pattern: re.Pattern[str], line: str, start: int) -> int:
    """Where the match of a pattern that may be empty ends."""
    match = pattern.match(line, start)
    return match.end() if match else start


def _without_argument(flag: re.Match[str]) -> str:
    return f"{flag[0].removesuffix(flag[2])}{HIDDEN}" if is_credential_name(flag[1]) else flag[0]


def _value_end(line: str, start: int, *, is_last: bool) -> int:
    """The end of a value: the closing quote, the end of the line or, unless it `is_last` there, of the word."""
    if line[start : start + 1] in ("'", '"'):
        end = line.find(line[start], start + 1)
        return end + 1 if end > 0 else len(line)
    return len(line) if is_last else _end(_WORD, line, start)


def _without_forms(line: str) -> str:
    if _HINT.search(line):
        for form in _FORMS:
            line = form.sub(_without_value, line)
    return line


def _without_value(form: re.Match[str]) -> str:
    name = form.groupdict().get("name")
    if (name is not None and not is_credential_name(name)) or form["value"].strip() in _NO_VALUES:
        return form[0]
    start, end = (position - form.start() for position in form.span("value"))
    return f"{form[0][:start]}{HIDDEN}{form[0][end:]}"


def _without_tokens(line: str) -> str:
    """The line without words that look like tokens, and without the passwords of URLs."""
    if len(line) < _SHORTEST_TOKEN:
        return line
    line = _USER_INFO.sub(rf"\1:{HIDDEN}@", line)
    words = line.translate(_TO_SPACES)
    hidden: list[tuple[int, int]] = []
    for start in range(0, len(line), _WINDOW - _OVERLAP):
        for pattern in _patterns():
            for match in pattern.finditer(line, start, start + _WINDOW):
                if not (hidden and hidden[-1][0] <= match.start() and match.end() <= hidden[-1][1]):
                    end = words.find(" ", match.end())
                    hidden.append((words.rfind(" ", 0, match.start() + 1) + 1, end if end >= 0 else len(line)))
    pieces: list[str] = []
    copied = 0
    for start, end in sorted(hidden):
        if start > copied or not pieces:
            pieces += line[copied:start], HIDDEN
        copied = max(copied, end)
    return "".join((*pieces, line[copied:]))


@cache
def _patterns() -> Sequence[re.Pattern[str]]:
    # Loading takes 0.4 s, so it waits for the first value to show.
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class  # noqa: PLC0415
    from detect_secrets.plugins.base import RegexBasedDetector  # noqa: PLC0415
    from detect_secrets.plugins.basic_auth import BasicAuthDetector  # noqa: PLC0415
    from detect_secrets.plugins.ip_public import IPPublicDetector  # noqa: PLC0415

    left_out = BasicAuthDetector, IPPublicDetector
    detectors: Iterable[Any] = get_mapping_from_secret_type_to_class().values()
    used = (detector for detector in detectors if issubclass(detector, RegexBasedDetector) and detector not in left_out)
    return [_TOKENS, *(pattern for detector in used for pattern in detector.denylist)]

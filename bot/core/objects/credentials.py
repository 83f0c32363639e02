"""Finds credentials in text: the values of names such as `DB_PASSWORD`, and values that look like credentials.

detect-secrets knows what the tokens of many services look like. A credential that looks like an ordinary value and has
an unusual name is shown.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache, partial
from itertools import pairwise
from typing import Any, Final

from bot.core.objects.credential_forms import CDATA, COMMANDS, FORMS, HINT, TOKENS
from bot.core.objects.credential_names import MAX_NAME, groups_credentials, is_credential_name, lists_credentials

HIDDEN: Final = "(hidden)"  # replaces a value

_MAX_ERROR: Final = 1_000  # characters of an error to scan
MAX_SCANNED: Final = 131_072  # characters of a text; a longer text is hidden as a whole
_WINDOW: Final = 512  # characters that are searched at once: some detectors are quadratic
_OVERLAP: Final = 128
_MAX_LINES: Final = 100  # of a string below the line on which it begins
_MAX_NESTED: Final = 4  # arguments or values inside each other; deeper ones are hidden
SHORTEST_TOKEN: Final = 10
_SHORTEST_PASSWORD: Final = 6  # in a sentence

_PLAIN: Final = re.compile(r"[A-Za-z0-9_./-]*+")  # may be a token, but nothing else: has no spaces and assigns nothing
_QUOTES: Final = "\"' \t"
_AFTER_NAME: Final = f"{_QUOTES}]"
_DELIMITERS: Final = " \t\"'`,;()[]{}<>"
_TO_SPACES: Final = str.maketrans(dict.fromkeys(_DELIMITERS, " "))
_NAME_TO_SPACES: Final = str.maketrans(dict.fromkeys(f"{_DELIMITERS}?&", " "))
_ASSIGNMENT: Final = re.compile(r"(?:\?\??|\|\|?|//|[+.])?=|:")
_SUBSCRIPT: Final = re.compile(
    r"""(?:[\w}\])]|->)(?:\{["' ]{0,2}([\w.-]{1,100})["' ]{0,2}\}|\(["']([\w.-]{1,100})["']\))\Z"""
)
_TO_VALUE: Final = re.compile(r"[ \t:=]*")
_WORD: Final = re.compile(r"\S*")
_SPACES_AND_QUOTES: Final = re.compile(r"""[\s"']++""")
_NO_VALUES: Final = frozenset({"", "true", "false", "null", "~", "{", "[", "{}", "[]", HIDDEN})
# To an environment variable, or to an argument of `printf`.
_REFERENCE: Final = re.compile(r"\$(?:\{\w+\}|\(\w+\)|[A-Z_]{2,})|%[sq](?:\\n)?")
_STRING: Final = re.compile(  # only the quote if the string isn't closed
    r"""\"{3}(?:.*?(\"{3}))?|'{3}(?:.*?('{3}))?|"(?:(?:[^"\\]|\\.)*+("))?|'(?:(?:[^'\\]|''|\\.)*+('))?|`(?:(?:[^`\\]|\\.)*+(`))?"""
)
_TO_DELIMITER: Final = re.compile(r"[^\s,;)\]}]*+")
_SUBCOMMANDS: Final = frozenset({"login", "set", "put", "add"})  # with a credential that no option precedes
_FLAG: Final = re.compile(  # and its argument, which may be strings in quotes beside each other
    r"""(?<!\S)(-{1,2}[A-Za-z][\w-]{1,60})\s{1,8}(?!-|\\\Z)"""
    r"""((?=\$?["'\\])(?:"(?:[^"\\]|\\.){0,500}+"|'[^']{0,500}+'|\\.|\S){1,500}+|(?:\\.|\S){1,500}+)"""
)
_SCHEME: Final = re.compile(r"\b(bearer|basic)[ ]", re.IGNORECASE)
_SCHEME_TOKEN: Final = re.compile(r"\b(bearer|basic) (?=\S*[0-9=])\S{6,500}", re.IGNORECASE)  # in a sentence
_SPACED_ASSIGNMENT: Final = re.compile(r"(\S{1,100})\s{0,8}=\s{0,8}(?=[^\s=])")
# The password of a URL, in which a slash is an error that programs report; `//registry:5000/shop@sha256:…` has none.
_USER_INFO: Final = re.compile(r"""(://[^\s/:@]{0,100}):(?:[^\s/]{1,200}|(?!\d{1,5}/)[^\s@"']{1,200})@""")
# Go's MySQL driver.
_DSN_PASSWORD: Final = re.compile(r"(?<!\S)([^\s:]*+):\S+@(?=(?:tcp|udp|unix|cloudsql)[\w-]{0,20}\()")

# A name and what assigns its value: in the slowest patterns of detect-secrets, and in every text that they find.
_ASSIGNED: Final = tuple(
    rf"""{name})(?:"|\'|)(?:\]|)(?: *)(?:=|:|:=|=>| +|::)"""
    for name in ("(?:key|pwd|pw|password|pass|token", "(?:key|pwd|password|pass|token", "[-_]?key")
)
_ASSIGNS: Final = re.compile(r"""(?:key|pwd?|pass(?:word)?|token)["']?\]?[=: ]""", re.IGNORECASE)

# YAML: what precedes a key, the rest of its line if the value begins below it, and a line that is an entry.
_TO_KEY: Final = re.compile(r"[ \t]*+(?:- +)*+")
_BELOW: Final = re.compile(r"(?:[!&]\S*+\s*+){0,2}+(?P<block>[|>][0-9+-]{0,2}+)?+\s*+(?:#.*)?")
_ENTRY: Final = re.compile(r"""(?:-(?:\s|\Z)|["']?[\w./-]++["']?\s*+(?::(?:\s|\Z)|=\s)|[#\[\]{}])""")
_BLANK: Final = re.compile(r"\s*+")
_TO_ITEM: Final = re.compile(r"""-[ \t]++|(?=["'])""")
# The end of a line whose value continues: a flag without its argument, a here-document, or a backslash.
_LAST_FLAG: Final = re.compile(r"""(?<![^\s"'\[])(-{1,2}[A-Za-z][\w-]{1,60})["']?[\s,\\]{0,8}\Z""")
_HERE_DOCUMENT: Final = re.compile(r"""<<[-~]?\s{0,8}["']?(\w{1,100})["']?\)?\Z""")
_ARGUMENT: Final = re.compile(r"""(\s*+(?:-\s++)?["']?)[^\s"'\]})-].*""")
# A line that names a variable; its `value` is on the next line.
_NAMED: Final = re.compile(
    r"""\s*+(?:-\s++)?(?:["']?(?:name|key)["']?\s*+[:=]\s*+["']?|<(?:[\w.:-]{1,60}-)?(?:name|key)>)"""
    r"""([\w.-]{1,100})(?:["']?\s*+,?|</[\w.:-]++>)\s*+"""
)
_NAMED_ELEMENT: Final = re.compile(rf"(<(?:[\w.:-]{{1,60}}-)?(?:value|string)>)(?:{CDATA}|[^<]++)")
_TYPE_ELEMENT: Final = re.compile(r"\s*+<[\w.:-]{0,60}type>[^<]*+</[\w.:-]++>\s*+")  # may be between name and value
_OPEN_ELEMENT: Final = re.compile(
    r"""<([A-Za-z][\w.:-]{0,100})(?:\s++(?:name|key)=["']([\w.-]{1,100})["'])?(?:\s[^<>]{0,200})?>\s*+\Z"""
)

# A value that could not be merged, of an object that the error doesn't name: it may be a Secret.
# https://github.com/kubernetes-sigs/structured-merge-diff/blob/master/typed/validate.go
_APPLIED_VALUE: Final = re.compile(r"(\bvalueUnstructured\{Value:|\bgot &\{).*")

# Redacts a line that continues the credential above it, and returns what redacts the next line; None if it doesn't.
_Continuation = Callable[[str], "tuple[str, _Continuation | None] | None"]


def redact_text(text: str) -> str:
    """A text, such as a configuration file or a command line, with `HIDDEN` for each credential in it."""
    if len(text) > MAX_SCANNED or "PRIVATE KEY" in text:
        return HIDDEN
    if _PLAIN.fullmatch(text):
        return _without_tokens(text)
    return "\n".join(_redacted_lines(text.split("\n")))


def redact_arguments(arguments: Sequence[str]) -> Sequence[str]:
    """The arguments of a command, with `HIDDEN` for the password of an option such as `-p`."""
    if not any(argument.startswith("-") or argument in _SUBCOMMANDS for argument in arguments):
        return arguments
    # Without spaces and quotes, each argument is one word of the line.
    words = [_SPACES_AND_QUOTES.sub("", argument) for argument in arguments]
    line = " ".join(words)
    if len(line) > MAX_SCANNED:
        return [HIDDEN] * len(arguments)
    for form in COMMANDS:
        line = form.sub(_without_value, line)
    redacted = zip(arguments, words, line.split(" "), strict=True)
    return [argument if shown == word else shown for argument, word, shown in redacted]


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


def redact_error(message: str) -> str:
    """The start of an error that another program reports, on one line, with `HIDDEN` for each credential in it.

    Programs quote the command, the URL, or the object that failed.
    """
    return _redacted_error(message[:_MAX_ERROR])


@lru_cache(maxsize=4096)  # a program reports the same until someone mends it
def _redacted_error(message: str) -> str:
    # Some forms of credentials are found only in their own line, others only if the whole message is one line.
    return _APPLIED_VALUE.sub(rf"\1{HIDDEN}", redact_text(" ".join(redact_text(message).split())))


def _redacted_lines(lines: Sequence[str]) -> Iterator[str]:
    continuation: _Continuation | None = None
    is_named = False  # whether the line above names a credential
    for index, line in enumerate(lines):
        continued = continuation(line) if continuation else None
        if continued is not None:
            redacted, continuation = continued
        else:
            redacted, continuation = _without_assigned(lines, index, is_named=is_named)
            redacted = _without_tokens(_without_forms(redacted))
            if is_named:
                redacted = _NAMED_ELEMENT.sub(rf"\1{HIDDEN}", redacted)
            if (element := _OPEN_ELEMENT.search(line)) and is_credential_name(element[2] or element[1]):
                continuation = _in_element
            if (flag := _LAST_FLAG.search(line)) and is_credential_name(flag[1]):
                continuation = _argument
            named = _NAMED.fullmatch(line)
            is_named = is_credential_name(named[1]) if named else is_named and bool(_TYPE_ELEMENT.fullmatch(line))
        yield redacted


def _hidden_line(line: str) -> str:
    return f"{line[: len(line) - len(line.lstrip())]}{HIDDEN}"


def _below(column: int, name: str, *, is_block: bool) -> _Continuation:
    """Redacts what is below a key in this column: a scalar, or a list's items unless they are mappings.

    If it `is_block`, a block scalar or a group of credentials, redacts everything.
    """
    is_list = lists_credentials(name)

    def redact(line: str) -> tuple[str, _Continuation | None] | None:
        start = _end(_BLANK, line, 0)
        if start == len(line):
            return line, redact
        item = _TO_ITEM.match(line, start) if is_list else None
        if item and start >= column and not _ENTRY.match(line, item.end()):
            return f"{line[: item.end()]}{HIDDEN}", redact
        if start <= column or (not is_block and _ENTRY.match(line, start)):
            return None
        return _hidden_line(line), redact

    return redact


def _until(is_last: Callable[[str], object]) -> _Continuation:
    """Redacts all lines up to the last one of the value."""

    def redact(line: str) -> tuple[str, _Continuation | None]:
        return _hidden_line(line), None if is_last(line) else redact

    return redact


def _in_element(line: str) -> tuple[str, _Continuation | None] | None:
    if _NAMED_ELEMENT.search(line):
        return _NAMED_ELEMENT.sub(rf"\1{HIDDEN}", line), _in_element
    if "<![CDATA[" in line:
        return _hidden_line(line), None if "]]>" in line else _until(lambda line: "]]>" in line)
    value, tag, rest = line.partition("<")
    return (f"{HIDDEN}{tag}{rest}", None if tag else _in_element) if value.strip() else None


def _argument(line: str) -> tuple[str, _Continuation | None] | None:
    """Redacts the argument of the flag at the end of the line above."""
    argument = _ARGUMENT.fullmatch(line)
    return (f"{argument[1]}{HIDDEN}", None) if argument else None


def _without_assigned(lines: Sequence[str], index: int, *, is_named: bool) -> tuple[str, _Continuation | None]:
    """A line without values of credentials, and the redaction of the next lines if the last value may continue there.

    `is_named` means that the line above names a credential, so `value` is one.
    """
    line = lines[index]
    if scheme := _SCHEME.search(line):
        line = f"{line[: scheme.end()]}{HIDDEN}"
    line = _FLAG.sub(_without_argument, line)
    pieces: list[str] = []
    copied = position = 0
    continuation: _Continuation | None = None
    first_space = line.find(" ", len(line) - len(line.lstrip().removeprefix("export ")))
    while assignment := _ASSIGNMENT.search(line, position):
        at, position = assignment.span()
        before = line[max(0, at - MAX_NAME) : at]
        name = _name_at_end(before.rstrip(_AFTER_NAME))
        if not (is_credential_name(name) or (is_named and name == "value")):
            continue
        start = _end(_TO_VALUE, line, position)
        # Without a space before the name, the line isn't a command, so the value extends to its end.
        is_last = line[at] == ":" or not 0 <= first_space < at - len(before) + len(before.rstrip())
        column = _end(_TO_KEY, line, 0)
        is_key = line[column:at].strip(_QUOTES) == name
        below = _BELOW.fullmatch(line, start) if is_key else None
        if below:
            continuation = _below(column, name, is_block=below["block"] is not None or groups_credentials(name))
        if below and line[start : start + 1] not in ("!", "&", "#"):
            break
        end, quote = _value_end(line, start, is_last=is_last)
        value = line[start:end]
        has_value = _is_value(value)
        if has_value:
            pieces += line[copied:start], HIDDEN
            copied = position = end
        if end == len(line):
            continuation = _rest_of(value, quote, lines, index + 1) or continuation
            if is_key and not continuation and (has_value or _is_opened(name, value.strip())):
                is_list = value.startswith("[")
                is_group = not is_list and groups_credentials(name)
                continuation = _below(-1 if is_list else column, name, is_block=is_group)
    return "".join((*pieces, line[copied:])), continuation


def _name_at_end(text: str) -> str:
    """The last name in a text, also as a subscript: `$ENV{NAME}`."""
    subscript = _SUBSCRIPT.search(text) if text.endswith(("}", ")")) else None
    return (subscript[1] or subscript[2]) if subscript else text.translate(_NAME_TO_SPACES).rpartition(" ")[2]


def _rest_of(value: str, quote: str, lines: Sequence[str], start: int) -> _Continuation | None:
    """The redaction of the lines below a value: of a string with a `quote` to close, or after a backslash.

    A quote that isn't closed soon, such as an apostrophe, is part of a sentence or a script.
    """
    if quote:
        below = lines[start : start + _MAX_LINES]
        is_string = any(quote in line and _is_closed(f"{quote}{line}") for line in below)
        return _until(lambda line: _is_closed(f"{quote}{line}")) if is_string else None
    if here_document := _HERE_DOCUMENT.search(value):
        return _until(lambda line: line.strip(" \t)") == here_document[1])
    if value.endswith("\\") and not value[-2:-1].isspace():
        return _until(lambda line: not line.endswith("\\"))
    return None


def _is_closed(text: str) -> bool:
    """Whether the string that a text begins with ends in it."""
    string = _STRING.match(text)
    return string is not None and string.lastindex is not None


def _is_opened(name: str, value: str) -> bool:
    """Whether the lines below this value are a list or group of credentials."""
    return (value == "[" and lists_credentials(name)) or (value == "{" and groups_credentials(name))


def _end(pattern: re.Pattern[str], line: str, start: int) -> int:
    """Where the match of a pattern that may be empty ends."""
    match = pattern.match(line, start)
    return match.end() if match else start


def _without_argument(flag: re.Match[str], depth: int = _MAX_NESTED) -> str:
    is_hidden = not depth or is_credential_name(flag[1])
    argument = HIDDEN if is_hidden else _FLAG.sub(partial(_without_argument, depth=depth - 1), flag[2])  # as a script
    return f"{flag[0].removesuffix(flag[2])}{argument}"


def _is_value(text: str) -> bool:
    text = text.strip("\"', ")
    return text not in _NO_VALUES and not _REFERENCE.fullmatch(text)


def _value_end(line: str, start: int, *, is_last: bool) -> tuple[int, str]:
    """The end of a value, and the quote that ends it on a later line, if any.

    Without quotes, a value extends to the end of the line or, unless it `is_last` there, of the word.
    """
    string = _STRING.match(line, start)
    if not string:
        return (len(line) if is_last else _end(_WORD, line, start)), ""
    return (_end(_TO_DELIMITER, line, string.end()), "") if string.lastindex else (len(line), string[0])


def _without_forms(line: str) -> str:
    if HINT.search(line):
        for form in FORMS:
            line = form.sub(_without_value, line)
    return line


def _without_value(form: re.Match[str], depth: int = _MAX_NESTED) -> str:
    name = form.groupdict().get("name")
    if not _is_value(form["value"]):
        return form[0]
    is_hidden = not depth or name is None or is_credential_name(name)
    value = HIDDEN if is_hidden else form.re.sub(partial(_without_value, depth=depth - 1), form["value"])
    start, end = (position - form.start() for position in form.span("value"))
    return f"{form[0][:start]}{value}{form[0][end:]}"


def _without_tokens(line: str) -> str:
    """The line without words that look like tokens, and without the passwords of URLs."""
    if len(line) < SHORTEST_TOKEN:
        return line
    line = _DSN_PASSWORD.sub(rf"\1:{HIDDEN}@", _USER_INFO.sub(rf"\1:{HIDDEN}@", line))
    words = line.translate(_TO_SPACES)
    hidden: list[tuple[int, int]] = []
    for start in range(0, len(line), _WINDOW - _OVERLAP):
        assigns = _ASSIGNS.search(line, start, start + _WINDOW)
        for pattern, is_assigned in _patterns():
            if is_assigned and not assigns:
                continue
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
def _patterns() -> Sequence[tuple[re.Pattern[str], bool]]:
    """The patterns of tokens, and whether what a pattern finds always has a match of `_ASSIGNS`."""
    # Loading takes 0.4 s, so it waits for the first value to show.
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class  # noqa: PLC0415
    from detect_secrets.plugins.base import RegexBasedDetector  # noqa: PLC0415
    from detect_secrets.plugins.basic_auth import BasicAuthDetector  # noqa: PLC0415
    from detect_secrets.plugins.ip_public import IPPublicDetector  # noqa: PLC0415

    left_out = BasicAuthDetector, IPPublicDetector
    detectors: Iterable[Any] = get_mapping_from_secret_type_to_class().values()
    used = (detector for detector in detectors if issubclass(detector, RegexBasedDetector) and detector not in left_out)
    patterns: list[re.Pattern[str]] = [TOKENS, *(pattern for detector in used for pattern in detector.denylist)]
    return [(pattern, any(assigned in pattern.pattern for assigned in _ASSIGNED)) for pattern in patterns]

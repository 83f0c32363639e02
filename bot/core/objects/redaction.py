"""Hides credentials: every value of a Secret, and elsewhere what its name or its form gives away.

A name counts by its words (`DB_PASSWORD`, `apiKey`), and the form of a value by the detectors of detect-secrets, which
know the tokens of many services. Nothing is certain here: an ordinary value under an unusual name is shown, unless the
object has the annotation `gitops-bot/hide`.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, pairwise, zip_longest
from typing import Any, Final, Self

from bot.core.objects.path import ANY, Item, Member, PathError, Pattern, Segment, matches, parse_path
from bot.core.objects.resource import Object, mapping

HIDDEN: Final = "(hidden)"  # stands for a value
MAX_PATHS: Final = 100  # in an annotation: every difference is held against each
HIDE: Final = "gitops-bot/hide"  # the annotation: paths, separated by spaces

MAX_SCANNED: Final = 131_072  # characters of one value; a longer value is hidden as a whole
_WINDOW: Final = 512  # characters that are searched at once: some detectors are quadratic
_OVERLAP: Final = 128
_MAX_NAME: Final = 100  # characters before `=` or `:`
_MAX_DEPTH: Final = 100

# A name with one of these words is a credential's, unless it ends in one of `_ENDINGS`: `secretName` is a name.
_WORDS: Final = re.compile(
    r"pass(word|wd|phrase|code)?s?|pwd|secrets?|tokens?|credentials?|bearer|dsn|contrase[nñ]a"
    r"|(api|auth|access|account|private|priv|service|client|db|database|encryption|signing|master|license)_?keys?"
    r"|connection_?string"
)
_PARTS: Final = ("password", "passwd", "secretkey")  # in a word such as `PGPASSWORD`
_ENDINGS: Final = frozenset(
    {
        *("name", "names", "ref", "refs", "namespace", "selector", "path", "file", "dir", "directory", "url", "uri"),
        *("endpoint", "ttl", "expiry", "expiration", "seconds", "duration", "lifetime", "length", "type", "provider"),
        *("issuer", "audience", "algorithm", "enabled", "policy", "count", "size", "mount", "volume", "store"),
        *("class", "version", "rotation", "interval", "limit"),
    }
)
_SHOWN_OF_SECRET: Final = frozenset({"apiVersion", "kind", "type", "immutable"})
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SEPARATORS: Final = re.compile(r"[^a-z0-9ñ]")
_QUOTES: Final = re.compile(r"""["'\s]{0,8}\Z""")
_NONE: Final[Collection[str]] = ()
_FLAG: Final = re.compile(r"(?<!\S)(-{1,2}[A-Za-z][\w-]{1,60})\s{1,8}(?!-)(\S{1,500})")
_ASSIGNMENT: Final = re.compile("[:=]")
_SCHEME: Final = re.compile(r"\b(bearer|basic)[ ]", re.IGNORECASE)
_USER_INFO: Final = re.compile(r"(://[^\s/:@]{0,100}):[^\s/@]{1,200}@")
_NO_VALUES: Final = frozenset({"", "true", "false", "null", "~", "|", "|-", ">", ">-", "{}", "[]", HIDDEN})
_DELIMITERS: Final = " \t\"'`,;()[]{}<>"
_NULS: Final = re.compile("\0+")
# Tokens that detect-secrets does not know yet.
_TOKENS: Final = re.compile(
    r"github_pat_[A-Za-z0-9_]{22,255}|AIza[A-Za-z0-9_-]{35}|hv[sb]\.[A-Za-z0-9_-]{24,255}|xapp-[A-Za-z0-9-]{20,255}"
    r"|dckr_pat_[A-Za-z0-9_-]{20,64}|ATATT[A-Za-z0-9_=-]{20,255}|glsa_[A-Za-z0-9_]{32,255}"
)


def is_credential_name(name: str) -> bool:
    """Whether the value of an environment variable, a key, a field or a flag of this name is a credential."""
    words = [word for word in _SEPARATORS.split(_CAMEL.sub("_", name[-_MAX_NAME:]).lower()) if word]
    if not words or words[-1] in _ENDINGS:
        return False
    pairs = (f"{first}_{second}" for first, second in pairwise(words))
    return any(map(_WORDS.fullmatch, chain(words, pairs))) or any(part in "".join(words) for part in _PARTS)


@dataclass(frozen=True, slots=True)
class Redaction:
    """What is hidden of one object, besides what looks like a credential: `paths`, and what they are in."""

    kind: str = ""
    paths: tuple[Pattern, ...] = ()

    @classmethod
    def of(cls, kind: str, declared: Object) -> Self:
        """For an object as git declares it. Paths that cannot be read hide the whole object."""
        paths = dict.fromkeys(str(mapping(declared, "metadata", "annotations").get(HIDE, "")).split())
        if len(paths) > MAX_PATHS:
            return cls(kind, ((),))
        try:
            return cls(kind, (*map(parse_path, paths), *_nested_secrets(declared, (), _MAX_DEPTH)))
        except PathError:
            return cls(kind, ((),))


def redact(path: Sequence[Segment], value: Any, redaction: Redaction) -> Any:
    """The value at a path of an object, with `HIDDEN` for each credential in it."""
    if value is None:
        return None
    if _is_of_secret(path, redaction.kind) or any(all(map(matches, pattern, path)) for pattern in redaction.paths):
        return HIDDEN
    if _is_named_credential(path) and _is_scalar(value):
        return HIDDEN
    return _redacted(value, _MAX_DEPTH, _data_of(redaction.kind))


def redact_path(path: Sequence[Segment]) -> tuple[Segment, ...]:
    """The path with `HIDDEN` for a credential that is a member of a set."""
    return tuple(Member(_redacted(part.value, 1, _NONE)) if isinstance(part, Member) else part for part in path)


def redact_text(text: str) -> str:
    """A text, such as a configuration file or a command line, with `HIDDEN` for each credential in it."""
    if len(text) > MAX_SCANNED or "PRIVATE KEY" in text:
        return HIDDEN
    return "\n".join(_without_tokens(_without_assigned(line)) for line in text.split("\n"))


def has_hidden(value: Any) -> bool:
    """Whether a value that `redact` returned lacks a credential."""
    if isinstance(value, str):
        return HIDDEN in value
    if isinstance(value, Mapping):
        return any(map(has_hidden, value.values()))
    return isinstance(value, list | tuple) and any(map(has_hidden, value))


def credential_lines(value: Any) -> Iterator[str]:
    """The lines of an object's texts that hold a credential, also as JSON writes a text."""
    for text, redacted in _texts(value, _redacted(value, _MAX_DEPTH, _NONE)):
        if redacted == HIDDEN:
            yield json.dumps(text, ensure_ascii=False)[1:-1]
        lines, shown = text.splitlines(), redacted.splitlines()
        yield from (line for line, other in zip_longest(lines, shown) if line and line != other)


# ---------------------------------------------------------------- objects


def _is_of_secret(path: Sequence[Segment], kind: str) -> bool:
    """Whether a path is of a Secret's values: all are, except its type and its labels.

    Deployers keep copies of the data in annotations, and a mistyped key may hold what belongs in `data`. Of kinds that
    make Secrets, such as SealedSecret, only the data counts.
    """
    if kind == "Secret":
        return not (path[0] in ("type", "immutable") or tuple(path[:2]) == ("metadata", "labels"))
    return any(part in _data_of(kind) for part in path)


def _nested_secrets(declared: Any, path: Pattern, depth: int) -> Iterator[Pattern]:
    """The paths of the values of Secrets inside an object, such as a ManifestWork; any item of a list counts."""
    if isinstance(declared, Mapping) and depth:
        if path and declared.get("kind") == "Secret":
            yield from ((*path, key) for key in ("data", "stringData"))
        for key, below in declared.items():
            yield from _nested_secrets(below, (*path, str(key)), depth - 1)
    elif isinstance(declared, list | tuple) and depth:
        for below in declared:
            yield from _nested_secrets(below, (*path, ANY), depth - 1)


def _data_of(kind: str) -> Collection[str]:
    return ("data", "stringData", "encryptedData") if "secret" in kind.lower() else _NONE


def _is_named_credential(path: Sequence[Segment]) -> bool:
    if path[-1] == "value" and len(path) > 1 and isinstance(path[-2], Item):
        return any(isinstance(name, str) and is_credential_name(name) for _, name in path[-2].keys)
    return isinstance(path[-1], str) and is_credential_name(path[-1])


def _redacted(value: Any, depth: int, hidden_keys: Collection[str]) -> Any:
    """The value without credentials, and with nothing below `hidden_keys`."""
    if isinstance(value, str):
        return redact_text(value)
    if not isinstance(value, Mapping | list | tuple):
        return value
    if not depth:
        return HIDDEN
    if isinstance(value, Mapping):
        return _redacted_mapping(value, depth, hidden_keys)
    before = (None, *value)
    return [
        HIDDEN if isinstance(item, str) and _is_flag(previous) else _redacted(item, depth - 1, hidden_keys)
        for previous, item in zip(before, value, strict=False)
    ]


def _redacted_mapping(value: Mapping[str, Any], depth: int, hidden_keys: Collection[str]) -> dict[str, Any]:
    if value.get("kind") == "Secret":
        return {key: below if key in _SHOWN_OF_SECRET else HIDDEN for key, below in value.items()}
    name = value.get("name")  # of an environment variable or a parameter, whose value is beside it
    is_credential = isinstance(name, str) and is_credential_name(name)
    return {
        key: HIDDEN
        if key in hidden_keys
        or (_is_scalar(below) and (is_credential_name(str(key)) or (is_credential and key == "value")))
        else _redacted(below, depth - 1, hidden_keys)
        for key, below in value.items()
    }


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool) and value != ""


def _is_flag(argument: Any) -> bool:
    """Whether the argument after this one is a credential: `--password`."""
    if not isinstance(argument, str) or "=" in argument:
        return False
    return argument.startswith("-") and is_credential_name(argument)


def _texts(value: Any, redacted: Any) -> Iterator[tuple[str, str]]:
    """Every scalar as a text, before and after."""
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield from _texts(below, redacted[key] if isinstance(redacted, Mapping) else HIDDEN)
    elif isinstance(value, list | tuple):
        for index, below in enumerate(value):
            yield from _texts(below, redacted[index] if isinstance(redacted, list) else HIDDEN)
    elif _is_scalar(value):
        yield str(value), str(redacted)


# ---------------------------------------------------------------- texts


def _without_assigned(line: str) -> str:
    """Without what is assigned to a credential's name."""
    if scheme := _SCHEME.search(line):
        line = f"{line[: scheme.end()]}{HIDDEN}"
    line = _FLAG.sub(_without_argument, line)
    position = 0
    while assignment := _ASSIGNMENT.search(line, position):
        at, position = assignment.start(), assignment.end()
        before = _QUOTES.sub("", line[max(0, at - _MAX_NAME) : at])
        name = before[max(map(before.rfind, _DELIMITERS + "?&")) + 1 :]
        if not is_credential_name(name):
            continue
        value = line[at:].lstrip(" \t:=")
        start = len(line) - len(value)
        to_end = line[at] == ":" or " " not in line[:at].strip().removeprefix("export ")
        taken = _first_value(value, to_end=to_end)
        if taken.strip("\"', ") not in _NO_VALUES:
            line = f"{line[:start]}{HIDDEN}{line[start + len(taken) :]}"
            position = start + len(HIDDEN)
    return line


def _without_argument(flag: re.Match[str]) -> str:
    return f"{flag[0].removesuffix(flag[2])}{HIDDEN}" if is_credential_name(flag[1]) else flag[0]


def _first_value(text: str, *, to_end: bool) -> str:
    """The value that a text starts with: quoted, or up to a space or, with `to_end`, the end."""
    if text[:1] in ("'", '"'):
        end = text.find(text[0], 1)
        return text[: end + 1] if end > 0 else text
    return text if to_end else (text.split(None, 1) or [""])[0]


def _without_tokens(line: str) -> str:
    """Without each word that has the form of a token, and without the password of a URL."""
    line = _USER_INFO.sub(rf"\1:{HIDDEN}@", line)
    for start in range(0, max(1, len(line)), _WINDOW - _OVERLAP):
        for pattern in _patterns():
            # A word that is hidden keeps its length until the end, so that the positions stay true.
            for match in pattern.finditer(line, start, start + _WINDOW):
                first = max(line.rfind(character, 0, match.start() + 1) for character in _DELIMITERS) + 1
                ends = (line.find(character, match.end()) for character in _DELIMITERS)
                last = max(match.end(), min((end for end in ends if end >= 0), default=len(line)))
                line = line[:first] + "\0" * (last - first) + line[last:]
    return _NULS.sub(HIDDEN, line)


@cache
def _patterns() -> Sequence[re.Pattern[str]]:
    # Loading them takes 0.4 s, so they are loaded for the first value that is to be shown.
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class  # noqa: PLC0415
    from detect_secrets.plugins.base import RegexBasedDetector  # noqa: PLC0415
    from detect_secrets.plugins.basic_auth import BasicAuthDetector  # noqa: PLC0415
    from detect_secrets.plugins.ip_public import IPPublicDetector  # noqa: PLC0415

    left_out = BasicAuthDetector, IPPublicDetector
    detectors: Iterable[Any] = get_mapping_from_secret_type_to_class().values()
    used = (detector for detector in detectors if issubclass(detector, RegexBasedDetector) and detector not in left_out)
    return [_TOKENS, *(pattern for detector in used for pattern in detector.denylist)]

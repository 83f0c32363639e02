"""Reads documents as Kubernetes does: JSON, or YAML in the dialect of Go's parser (sigs.k8s.io/yaml).

PyYAML's C parser yields the events, and scalars are resolved by Go's rules. PyYAML's own composer is not used, since it
overflows the C stack on deeply nested input.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from sys import intern
from typing import Any, Final

from yaml import AliasEvent, DocumentStartEvent, MappingStartEvent, ScalarEvent, SequenceStartEvent
from yaml._yaml import CParser
from yaml.error import MarkedYAMLError
from yaml.events import Event
from yaml.reader import ReaderError

from bot.core.objects.go_number import NUMBER_STARTS, parse_float, parse_integer, parse_number
from bot.i18n.catalogue import manifest as texts
from bot.i18n.language import LocalizedError, LocalizedText, Text

_MAX_DEPTH: Final = 500  # more than any manifest needs, far below any stack limit
# The size that a document's aliases may expand to; more is a YAML bomb. A node counts 1, and so do 100 characters.
MAX_ALIASED: Final = 100_000
_CHARACTERS_PER_NODE: Final = 100
# The nodes of files that are read together, such as an application's: mappings, lists, scalars, and the ends of the
# first two, with aliases expanded. Each takes at most about 100 bytes, and a string counts again for each 128 bytes:
# one wide character, such as an emoji, makes a string four times as large. About forty thousand usual objects.
MAX_NODES: Final = 3_000_000
_STRING_SHIFT: Final = 7  # 128 bytes
_LFS_POINTER: Final = b"version https://git-lfs.github.com/spec/"


class ManifestError(LocalizedError, ValueError):
    """A file is not a Kubernetes manifest. The text says where and what is wrong, in one sentence without values."""

    def __init__(self, file: str, line: int, problem: Text) -> None:
        super().__init__(LocalizedText(texts.AT, file=file, line=str(line), problem=problem))
        self.file = file
        self.line = line
        self.problem = problem


@dataclass(slots=True)
class NodeBudget:
    """How many more nodes may be read."""

    left: int = MAX_NODES


def read_documents(file: str, content: bytes, budget: NodeBudget | None = None) -> list[tuple[int, object]]:
    """The value of each YAML or JSON document, with the line where it begins. Raises ManifestError."""
    refuse_lfs_pointer(file, content)
    budget = budget or NodeBudget()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ManifestError(file, content.count(b"\n", 0, error.start) + 1, LocalizedText(texts.NOT_UTF8)) from None
    documents = _json_documents(file, text, budget) if text.lstrip().startswith("{") else None
    return list(_yaml_documents(file, text, budget)) if documents is None else documents


def refuse_lfs_pointer(file: str, content: bytes) -> None:
    """Raise ManifestError if a file is in Git LFS: the repository has only a pointer to it.

    https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
    """
    if content.startswith(_LFS_POINTER):
        raise ManifestError(file, 1, LocalizedText(texts.LFS_POINTER))


def _json_documents(file: str, text: str, budget: NodeBudget) -> list[tuple[int, object]] | None:
    """The documents of a JSON stream with their lines; None if it is not JSON, but for example a YAML flow mapping.

    Raises ManifestError if it is too large.
    """
    decoder = json.JSONDecoder(parse_int=parse_integer, parse_float=parse_float, parse_constant=parse_float)
    documents: list[tuple[int, object]] = []
    line, counted, at, left = 1, 0, 0, budget.left
    while left >= 0 and (match := _NOT_SPACE.search(text, at)):
        try:
            value, at = decoder.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            return None
        nodes = _count_nodes(value)
        if nodes is None:
            return None  # the YAML parser reports where
        line, counted = line + text.count("\n", counted, match.start()), match.start()
        documents.append((line, value))
        left -= nodes
    if left < 0:
        raise ManifestError(file, line, LocalizedText(texts.TOO_MANY_NODES))
    budget.left = left
    return documents


def _count_nodes(value: object) -> int | None:
    """How many nodes a value has; None if it is nested too deeply."""
    level, nodes = [value], 0
    for _ in range(_MAX_DEPTH):
        nodes += len(level) + _string_nodes(level)
        collections = [node for node in level if isinstance(node, dict | list)]
        if not collections:
            return nodes
        keys = chain.from_iterable(node for node in collections if isinstance(node, dict))
        nodes += _string_nodes(keys)
        level = [child for node in collections for child in (node.values() if isinstance(node, dict) else node)]
    too_deep = any(isinstance(node, dict | list) for node in level)
    return None if too_deep else nodes + len(level) + _string_nodes(level)


def _string_nodes(values: Iterable[object]) -> int:
    """How many additional nodes the strings among these values count as."""
    return sum(value.__sizeof__() >> _STRING_SHIFT for value in values if isinstance(value, str))


# ---------------------------------------------------------------- YAML


MAX_DIRECTIVES: Final = 100  # lines that begin with %: libyaml compares each %TAG with all before it
_DIRECTIVE: Final = re.compile("(?:\\A|[\n\r\x85\u2028\u2029])\ufeff?%")
_NO_KEY: Final = object()
_MERGE: Final = object()


def _yaml_documents(file: str, text: str, budget: NodeBudget) -> Iterator[tuple[int, object]]:
    line = 1
    directives = _DIRECTIVE.finditer(text)
    if excess := next(islice(directives, MAX_DIRECTIVES, None), None):
        number = text.count("\n", 0, excess.end()) + 1
        raise ManifestError(file, number, LocalizedText(texts.DIRECTIVES, most=str(MAX_DIRECTIVES)))
    try:
        parser = CParser(text)
        while parser.check_event():
            if isinstance(parser.get_event(), DocumentStartEvent):
                line = _line(parser.peek_event())
                yield line, _Document(file, budget).read(parser)
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ManifestError(file, line, LocalizedText(texts.NOT_YAML, said=error.reason)) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else line
        problem = error.problem or LocalizedText(texts.ENDS_EARLY)
        if mark and re.match(r" *\t", "".join(text.split("\n")[mark.line : mark.line + 1])):
            problem = LocalizedText(texts.TAB)
        raise ManifestError(file, line, LocalizedText(texts.NOT_YAML, said=problem)) from None


def _line(event: Event | None) -> int:
    return event.start_mark.line + 1 if event is not None and event.start_mark is not None else 1


class _Document:
    """Builds the value of one document from events."""

    def __init__(self, file: str, budget: NodeBudget) -> None:
        self._file = file
        self._budget = budget
        self._event: Event | None = None  # the last one read, for the position of an error
        self._anchors: dict[str, tuple[object, int]] = {}
        self._aliased = 0

    def read(self, parser: CParser) -> object:  # noqa: C901, PLR0912, PLR0915  with a call for each part it takes twice as long
        """The value of the document that has just begun."""
        # For each open collection: its parent and its key there, its anchor, and the size of the document before it,
        # with aliases expanded: nodes, and characters if it has an anchor.
        stack: list[tuple[Any, Any, str | None, int]] = []
        into: Any = None
        key: Any = _NO_KEY
        value: Any
        nodes = 0
        most = self._budget.left
        get_event, words, anchors = parser.get_event, _WORDS, self._anchors
        while True:
            event: Any = get_event()
            self._event = event
            nodes += 1
            if nodes > most:
                raise self._error(LocalizedText(texts.TOO_MANY_NODES))
            kind = type(event)
            if kind is ScalarEvent:  # nine in ten
                value = event.value
                nodes += value.__sizeof__() >> _STRING_SHIFT
                if event.tag is not None:
                    value = self._tagged(value, event.tag)
                elif event.implicit[0]:
                    text = value
                    value = words.get(text, text)
                    if value is text and text[0] in NUMBER_STARTS:
                        value = self._numeric(text)
                if event.anchor is not None:
                    anchors[event.anchor] = (value, 1 + len(event.value) // _CHARACTERS_PER_NODE)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                if len(stack) == _MAX_DEPTH:
                    raise self._error(LocalizedText(texts.TOO_DEEP, most=str(_MAX_DEPTH)))
                began = nodes if event.anchor is None else nodes + event.start_mark.index // _CHARACTERS_PER_NODE
                stack.append((into, key, event.anchor, began))
                into = {} if kind is MappingStartEvent else []
                key = _NO_KEY
                continue
            elif kind is AliasEvent:
                value, size = self._alias(event.anchor)
                nodes += size
            else:
                value = into
                into, key, anchor, began = stack.pop()
                if anchor is not None:
                    size = nodes + event.end_mark.index // _CHARACTERS_PER_NODE - began
                    anchors[anchor] = (value, max(1, size))
            if into is None:
                self._budget.left -= nodes
                return None if value is _MERGE else value
            if type(into) is list:
                into.append("<<" if value is _MERGE else value)
            elif key is _NO_KEY:
                # The same keys occur often: sharing their strings saves a fifth of the memory.
                key = intern(value) if type(value) is str else value if value is _MERGE else self._key(value)
            elif key is _MERGE:
                self._merge(into, value)
                key = _NO_KEY
            else:
                # If a key occurs twice, the last one wins, as with kubectl.
                into[key] = "<<" if value is _MERGE else value
                key = _NO_KEY

    def _error(self, problem: Text) -> ManifestError:
        return ManifestError(self._file, _line(self._event), problem)

    def _alias(self, anchor: str | None) -> tuple[object, int]:
        """The value of an alias, and how many nodes it has."""
        if anchor is None or anchor not in self._anchors:
            raise self._error(LocalizedText(texts.NO_ANCHOR))
        value, size = self._anchors[anchor]
        self._aliased += size
        if self._aliased > MAX_ALIASED:
            raise self._error(LocalizedText(texts.BOMB))
        return value, size

    def _merge(self, into: dict[str, Any], value: object) -> None:
        """Go's parser merges where the merge key is, so it overrides earlier keys. The first of several wins."""
        for source in reversed(value if isinstance(value, list) else [value]):
            if not isinstance(source, dict):
                raise self._error(LocalizedText(texts.BAD_MERGE))
            into.update(source)

    def _key(self, value: object) -> str:
        """A mapping key that is not a string, as JSON writes it."""
        match value:
            case bool():
                return "true" if value else "false"
            case int():
                return str(value)
            case float():
                return f"{value:g}"
        raise self._error(LocalizedText(texts.BAD_KEY))

    def _tagged(self, text: str, tag: str) -> object:
        if not tag.startswith(_TAGS):
            return text  # Go's parser ignores custom tags
        name = tag.removeprefix(_TAGS)
        if name in ("str", "timestamp"):
            return text
        if name == "binary":
            try:
                return base64.b64decode(text, validate=True).decode("utf-8", "replace")
            except binascii.Error:
                raise self._error(LocalizedText(texts.NOT_BASE64)) from None
        value = self._plain(text)
        expected = _TAGGED.get(name)
        if expected is not None and (not isinstance(value, expected) or isinstance(value, bool) != (name == "bool")):
            raise self._error(LocalizedText(texts.BAD_TAG, name=name))
        return value

    def _plain(self, text: str) -> object:
        """An unquoted scalar, by the rules of go-yaml's resolve.go: YAML 1.1 except sexagesimals and dates."""
        value = _WORDS.get(text, text)
        return self._numeric(text) if value is text and text[0] in NUMBER_STARTS else value

    def _numeric(self, text: str) -> object:
        if _NOT_FINITE.fullmatch(text):
            raise self._error(LocalizedText(texts.NOT_FINITE))
        return parse_number(text)


_TAGS: Final = "tag:yaml.org,2002:"
_TAGGED: Final[Mapping[str, type | tuple[type, ...]]] = {
    "int": int,
    "float": (int, float),
    "bool": bool,
    "null": type(None),
}
_WORDS: Final[Mapping[str, object]] = {
    **{
        spelling: truth
        for truth, words in ((True, ("y", "yes", "true", "on")), (False, ("n", "no", "false", "off")))
        for word in words
        for spelling in (word, word.capitalize(), word.upper())
    },
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    "<<": _MERGE,
}
_NOT_SPACE: Final = re.compile(r"\S")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")

"""Merges all values for Helm into one document, as Helm's command line does.

This keeps values out of process arguments, which every user of the machine can read, and lets errors name the line of a
values file.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from bot.core.objects.documents import ManifestError, NodeBudget, read_documents
from bot.core.rendering.limits import MAX_VALUES_BYTES
from bot.core.rendering.source import HelmParameters
from bot.core.rendering.yaml_json import as_yaml
from bot.i18n.catalogue import manifest as texts
from bot.i18n.language import LocalizedText

Values = dict[str, Any]

_MAX_INDEX: Final = 65_536  # both as in Helm's strvals/parser.go
_MAX_NESTED: Final = 30  # names as in Helm, and here also indexes
_NULL: Final = "null,"  # added for each missing item before an index beyond the end of a list
_SPECIAL: Final = re.compile(r"[\\,{]")  # special characters in the value of a setting
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_WORDS: Final[Mapping[str, object]] = {"true": True, "false": False, "null": None, "0": 0}


def merge_values(
    files: Iterable[tuple[str, bytes]],
    chart_file: str,
    parameters: HelmParameters,
    set_file: Iterable[tuple[str, bytes]] = (),
) -> str:
    """Helm's values as JSON: the files, `inline_values`, `set`, `set_string`, and `set_file`, each over those before.

    Raises ManifestError for a file that isn't a mapping, for a parameter that Helm would not accept, and above
    MAX_VALUES_BYTES. Errors outside of files name `chart_file`.
    """
    values: Values = {}
    budget = NodeBudget()
    for file, content in files:
        _merge(values, _read(file, content, budget))
    try:
        _merge(values, _read(chart_file, parameters.inline_values.encode(), budget))
    except ManifestError as error:
        message = LocalizedText(texts.BAD_INLINE_VALUES, line=str(error.line), problem=error.problem)
        raise ManifestError(chart_file, 1, message) from None
    contents = ((name, _SPECIAL.sub(r"\\\g<0>", content.decode(errors="replace"))) for name, content in set_file)
    size_budget = SizeBudget()
    for settings, is_string in ((parameters.set, False), (parameters.set_string, True), (contents, True)):
        for name, value in settings:
            try:
                size_budget.take(len(name) + len(value))
                _Setting(f"{name}={_escaped(value)}", size_budget, is_string=is_string).apply(values)
            except _InvalidError:
                message = LocalizedText(texts.BAD_PARAMETER, name=name.partition("=")[0][:100])
                raise ManifestError(chart_file, 1, message) from None
            except _TooLargeError:
                raise _too_large(chart_file) from None
    return _dumped(chart_file, values)


def set_parameter(values: Values, parameter: str, budget: "SizeBudget", *, is_string: bool) -> None:
    """Change the values as `helm --set` or, for strings, `--set-string` does with NAME=VALUE. Raises ValueError."""
    try:
        budget.take(len(parameter))
        _Setting(parameter, budget, is_string=is_string).apply(values)
    except (_InvalidError, _TooLargeError) as error:
        raise ValueError("not a parameter") from error


def _read(file: str, content: bytes, budget: NodeBudget) -> Values:
    documents = read_documents(file, content, budget)
    line, value = documents[0] if documents else (1, None)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ManifestError(file, line, LocalizedText(texts.NO_VALUES))
    copied: Values = json.loads(_dumped(file, value))  # aliases share values, which `set` changes
    return copied


def _dumped(file: str, values: Values) -> str:
    chunks, length = [], 0
    for chunk in json.JSONEncoder(ensure_ascii=False).iterencode(values):
        length += len(chunk)
        if length > MAX_VALUES_BYTES:
            raise _too_large(file)
        chunks.append(chunk)
    return as_yaml("".join(chunks))


def _too_large(file: str) -> ManifestError:
    return ManifestError(file, 1, LocalizedText(texts.LARGE_VALUES, most=str(MAX_VALUES_BYTES >> 20)))


def _merge(values: Values, override: Values) -> None:
    """Merge into `values`: mappings are merged, everything else is replaced."""
    for key, value in override.items():
        old = values.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            _merge(old, value)
        else:
            values[key] = value


def _escaped(value: str) -> str:
    """Escape commas in a value, except in a list in braces, as in Argo CD."""
    return value if value.startswith("{") else re.sub(r"(?<!\\),", r"\,", value)


class _InvalidError(Exception):
    """Helm would not accept the text."""


class _EndError(Exception):
    """The text ends where Helm allows it to. What it has set until then is kept."""


class _TooLargeError(Exception):
    """The parameters set more than the limit for all values."""


class SizeBudget:
    """How much more the parameters may set, in JSON characters."""

    def __init__(self) -> None:
        self._left = MAX_VALUES_BYTES

    def take(self, characters: int) -> None:
        """_TooLargeError."""
        self._left -= characters
        if self._left < 0:
            raise _TooLargeError


class _Setting:
    """The text of one `--set`: https://helm.sh/docs/intro/using_helm/#the-format-and-limitations-of---set."""

    def __init__(self, text: str, budget: SizeBudget, *, is_string: bool) -> None:
        self._text = text
        self._room = budget
        self._at = 0
        self._is_string = is_string

    def apply(self, values: Values) -> None:
        """Change the values. Raises _InvalidError if Helm would reject the text."""
        try:
            while True:
                self._set_key(values, 0)
        except _EndError:
            return

    def _set_key(self, values: Values, depth: int) -> None:
        name, stop = self._until("=[,.")
        if not stop and not name:
            raise _EndError
        if stop == "=":
            value, ended = self._value()
            if name:
                values[name] = value
            if ended:
                raise _EndError
        elif stop == "[":
            index = self._index()
            items = values.setdefault(name, []) if name else []
            if not isinstance(items, list):
                raise _InvalidError
            self._set_item(items, index, depth)
        elif stop == "." and depth < _MAX_NESTED:
            self._set_below(values, name, depth)
        else:
            raise _InvalidError

    def _set_below(self, values: Values, name: str, depth: int) -> None:
        inner = values.get(name, {})
        if not isinstance(inner, dict):
            raise _InvalidError
        try:
            self._set_key(inner, depth + 1)
        finally:
            if inner and name:
                values[name] = inner
        if not inner:
            raise _InvalidError

    def _set_item(self, items: list[Any], index: int, depth: int) -> None:
        name, stop = self._until("[.=")
        if name or depth > _MAX_NESTED:
            raise _InvalidError
        old = items[index] if index < len(items) else None
        if stop == "=":
            self._put(items, index, self._value()[0])
        elif stop == "[":
            inner = [] if old is None else old
            if not isinstance(inner, list):
                raise _InvalidError
            following = self._index()
            self._set_item(inner, following, depth + 1)
            self._put(items, index, inner)
        elif stop == ".":
            mapping = old if isinstance(old, dict) else {}
            if index < len(items):
                items[index] = mapping
            self._set_key(mapping, depth + 1)
            self._put(items, index, mapping)
        else:
            raise _EndError

    def _index(self) -> int:
        digits, stop = self._until("]")
        if not stop:
            raise _EndError
        if not _INTEGER.fullmatch(digits) or not 0 <= int(digits) <= _MAX_INDEX:
            raise _InvalidError
        return int(digits)

    def _value(self) -> tuple[object, bool]:
        """The value after an equals sign, and whether the text ends before it."""
        if self._at == len(self._text):
            return "", True
        if self._text[self._at] != "{":
            return self._typed(self._until(",")[0]), False
        self._at += 1
        entries: list[object] = []
        while True:
            entry, stop = self._until(",}")
            if not stop:
                raise _InvalidError
            entries.append(self._typed(entry))
            if stop == "}":
                self._at += self._text.startswith(",", self._at)
                return entries, False

    def _until(self, stops: str) -> tuple[str, str]:
        """The text up to one of `stops`, without backslashes, and the stop; "" if the text ends before."""
        characters: list[str] = []
        while self._at < len(self._text):
            character = self._text[self._at]
            self._at += 1
            if character in stops:
                return "".join(characters), character
            if character == "\\":
                character = self._text[self._at : self._at + 1]
                self._at += 1
            characters.append(character)
        return "".join(characters), ""

    def _typed(self, text: str) -> object:
        if self._is_string:
            return text
        if text.lower() in _WORDS:
            return _WORDS[text.lower()]
        if not text.startswith("0") and _INTEGER.fullmatch(text) and -(2**63) <= int(text) < 2**63:
            return int(text)
        return text

    def _put(self, items: list[Any], index: int, value: object) -> None:
        missing = index + 1 - len(items)
        if missing > 0:
            self._room.take(missing * len(_NULL))
            items.extend([None] * missing)
        items[index] = value

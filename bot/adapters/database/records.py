"""Records as JSON: everything that is written can be read again, and unreadable rows are skipped.

pydantic can't read all the JSON that it writes (nested deeper than 200, integers with thousands of digits), and can't
write everything that YAML and Python allow (lone surrogates, deeper values). Such values are stored as text.

Records are immutable, and most rows are the same at the next look, so the records of the latest rows are kept.
"""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from enum import Enum
from operator import itemgetter
from threading import Lock
from typing import Any, Final, Generic, TypeVar

from cachetools import LRUCache
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from bot.adapters.database.bounds import CACHED_BYTES, JSON_DEPTH
from bot.adapters.database.tables import storable_text
from bot.i18n.language import LocalizedText
from bot.ports.isolation import skip_unexpected

_TOO_DEEP: Final = "…"
_MAX_INTEGER: Final = 2**63

Record = TypeVar("Record")


class Records(Generic[Record]):
    """Writes and reads the records of one type, without the fields to `exclude`."""

    def __init__(self, type_: type[Record], exclude: set[str] | None = None) -> None:
        self._name = type_.__name__
        self._adapter = TypeAdapter(type_)
        self._exclude = exclude
        self._cache: LRUCache[str, tuple[Record, int]] = LRUCache(CACHED_BYTES, getsizeof=itemgetter(1))
        self._lock = Lock()

    def dump(self, record: Record) -> str:
        """The JSON of a record."""
        try:
            body = self._adapter.dump_json(record, exclude=self._exclude)
            self._adapter.validate_json(body)
        except (PydanticSerializationError, ValidationError, RecursionError):
            body = self._adapter.dump_json(storable(record), exclude=self._exclude)
        return body.decode()

    def load(self, body: str) -> Record:
        """The record in a row. Raises ValueError or RecursionError if it is unreadable."""
        with self._lock:
            if cached := self._cache.get(body):
                return cached[0]
        record = self._read(body)
        if (size := _size(body)) <= CACHED_BYTES:
            with self._lock:
                self._cache[body] = record, size
        return record

    def is_stored_as(self, record: Record, body: str) -> bool:
        """Whether a row has this record. Raises as `load` does."""
        return self.dump(self.load(body)) == self.dump(record)

    def _read(self, body: str) -> Record:
        try:
            return self._adapter.validate_json(body)
        except ValidationError:  # from an earlier version, perhaps nested deeper than pydantic reads
            return self._adapter.validate_python(json.loads(body))

    def load_all(self, bodies: Iterable[str]) -> list[Record]:
        """The records in these rows, without unreadable ones."""
        records = []
        for body in bodies:
            with skip_unexpected(f"reading a stored {self._name} that begins with {body[:100]!r}"):
                records.append(self.load(body))
        return records


def _size(body: str) -> int:
    """An estimate of the bytes that a record takes: the JSON itself, and 64 for each mapping and list."""
    return len(body) + 64 * (body.count("{") + body.count("["))


def storable(value: Any, depth: int = 0) -> Any:
    """The value with everything that JSON can't represent, or nested deeper than JSON_DEPTH, as text."""
    match value:
        case Enum():
            return value
        case str():
            return storable_text(value)
        case int() if not -_MAX_INTEGER <= value < _MAX_INTEGER:
            return hex(value)
        case Mapping() | list() | tuple() | set() | frozenset() | LocalizedText() if depth >= JSON_DEPTH:
            return _TOO_DEEP
        case Mapping():
            return {storable(key, depth + 1): storable(item, depth + 1) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return type(value)(storable(item, depth + 1) for item in value)
        case bytes():
            return storable_text(value.decode(errors="replace"))
        case LocalizedText():
            return LocalizedText(value.phrase, **storable(dict(value.values), depth))
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
            return dataclasses.replace(value, **{name: storable(item, depth + 1) for name, item in fields.items()})
        case _:
            return value

"""Stores a LocalizedText as the id of its phrase, which is `MODULE.NAME` in the catalogue, and its values.

Templates are not stored, so the running version decides the wording. Renaming a constant in the catalogue orphans the
texts stored with its old name: they load as OTHER_VERSION.
"""

import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from pydantic_core import core_schema

from bot.i18n import catalogue
from bot.i18n.catalogue.store import OTHER_VERSION
from bot.i18n.language import LocalizedText, Phrase, Text


def schema() -> core_schema.CoreSchema:
    """For pydantic: JSON `{"id": …, "values": {…}}`."""
    serialization = core_schema.plain_serializer_function_ser_schema(dump)
    return core_schema.no_info_plain_validator_function(_validate, serialization=serialization)


def dump(text: Text) -> Any:
    """As JSON. Raises KeyError for a phrase that is not in the catalogue."""
    if isinstance(text, str):
        return text
    return {"id": _ids()[text.phrase], "values": {name: dump(value) for name, value in text.values}}


def load(stored: Any) -> Text:
    """Load what `dump` returned. A phrase that this version lacks is shown by its id and values. Raises ValueError."""
    match stored:
        case str():
            return stored
        case {"id": str(id_), "values": Mapping() as values}:
            return _text(id_, {name: load(value) for name, value in values.items()})
    raise ValueError("not a stored text")


def _text(id_: str, values: Mapping[str, Text]) -> LocalizedText:
    try:
        return LocalizedText(_phrases()[id_], **values)
    except KeyError:  # this version lacks the phrase or a placeholder
        return LocalizedText(OTHER_VERSION, id=id_, values=", ".join(map(str, values.values())))


def _validate(value: Any) -> Text:
    return value if isinstance(value, LocalizedText) else load(value)


@cache
def _phrases() -> dict[str, Phrase]:
    """Every phrase in the catalogue by its id; in a table of phrases, `MODULE.NAME.KEY`."""
    return {
        id_: phrase
        for module in pkgutil.iter_modules(catalogue.__path__)
        for name, value in vars(import_module(f"{catalogue.__name__}.{module.name}")).items()
        for id_, phrase in _with_id(f"{module.name}.{name}", value)
    }


def _with_id(name: str, value: object) -> Iterator[tuple[str, Phrase]]:
    if isinstance(value, Phrase):
        yield name, value
    elif isinstance(value, dict):
        yield from ((f"{name}.{key}", item) for key, item in value.items() if isinstance(item, Phrase))


@cache
def _ids() -> dict[Phrase, str]:
    """The id of every phrase. Phrases with the same texts are equal, and share the first id."""
    return {phrase: id_ for id_, phrase in reversed(_phrases().items())}

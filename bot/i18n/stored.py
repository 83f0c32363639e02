"""How a LocalizedText is stored: its phrase's id, `MODULE.NAME` in the catalogue, and the placeholders' values.

A template is never stored, so that a text reads as the running version words it.
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
    """As JSON. KeyError for a phrase that is not in the catalogue."""
    if isinstance(text, str):
        return text
    return {"id": _ids()[text.phrase], "values": {name: dump(value) for name, value in text.values.items()}}


def load(stored: Any) -> Text:
    """What `dump` returned. A text that this version does not have names its id and its values."""
    if isinstance(stored, str):
        return stored
    values = {name: load(value) for name, value in stored["values"].items()}
    try:
        return LocalizedText(_phrases()[stored["id"]], **values)
    except KeyError:
        return LocalizedText(OTHER_VERSION, id=stored["id"], values=", ".join(map(str, values.values())))


def _validate(stored: Any) -> Text:
    if isinstance(stored, LocalizedText):
        return stored
    if not isinstance(stored, Mapping) or set(stored) != {"id", "values"}:
        raise ValueError("not a stored text")
    return load(stored)


@cache
def _phrases() -> Mapping[str, Phrase]:
    """Every phrase of the catalogue by its id."""
    return dict(_named())


@cache
def _ids() -> Mapping[Phrase, str]:
    return {phrase: id_ for id_, phrase in reversed(list(_phrases().items()))}


def _named() -> Iterator[tuple[str, Phrase]]:
    for module in pkgutil.iter_modules(catalogue.__path__):
        for name, value in vars(import_module(f"{catalogue.__name__}.{module.name}")).items():
            members = value.items() if isinstance(value, Mapping) and not name.startswith("_") else ()
            if isinstance(value, Phrase):
                yield f"{module.name}.{name}", value
            yield from (
                (f"{module.name}.{name}.{key}", phrase) for key, phrase in members if isinstance(phrase, Phrase)
            )

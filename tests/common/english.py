"""Localized texts as plain English, to compare them with what a test expects."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from bot.i18n.language import LocalizedText


def english(value: Any) -> Any:
    """The value with an English sentence in place of each localized text, at any depth of collections and fields."""
    match value:
        case LocalizedText():
            return str(value)
        case Mapping():
            return {english(key): english(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return type(value)(map(english, value))
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: english(getattr(value, field.name)) for field in fields(value)})
    return value

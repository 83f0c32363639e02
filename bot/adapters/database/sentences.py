"""Sentences as they are stored: one that knows itself in several languages keeps them, any other is its text."""

from collections.abc import Mapping
from typing import Any

from bot.i18n.language import LocalizedText, Phrase


def dump(sentence: str | None) -> Any:
    """As JSON."""
    if not isinstance(sentence, LocalizedText):
        return sentence
    values = {name: dump(value) for name, value in sentence.values.items()}
    return {"en": sentence.phrase.en, "es": sentence.phrase.es, "values": values}


def load(stored: Any) -> Any:
    """What was dumped: a sentence, or None."""
    if not isinstance(stored, Mapping):
        return stored
    values = {name: load(value) for name, value in stored["values"].items()}
    return LocalizedText(Phrase(stored["en"], stored["es"]), **values)

"""The languages the bot speaks, and how one text of the catalogue becomes words in one of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

_PLACE = re.compile(r"\{(\w+)\}")


class Language(StrEnum):
    """As the configuration spells it: ISO 639-1."""

    ENGLISH = "en"
    SPANISH = "es"


@dataclass(frozen=True, slots=True)
class Phrase:
    """One text in every language. `{name}` is a place to fill; each language has the same ones, in its own order."""

    en: str
    es: str


@dataclass(frozen=True, slots=True)
class PluralPhrase:
    """A text that depends on a number `{n}`: the form for one and the form for any other number, in every language."""

    en: tuple[str, str]
    es: tuple[str, str]


class LocalizedText(str):
    """A sentence in every language: a phrase and the values of its placeholders, which may be localized too.

    As a str it is English, for the log and the command line. `Translator.told` gives the reader's language.
    """

    __slots__ = ("phrase", "values")
    phrase: Phrase
    values: Mapping[str, str]

    def __new__(cls, phrase: Phrase, /, **values: str) -> Self:
        """KeyError when a place has no value."""
        made = super().__new__(cls, _filled(phrase.en, values))
        made.phrase = phrase
        made.values = values
        return made

    def __str__(self) -> str:
        return self  # so that an error's str() still knows every language


@dataclass(frozen=True, slots=True)
class Translator:
    """Speaks one language."""

    language: Language

    def text(self, phrase: Phrase, /, **values: str) -> str:
        """The phrase with its places filled. KeyError when a place has no value."""
        return _filled(self._of(phrase), values)

    def told(self, sentence: str) -> str:
        """A sentence of somebody else, in this language if it knows it; else as it was written."""
        if not isinstance(sentence, LocalizedText):
            return sentence
        return self.text(sentence.phrase, **{name: self.told(value) for name, value in sentence.values.items()})

    def parts(self, phrase: Phrase) -> list[str]:
        """The phrase cut at its places: text and names of places in turn, beginning and ending with text."""
        return _PLACE.split(self._of(phrase))

    def count(self, counted: PluralPhrase, number: int, /, **values: str) -> str:
        """The counted text, its number grouped as the language does."""
        one, several = counted.en if self.language is Language.ENGLISH else counted.es
        return _filled(one if number == 1 else several, {**values, "n": self.number(number)})

    def number(self, number: int) -> str:
        """`12,345` or `12.345`."""
        grouped = f"{number:,}"
        return grouped if self.language is Language.ENGLISH else grouped.replace(",", ".")

    def _of(self, phrase: Phrase) -> str:
        return phrase.en if self.language is Language.ENGLISH else phrase.es


ENGLISH = Translator(Language.ENGLISH)


def _filled(template: str, values: Mapping[str, str]) -> str:
    # Not str.format: what fills a place is never read as a template again, and a stray brace is only a brace.
    return _PLACE.sub(lambda place: values[place[1]], template)

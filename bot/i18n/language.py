"""The languages of the bot, and the translation of the catalogue's texts into them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from typing import Any

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class Language(StrEnum):
    """ISO 639-1 codes, as in the configuration."""

    ENGLISH = "en"
    SPANISH = "es"


@dataclass(frozen=True, slots=True)
class Phrase:
    """One text in every language. `{name}` is a placeholder; every language has the same ones, in any order."""

    en: str
    es: str


@dataclass(frozen=True, slots=True)
class PluralPhrase:
    """A text that depends on a number `{n}`: the singular and the plural in every language."""

    en: tuple[str, str]
    es: tuple[str, str]


@dataclass(frozen=True, slots=True, init=False)
class LocalizedText:
    """A text in every language: a phrase and the values of its placeholders, which may be localized too.

    `str()` is English, for logs and the command line; `Translator.localize` gives the reader's language. Texts with the
    same phrase and values are equal.
    """

    phrase: Phrase
    values: tuple[tuple[str, "Text"], ...]  # by placeholder, sorted

    def __init__(self, phrase: Phrase, /, **values: "Text") -> None:
        """Raises KeyError if a placeholder has no value."""
        missing = set(_PLACEHOLDER.findall(phrase.en)) - set(values)
        if missing:
            raise KeyError(*sorted(missing))
        object.__setattr__(self, "phrase", phrase)  # the class is frozen
        object.__setattr__(self, "values", tuple(sorted(values.items())))

    def __str__(self) -> str:
        return ENGLISH.localize(self)

    def __format__(self, _: str) -> str:
        # An f-string would lose the translation silently.
        raise TypeError("pass a text as a value of a phrase, or localize it first")

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> Any:
        """Stored as the phrase's id and the values. https://docs.pydantic.dev/latest/concepts/types/"""
        from bot.i18n.stored import schema  # noqa: PLC0415  only the store needs every phrase's id

        return schema()


# What people read: the bot's texts, in every language, or other people's words as written.
Text = LocalizedText | str


def join_texts(phrase: Phrase, texts: Iterable[Text]) -> Text:
    """Several texts as one; `phrase` joins `{one}` and `{other}`. Raises TypeError if there are none."""
    return reduce(lambda one, other: LocalizedText(phrase, one=one, other=other), texts)


class LocalizedError(Exception):
    """An error whose `text` is for people, in their language: one sentence, without secrets."""

    def __init__(self, text: Text) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return str(self.text)


@dataclass(frozen=True, slots=True)
class Translator:
    """Translates into one language."""

    language: Language

    def text(self, phrase: Phrase, /, **values: Text) -> str:
        """The phrase with its placeholders filled. Raises KeyError if one has no value."""
        return self._filled(self._of(phrase), values)

    def localize(self, text: Text) -> str:
        """A text in this language; other people's words stay as written."""
        return text if isinstance(text, str) else self.text(text.phrase, **dict(text.values))

    def parts(self, phrase: Phrase) -> list[str]:
        """The phrase split at its placeholders: text and placeholder names in turn, with text first and last."""
        return _PLACEHOLDER.split(self._of(phrase))

    def count(self, phrase: PluralPhrase, number: int, /, **values: Text) -> str:
        """The form for this number, with digits grouped as usual in the language."""
        one, other = phrase.en if self.language is Language.ENGLISH else phrase.es
        return self._filled(one if number == 1 else other, {**values, "n": self.number(number)})

    def number(self, number: int) -> str:
        """`12,345` or `12.345`."""
        grouped = f"{number:,}"
        return grouped if self.language is Language.ENGLISH else grouped.replace(",", ".")

    def _of(self, phrase: Phrase) -> str:
        return phrase.en if self.language is Language.ENGLISH else phrase.es

    def _filled(self, template: str, values: Mapping[str, Text]) -> str:
        # Not str.format, so that values are never read as templates and stray braces are harmless.
        return _PLACEHOLDER.sub(lambda place: self.localize(values[place[1]]), template)


ENGLISH = Translator(Language.ENGLISH)

"""The catalogue is whole in every language, and filling it in loses and forges nothing."""

import ast
import importlib
import pkgutil
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import messages as message
from bot.i18n import catalogue
from bot.i18n.language import ENGLISH, Language, LocalizedText, Phrase, PluralPhrase, Translator
from bot.messages.blocks import code, rich_line, words

SPANISH = Translator(Language.SPANISH)
PLACE = re.compile(r"\{(\w+)\}")


def texts():
    """Every text by module and name."""
    by_name = {}
    for module in pkgutil.iter_modules(catalogue.__path__, f"{catalogue.__name__}."):
        for name, value in vars(importlib.import_module(module.name)).items():
            for key, text in value.items() if isinstance(value, dict) else [("", value)]:
                if isinstance(text, Phrase | PluralPhrase):
                    by_name[f"{module.name.rpartition('.')[2]}.{name}{key}"] = text
    return by_name


TEXTS = texts()


def forms(text):
    """What a text reads in each language: one phrase, or singular and plural."""
    return ((text.en,), (text.es,)) if isinstance(text, Phrase) else (text.en, text.es)


def test_each_text_has_the_same_places_in_every_language():
    """A place that one language lacks would lose information, or raise at 3 a.m."""
    different = []
    for name, text in TEXTS.items():
        every = [form for language in forms(text) for form in language]
        with_places = [form for form in every if isinstance(text, Phrase) or "{n}" in form]
        if not all(every) or len({frozenset(PLACE.findall(form)) for form in with_places}) > 1:
            different.append(name)
    assert len(TEXTS) > 500
    assert different == []


def test_a_line_keeps_elements_and_fills_words():
    phrase = Phrase(en="At {sha}, {who} did it.", es="{who} lo hizo en {sha}.")
    assert rich_line(ENGLISH, phrase, sha=code("4f2a"), who="ana") == [
        words("At "),
        code("4f2a"),
        words(", ana did it."),
    ]
    assert SPANISH.text(phrase, sha="4f2a", who="ana") == "ana lo hizo en 4f2a."


def test_numbers_are_grouped_and_counted_as_the_language_does():
    objects = PluralPhrase(en=("{n} object", "{n} objects"), es=("{n} objeto", "{n} objetos"))
    assert ENGLISH.count(objects, 1) == "1 object"
    assert ENGLISH.count(objects, 12_345) == "12,345 objects"
    assert SPANISH.count(objects, 12_345) == "12.345 objetos"


def test_a_place_without_a_value_is_an_error_in_the_code():
    with pytest.raises(KeyError):
        ENGLISH.text(Phrase(en="{who}", es="{who}"))


def test_a_sentence_is_english_as_a_str_and_knows_the_rest():
    """Also inside another, and after an error has carried it."""
    why = LocalizedText(Phrase(en="it is late", es="es tarde"))
    told = LocalizedText(Phrase(en="Not now: {why}.", es="Ahora no: {why}."), why=why)
    carried = str(ValueError(told))
    assert carried == ENGLISH.told(carried) == "Not now: it is late."
    assert SPANISH.told(carried) == "Ahora no: es tarde."
    assert SPANISH.told("written by git") == "written by git"


def test_a_sentence_without_a_value_fails_where_it_is_made():
    with pytest.raises(KeyError):
        LocalizedText(Phrase(en="{who}", es="{who}"))


@given(st.text())
def test_what_fills_a_place_is_never_a_template(value):
    phrase = Phrase(en="<{value}>", es="<{value}>")
    assert ENGLISH.text(phrase, value=value) == f"<{value}>"


# Spanish-speaking engineers say these in English.
TERMS = {
    "diff",
    "drift",
    "git",
    "cluster",
    "merge",
    "commit",
    "commits",
    "pull",
    "request",
    "cpu",
    "host",
    "selector",
    "service",
    "account",
}
# Pull requests are in English, whatever the channel's language.
ENGLISH_ONLY = {"revert_pull_request", "adopt_pull_request"}
MODULES = sorted(path for path in Path(message.__file__).parent.glob("*.py") if path.stem not in ENGLISH_ONLY)
PROSE = re.compile(r"[^\W\d_]\s|\s[^\W\d_]|[A-Z][a-z]")  # a word beside a space, or with a capital
# What is to be read by machines, or the same in every language.
NO_PROSE = {
    "%H:%M UTC",
    "%Y-%m-%d %H:%M UTC",
    "{date_short_pretty}",
    "{date_short_pretty} {time}",
    " s",
    " min",
    " h",
    " h ",
    " d",
    "/gitops ",
    "/gitops revert ",
}


def prose(path):
    """The string constants of a module that look like words, without docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        f"{path.name}:{node.lineno}: {node.value!r}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
        if PROSE.search(node.value) and node.value not in NO_PROSE
    ]


def test_messages_take_every_word_from_the_catalogue():
    """So each word that people read is there in every language."""
    assert [constant for path in MODULES for constant in prose(path)] == []


def test_no_text_was_left_untranslated():
    """Only names and the field's terms are the same in both languages."""
    untranslated = []
    for name, text in TEXTS.items():
        for english, spanish in zip(*forms(text), strict=True):
            words_left = {word.lower() for word in re.findall(r"[^\W\d_]+", PLACE.sub("", english))} - TERMS
            if english == spanish and words_left:
                untranslated.append(name)
    assert untranslated == []

"""The catalogue is whole in every language, and filling it in loses and forges nothing."""

import ast
import copy
import importlib
import json
import pkgutil
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bot
from bot import messages as message
from bot.i18n import catalogue
from bot.i18n.language import ENGLISH, Language, LocalizedError, LocalizedText, Phrase, PluralPhrase, Translator
from bot.i18n.stored import dump, load
from bot.messages.blocks import code, rich_line, words

SPANISH = Translator(Language.SPANISH)
PLACE = re.compile(r"\{(\w+)\}")
SOURCES = Path(bot.__file__).parent.rglob("*.py")


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


LATE = Phrase(en="it is late", es="es tarde")
NOT_NOW = Phrase(en="Not now, {who}: {why}.", es="Ahora no, {who}: {why}.")


def test_a_text_is_english_as_a_str_and_knows_every_language():
    """Also inside another text, and after an error carried it."""
    text = LocalizedError(LocalizedText(NOT_NOW, who="Ana", why=LocalizedText(LATE))).text
    assert str(text) == ENGLISH.localize(text) == "Not now, Ana: it is late."
    assert SPANISH.localize(text) == "Ahora no, Ana: es tarde."
    assert SPANISH.localize("written by git") == "written by git"


def test_a_text_cannot_lose_its_languages_by_accident():
    text = LocalizedText(LATE)
    for lose in (lambda: f"{text}", lambda: "late" in text, lambda: json.dumps([text])):
        with pytest.raises(TypeError):
            lose()


def test_texts_are_equal_and_hash_alike_when_their_phrases_and_values_do():
    one = LocalizedText(NOT_NOW, who="Ana", why=LocalizedText(LATE))
    other = LocalizedText(NOT_NOW, why=LocalizedText(LATE), who="Ana")
    assert {one, other, copy.deepcopy(one)} == {one}
    assert one not in {LocalizedText(NOT_NOW, who="Bo", why=LocalizedText(LATE)), str(one)}


def test_a_text_without_a_value_fails_where_it_is_created():
    with pytest.raises(KeyError):
        LocalizedText(Phrase(en="{who}", es="{who}"))


# ---------------------------------------------------------------- what is stored


def test_every_phrase_has_an_id_of_its_own_and_is_loaded_by_it():
    """A phrase outside the catalogue's constants and tables could not be stored."""
    assert sum(path.read_text(encoding="utf-8").count("Phrase(") for path in SOURCES) == len(TEXTS)
    phrases = [text for text in TEXTS.values() if isinstance(text, Phrase)]
    texts = [LocalizedText(phrase, **dict.fromkeys(PLACE.findall(phrase.en), "{en}")) for phrase in phrases]
    stored = {json.dumps(dump(text)): text for text in texts}
    assert [load(json.loads(text)) for text in stored] == list(stored.values())
    assert len(stored) == len(set(phrases))


STORED = {"id": "check.THEN", "values": {"one": {"id": "cluster.EXPIRED", "values": {}}, "other": "plain"}}


OTHER = "(stored by another version of the bot)"


@pytest.mark.parametrize(
    ("changes", "english"),
    [
        ({}, "the list expired (410). plain"),
        ({"id": "check.RENAMED"}, f"check.RENAMED: the list expired (410)., plain {OTHER}"),
        ({"id": "check.THEN", "values": {"one": "1"}}, f"check.THEN: 1 {OTHER}"),
        ({"values": {"one": {"id": "gone.GONE", "values": {}}, "other": "2"}}, f"gone.GONE:  {OTHER} 2"),
    ],
)
def test_a_stored_text_that_this_version_lacks_says_so(changes, english):
    text = load(STORED | changes)
    assert str(text) == english
    assert str(load(dump(text))) == english


IDS = st.sampled_from(sorted(TEXTS)) | st.text()
ANY_STORED = st.recursive(
    st.text(), lambda texts: st.fixed_dictionaries({"id": IDS, "values": st.dictionaries(st.text(), texts)})
)


@given(ANY_STORED)
def test_a_stored_text_of_any_version_loads_and_is_stored_again(stored):
    text = load(stored)
    assert load(dump(text)) == text


@pytest.mark.parametrize("stored", [None, 7, [], {}, {"id": "check.THEN"}, {"id": 7, "values": {}}])
def test_what_was_never_stored_is_refused(stored):
    with pytest.raises(ValueError, match="not a stored text"):
        load(stored)


@given(st.text())
def test_what_fills_a_place_is_never_a_template(value):
    phrase = Phrase(en="<{value}>", es="<{value}>")
    assert ENGLISH.text(phrase, value=value) == f"<{value}>"


# Spanish-speaking engineers say these in English.
TERMS = {
    "p",  # p90
    "diff",
    "drift",
    "chart",
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
    "%H:%M:%S UTC",
    "%Y-%m-%d %H:%M:%S UTC",
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

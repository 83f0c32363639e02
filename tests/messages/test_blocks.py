"""The Block Kit that each builder makes, once per kind; and golden files leave none of it out."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.i18n.language import ENGLISH
from bot.messages import blocks, drift, snooze_modal
from tests.common.message_text import LanguagesDifferError, UnknownStructureError, sections, side_by_side
from tests.messages.incidents import DRIFTED, SET_ASIDE, links

AT = datetime(2026, 3, 1, 2, 47, tzinfo=UTC)


def plain(text, *, emoji=False):
    return {"type": "plain_text", "text": text, "emoji": emoji}


def section(*elements):
    return {"type": "rich_text_section", "elements": list(elements)}


def text(content, **style):
    return {"type": "text", "text": content} | ({"style": style} if style else {})


BLOCKS = {
    "header": (blocks.header("Drift"), {"type": "header", "text": plain("Drift", emoji=True)}),
    "note": (blocks.note("One.", "Two."), {"type": "context", "elements": [plain("One."), plain("Two.")]}),
    "rich": (
        blocks.rich(
            blocks.paragraph(
                blocks.words("web"),
                blocks.words("", bold=True),
                blocks.words("web", italic=True),
                blocks.code("4f2a"),
                blocks.link("https://forge.example", "#12"),
                blocks.link("https://forge.example", ""),
                blocks.mention("U0ANA"),
                blocks.mention("S0ONCALL"),
                blocks.channel("C0ALERTS01"),
                blocks.date(AT, "{time}"),
                blocks.date(datetime(1900, 1, 1, tzinfo=UTC), "{time}"),
            ),
            blocks.bullets([[blocks.words("web\non prod")], [blocks.words("api")]], indent=1),
            blocks.preformatted("git fetch\ngit revert 4f2a"),
        ),
        {
            "type": "rich_text",
            "elements": [
                section(
                    text("web"),
                    text(" ", bold=True),
                    text("web", italic=True),
                    text("4f2a", code=True),
                    {"type": "link", "url": "https://forge.example", "text": "#12"},
                    {"type": "link", "url": "https://forge.example", "text": "https://forge.example"},
                    {"type": "user", "user_id": "U0ANA"},
                    {"type": "usergroup", "usergroup_id": "S0ONCALL"},
                    {"type": "channel", "channel_id": "C0ALERTS01"},
                    {"type": "date", "timestamp": 1772333220, "format": "{time}", "fallback": "02:47 UTC"},
                    text("1900-01-01 00:00 UTC"),
                ),
                {
                    "type": "rich_text_list",
                    "style": "bullet",
                    "indent": 1,
                    "elements": [section(text("web\non prod")), section(text("api"))],
                },
                {"type": "rich_text_preformatted", "elements": [text("git fetch\ngit revert 4f2a")]},
            ],
        },
    ),
    "table": (
        blocks.table(["Name", "State"], [["web", ""]])[0],
        {
            "type": "table",
            "rows": [
                [{"type": "raw_text", "text": "Name"}, {"type": "raw_text", "text": "State"}],
                [{"type": "raw_text", "text": "web"}, {"type": "raw_text", "text": " "}],
            ],
            "column_settings": [{"is_wrapped": True}, {"is_wrapped": True}],
        },
    ),
    "actions": (
        blocks.actions(
            blocks.button(
                "Revert…", "revert", "4f2a", style="danger", confirmation=blocks.confirm("Revert?", "It", "Do", "No")
            ),
            blocks.button("Review", "open", url="https://forge.example/13"),
        ),
        {
            "type": "actions",
            "elements": [
                {
                    "type": "button",
                    "action_id": "revert",
                    "text": plain("Revert…"),
                    "value": "4f2a",
                    "style": "danger",
                    "confirm": {
                        "title": plain("Revert?"),
                        "text": plain("It"),
                        "confirm": plain("Do"),
                        "deny": plain("No"),
                    },
                },
                {"type": "button", "action_id": "open", "text": plain("Review"), "url": "https://forge.example/13"},
            ],
        },
    ),
}
HEADER, EXPECTED_HEADER = BLOCKS["header"]
MODAL = {
    "type": "modal",
    "title": plain("Diff"),
    "close": plain("Close"),
    "blocks": [EXPECTED_HEADER],
    "private_metadata": "shop",
}


@pytest.mark.parametrize(("made", "expected"), BLOCKS.values(), ids=BLOCKS)
def test_a_builder_makes_this_block(made, expected):
    assert made == expected


def test_a_modal_is_titled_and_closed():
    assert blocks.modal("Diff", HEADER, close="Close", reference="shop") == MODAL


def test_a_message_is_text_and_blocks():
    made = blocks.message("<web> & more", *[HEADER] * 99)
    assert made == blocks.Message("&lt;web&gt; &amp; more", (EXPECTED_HEADER,) * 50)


def test_blocks_are_filled_until_the_budget_and_end_with_how_many_are_left():
    def line(content):
        return blocks.paragraph(blocks.words(content))

    parts = [[line(f"{number:0100}")] for number in range(9)]
    filled = blocks.fill(parts, lambda left: line(f"{left} more"), budget=800, block_budget=400)
    shown = [*(part for (part,) in parts[:4]), line("5 more")]
    assert filled == [blocks.rich(*shown[:2]), blocks.rich(*shown[2:])]


def changed(value):
    """Every JSON that differs in one place: a key added, a key or an item removed, a string, number or flag changed."""
    match value:
        case dict():
            yield {**value, "unknown": "x"}
            for key, inner in value.items():
                yield {name: kept for name, kept in value.items() if name != key}
                yield from ({**value, key: other} for other in changed(inner))
        case list():
            for index, inner in enumerate(value):
                before, after = value[:index], value[index + 1 :]
                yield [*before, *after]
                yield from ([*before, other, *after] for other in changed(inner))
        case bool():
            yield not value
        case int():
            yield value + 1
        case str():
            yield f"{value}x"


CONTENTS = {
    **{name: {"text": "Drift", "blocks": [expected]} for name, (_, expected) in BLOCKS.items()},
    "modal": MODAL,
    "home": {"type": "home", "blocks": [EXPECTED_HEADER]},
    "form": snooze_modal.form(ENGLISH, ["shop"], subject="shop@1", channel="C1", newest=None),
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_golden_files_show_every_part_of_a_structure(content):
    """A change of any part reads differently, or is refused."""
    rendered = sections(content)
    for other in changed(content):
        try:
            assert sections(other) != rendered, other
        except UnknownStructureError:
            continue


ASKS = blocks.confirm("Revert?", "It", "Do", "No")
BUTTONS = [blocks.button("Revert…", "revert", "4f2a", confirmation=ASKS), blocks.button("Review", "open")]
UNLIKE = {
    "block": [blocks.note("Revert…")],
    "value": [blocks.actions(blocks.button("Revertir…", "revert", "1b7d", confirmation=ASKS), BUTTONS[1])],
    "question": [blocks.actions(blocks.button("Revertir…", "revert", "4f2a"), BUTTONS[1])],
    "fewer": [blocks.actions(BUTTONS[0])],
}


@pytest.mark.parametrize("spanish", UNLIKE.values(), ids=UNLIKE)
def test_what_can_be_pressed_does_not_depend_on_the_language(spanish):
    english = {"text": "Drift", "blocks": [blocks.actions(*BUTTONS)]}
    with pytest.raises(LanguagesDifferError):
        side_by_side({"en": english, "es": {"text": "Drift", "blocks": spanish}})


def test_a_cut_list_of_what_was_set_aside_says_how_to_see_the_rest():
    many = tuple(replace(SET_ASIDE[0], name=f"web-{number}") for number in range(300))
    shown = drift.diff(ENGLISH, replace(DRIFTED, set_aside=many), "shop", links, everything=True)
    assert "for the full list, run gitops-bot check --explain" in json.dumps(shown.blocks[-1], ensure_ascii=False)

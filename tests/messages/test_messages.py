"""Every message, modal and Home view: word for word, and within Slack's limits whatever stands in it.

`UPDATE_GOLDEN=1 pytest tests/messages` rewrites the golden files, and removes those of no message; review the diff.
"""

import json
import os
import re
from pathlib import Path

import pytest
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from bot.i18n.language import Language
from bot.sandbox.slack.limits import check_blocks, check_text, check_view
from tests.common.message_text import sections, side_by_side
from tests.messages.contents import contents, hostile_contents

GOLDEN = Path(__file__).parents[1] / "data" / "messages"
UPDATE = bool(os.environ.get("UPDATE_GOLDEN"))
UPDATE_THEM = "to accept this, run: UPDATE_GOLDEN=1 .venv/bin/pytest tests/messages"


def test_each_message_reads_as_its_golden_file(subtests):
    """Languages that differ in more than words raise LanguagesDifferError."""
    for name in contents(Language.ENGLISH):
        with subtests.test(name):
            text = side_by_side({language: contents(language)[name] for language in Language})
            path = GOLDEN / f"{name}.txt"
            if UPDATE:
                path.write_text(text, encoding="utf-8")
            assert path.exists(), f"{path} is missing; {UPDATE_THEM}"
            assert text == path.read_text(encoding="utf-8"), UPDATE_THEM


def test_each_golden_file_has_a_message():
    files = {path for path in GOLDEN.rglob("*") if path.is_file()}
    stale = files - {GOLDEN / f"{name}.txt" for name in contents(Language.ENGLISH)}
    if UPDATE:
        for path in stale:
            path.unlink()
        return
    assert stale == set(), UPDATE_THEM


@pytest.fixture(scope="module", params=Language)
def everything(request):
    """All contents in one language, also the hostile ones."""
    return contents(request.param) | hostile_contents(request.param)


@pytest.fixture
def messages(everything):
    return {name: content for name, content in everything.items() if "type" not in content}


@pytest.fixture
def views(everything):
    return {name: content for name, content in everything.items() if "type" in content}


def test_slacks_own_library_reads_back_every_block(messages, subtests):
    """Its models know limits, and drop or refuse what Slack does not know."""
    for name, message in messages.items():
        with subtests.test(name):
            # It doesn't know this block yet, which is newer.
            blocks = [dict(block) for block in message["blocks"] if block["type"] != "data_visualization"]
            assert [block.to_dict() for block in Block.parse_all(blocks)] == blocks


def test_slacks_own_library_reads_back_every_view(views, subtests):
    for name, view in views.items():
        with subtests.test(name):
            read = View(**view)
            read.validate_json()
            assert read.to_dict() == view


def test_a_message_keeps_slacks_limits(messages, subtests):
    for name, message in messages.items():
        with subtests.test(name):
            check_blocks(message["blocks"])
            check_text(message["text"], 4_000)


def test_a_view_keeps_slacks_limits(views, subtests):
    for name, view in views.items():
        with subtests.test(name):
            check_view(view, view["type"])


def test_its_fallback_is_a_sentence_for_a_screen_reader(messages, subtests):
    for name, message in messages.items():
        with subtests.test(name):
            text = message["text"]
            assert text[0].isalnum() or text[0] in "#/"  # a pull request, a command
            assert text.rstrip()[-1] in ".…)?"


def test_nothing_people_wrote_becomes_markup(everything, subtests):
    """Only rich_text and plain_text carry what people wrote; the fallback is escaped."""
    for name, content in everything.items():
        with subtests.test(name):
            assert not re.search(r"<[!@#h]", content.get("text", ""))
            assert '"mrkdwn"' not in json.dumps(content)


def test_every_structure_is_one_that_golden_files_show(everything, subtests):
    for name, content in everything.items():
        with subtests.test(name):
            sections(content)

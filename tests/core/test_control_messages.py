"""Every answer to a control, to the letter and in each language, and none beyond Slack's limits.

`UPDATE_GOLDEN=1 pytest tests/core/test_control_messages.py` writes the golden files anew; read the difference then.
"""

import json
import os
import re
from pathlib import Path

import pytest

from bot.core.message import control
from bot.core.message.language import Language, Say
from bot.core.permission import CouldNotAsk, Denied, Right, Rule
from bot.sandbox.slack.limits import check_blocks, check_text

GOLDEN = Path(__file__).parent.parent / "data" / "controls"
HOSTILE = "<!channel> *stars* <https://evil.example|ok> " + "x" * 5_000
REVERT = Rule("slack.revert_allowed", ("U0ANA", "S0ONCALL"))
SILENCE = Rule("applications.shop.silence_allowed", ())
MANY = Rule("slack.revert_allowed", tuple(f"U{number:010}" for number in range(500)))

SAID = {
    "denied-revert": lambda say: control.denied(say, Right.REVERT, Denied(REVERT)),
    "denied-silence-nobody": lambda say: control.denied(say, Right.SILENCE, Denied(SILENCE)),
    "could-not-ask": lambda say: control.denied(
        say, Right.REVERT, CouldNotAsk(REVERT, "S0ONCALL", "Slack does not answer (URLError); it is tried again.")
    ),
}
HOSTILE_SAID = {
    "denied-many": lambda say: control.denied(say, Right.REVERT, Denied(MANY)),
    "could-not-ask-hostile": lambda say: control.denied(say, Right.SILENCE, CouldNotAsk(REVERT, "S0ONCALL", HOSTILE)),
}


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("name", SAID)
def test_it_reads_as_its_golden_file_says(name, language):
    said = SAID[name](Say(language))
    text = json.dumps({"text": said.text, "blocks": said.blocks}, indent=1, ensure_ascii=False) + "\n"
    path = GOLDEN / f"{name}.{language}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_no_golden_file_is_left_over():
    assert {path.name for path in GOLDEN.glob("*.json")} == {
        f"{name}.{each}.json" for name in SAID for each in Language
    }


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("name", [*SAID, *HOSTILE_SAID])
def test_it_keeps_slacks_limits_and_forges_nothing(name, language):
    said = {**SAID, **HOSTILE_SAID}[name](Say(language))
    check_blocks([dict(block) for block in said.blocks])
    check_text(said.text, 4_000)
    assert said.text[0].isalnum()
    assert said.text.endswith(".")
    assert not re.search(r"<[!@#h]", said.text)

"""Text that strangers write never reorders, hides or forges what people read: in Slack, pull requests and logs."""

import json
import unicodedata
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from bot.cli.check_report import as_text
from bot.cli.main import main
from bot.core.drift.model import Check, NotFollowed, Status
from bot.core.objects.documents import ManifestError
from bot.core.objects.manifest import read_manifests
from bot.core.sanitize import escaped, printable, redact_url
from bot.i18n.language import ENGLISH
from bot.messages import blocks, common

HOSTILE = "a\u202eb\u200bc\x1b[31md\x85e\u2066f\ufeffg\x00h\u3164i\U000e0041j\ud800k"


@given(st.text())
def test_what_is_printable_has_nothing_hidden_and_stays_so(text):
    shown = printable(text)
    assert not [c for c in shown if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} and c not in "\n\t"]
    assert printable(shown) == shown
    assert escaped(text).isprintable() or " " in text or any(unicodedata.category(c) == "Zs" for c in text)


@given(st.text(st.characters(whitelist_categories=["L", "M", "N", "P", "S", "Zs"])))
def test_letters_of_every_script_stay(text):
    blank = "\u034f\u115f\u1160\u2800\u3164\uffa0"
    assert printable(text) == "".join(character for character in text if character not in blank)


@pytest.mark.parametrize("key", ["apiVersion", "kind", "name", "namespace"])
def test_a_name_has_one_line(key):
    identity = {"apiVersion": "v1", "kind": "A", "metadata": {"name": "a", "namespace": "b"}}
    place = identity if key in identity else identity["metadata"]
    place[key] = "x\nshop: in sync"
    with pytest.raises(ManifestError, match="contains a line break or an invisible character"):
        read_manifests("a.yaml", json.dumps(identity).encode())


def test_a_report_has_as_many_lines_as_it_says():
    name = "x\nshop on prod: in sync"
    now = datetime(2026, 11, 21, tzinfo=UTC)
    check = Check(name, name, None, Status.UNKNOWN, name, 1, now, notes=(name,))
    lines = as_text([check], not_followed=[NotFollowed("A", name, (name,))], explain=True).splitlines()
    assert len(lines) == 6
    assert not [line for line in lines if line.startswith("shop")]


@pytest.mark.parametrize(
    ("argv", "environ"),
    [
        (["check", "--config", "config.yaml"], {}),
        (["run", "--config", "config.yaml"], {}),
        (["doctor", "--config", f"{HOSTILE[:10]}\nshop: in sync"], {}),
        (["check", "--path", f"{HOSTILE[:10]}\nshop: in sync"], {}),
        (["check", "--path", ".", "--context", f"{HOSTILE[:10]}\nshop: in sync"], {}),
        (["check", "--path", "."], {"LOG_LEVEL": f"{HOSTILE[:10]}\nshop: in sync"}),
        (["check", "--path", "."], {"LOG_FORMAT": f"{HOSTILE[:10]}\nshop: in sync"}),
    ],
)
def test_the_command_line_escapes_what_it_quotes(argv, environ, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = json.dumps(f"{HOSTILE[:10]}\nshop: in sync")
    (tmp_path / "config.yaml").write_text(
        f"repositories: {{{name}: {{url: {name}, {name}: 1}}}}\napplications:\n  {name}: {{path: {name}}}\n"
    )
    output = CliRunner().invoke(main, argv, env={"KUBECONFIG": "/nowhere", **environ}).output
    assert "shop: in sync" in output
    assert all(line.isprintable() and not line.startswith("shop") for line in output.splitlines())


def test_every_text_of_a_message_is_printable():
    elements = [blocks.words(HOSTILE), blocks.code(HOSTILE), blocks.link("https://x", HOSTILE)]
    parts = [
        blocks.rich(blocks.paragraph(*elements), blocks.preformatted(HOSTILE)),
        *(blocks.header(HOSTILE), blocks.note(HOSTILE), blocks.table([HOSTILE], [[HOSTILE]])[0]),
        blocks.actions(blocks.button(HOSTILE, "id", confirmation=blocks.confirm(*[HOSTILE] * 4))),
    ]
    message = blocks.message(HOSTILE, *parts)
    shown = json.dumps([message.text, *message.blocks, blocks.modal(HOSTILE, close=HOSTILE)])
    assert not [
        character for character in HOSTILE if not character.isprintable() and json.dumps(character)[1:-1] in shown
    ]


def test_a_value_that_differs_by_nothing_visible_shows_how():
    assert common.value_text(ENGLISH, "a\u200b\nb") == "a\\u200b ⏎ b"
    assert common.value_text(ENGLISH, ["a\u202e"]) == '["a\\u202e"]'


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://git.example/acme/p.git", "https://git.example/acme/p.git"),
        ("https://u:s3cret@git.example/p", "https://***@git.example/p"),
        ("https://s3cret@git.example/p", "https://***@git.example/p"),
        ("https://u:p@s3cret@git.example/p", "https://***@git.example/p"),
        ("https://u:a/s3cret@git.example/p", "https://***@git.example/p"),
        ("https://git.example/p?ref=v1&private_token=s3cret", "https://git.example/p?ref=v1"),
        ("https://git.example/p?s3cret#s3cret", "https://git.example/p"),
        ("https://u:p://s3cret@git.example/p", "https://***@git.example/p"),
        ("https://u:a?s3cret@git.example/p", "https://***"),
        ("u:s3cret://@git.example", "***@git.example"),
        ("git::https://u:s3cret@git.example/p", "git::https://***@git.example/p"),
        ("u:s3cret@git.example:p", "***@git.example:p"),
        ("git@git.example:acme/p", "git@git.example:acme/p"),
        ("https://git.example/\u202e\np", "https://git.example/ p"),
        ("x" * 300, "x" * 200),
    ],
)
def test_a_url_is_shown_without_what_it_authenticates_with(url, shown):
    assert redact_url(url) == shown

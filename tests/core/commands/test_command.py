"""`/gitops …` as people type it."""

from datetime import time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.commands.command import (
    COMMANDS,
    AcknowledgeCommand,
    Command,
    DiffCommand,
    DriftCommand,
    HelpCommand,
    HistoryCommand,
    InvalidDuration,
    ReleaseCommand,
    RevertCommand,
    SnoozeCommand,
    StatusCommand,
    UnknownApplication,
    UnknownCommand,
    UnsnoozeCommand,
    WhoCommand,
    WrongArguments,
    parse,
)
from bot.core.incidents.snooze_period import DEFAULT_SNOOZE, SnoozeFor, SnoozeUntil
from bot.core.pull_requests.change_ref import InvalidChangeRef, PullNumber, PullUrl, Sha
from bot.i18n.language import ENGLISH
from bot.messages.help import answer, mistake

APPLICATIONS = ["shop", "shop-staging", "payments"]


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("", HelpCommand()),
        ("  help ", HelpCommand()),
        ("status", StatusCommand(None)),
        ("STATUS shop", StatusCommand("shop")),
        ("status Shop", StatusCommand("shop")),
        ("drift", DriftCommand(None)),
        ("drift payments", DriftCommand("payments")),
        ("diff shop", DiffCommand("shop")),
        ("diff shop --all", DiffCommand("shop", show_all=True)),
        ("diff --all shop", DiffCommand("shop", show_all=True)),
        ("revert abc1234", RevertCommand(Sha("abc1234"), None)),
        ("revert #12 shop", RevertCommand(PullNumber(12), "shop")),
        (
            "revert <https://forge.example/acme/platform/pull/7>",
            RevertCommand(PullUrl("forge.example/acme/platform", 7, ""), None),
        ),
        (
            "revert <https://forge.example/acme/platform/pull/7|#7>",
            RevertCommand(PullUrl("forge.example/acme/platform", 7, ""), None),
        ),
        ("who shop", WhoCommand("shop")),
        ("ack Shop", AcknowledgeCommand("shop")),
        ("release shop", ReleaseCommand("shop")),
        ("snooze shop OFF", UnsnoozeCommand("shop")),
        ("snooze shop", SnoozeCommand("shop", DEFAULT_SNOOZE)),
        ("snooze shop 1h 30m", SnoozeCommand("shop", SnoozeFor(timedelta(minutes=90)))),
        ("snooze shop until 09:00", SnoozeCommand("shop", SnoozeUntil(time(9)))),
        ("history", HistoryCommand(None)),
        ("history shop-staging", HistoryCommand("shop-staging")),
    ],
)
def test_every_command(text, command):
    assert parse(text, APPLICATIONS) == command


@pytest.mark.parametrize(
    ("text", "word", "suggestion"),
    [("statsu", "statsu", "status"), ("revrt abc", "revrt", "revert"), ("xyzzy", "xyzzy", None)],
)
def test_an_unknown_command_suggests_the_closest(text, word, suggestion):
    assert parse(text, APPLICATIONS) == UnknownCommand(word, suggestion)


@pytest.mark.parametrize(
    ("text", "word", "suggestion"),
    [
        ("status shpo", "shpo", "shop"),
        ("diff paymnets", "paymnets", "payments"),
        ("revert abc1234 nothing-like-it", "nothing-like-it", None),
    ],
)
def test_an_unknown_application_suggests_the_closest(text, word, suggestion):
    assert parse(text, APPLICATIONS) == UnknownApplication(word, suggestion)


@pytest.mark.parametrize("text", ["diff {}", "status <{}>", "revert abc1234 {}", "who {}", "{}", "help {}"])
@pytest.mark.parametrize("url", ["https://ana:hunter2@h/x?token=hunter2", "git@h/x?token=hunter2"])
def test_a_pasted_url_is_repeated_without_its_password(text, url):
    parsed = parse(text.format(url), APPLICATIONS)
    answer = mistake(ENGLISH, parsed, APPLICATIONS).text
    assert "@h/x" in answer
    assert "hunter2" not in answer


def test_an_invalid_change_says_what_is_valid():
    parsed = parse("revert HEAD~1 shop", APPLICATIONS)
    assert isinstance(parsed, InvalidChangeRef)
    assert "a SHA (7 digits or more), #PR, HEAD, a range A..B or the URL" in mistake(ENGLISH, parsed, APPLICATIONS).text


@pytest.mark.parametrize("text", ["snooze", "ack", "who", "ack shop api"])
def test_wrong_arguments(text):
    assert isinstance(parse(text, APPLICATIONS), WrongArguments)


@pytest.mark.parametrize("duration", ["tomorrow", "8d", "1m", "1.5h", "until 25:00"])
def test_an_invalid_snooze_duration_says_the_bounds(duration):
    assert parse(f"snooze shop {duration}", APPLICATIONS) == InvalidDuration()
    assert "at least 5 minutes and at most 7 days" in mistake(ENGLISH, InvalidDuration(), APPLICATIONS).text


@pytest.mark.parametrize("text", ["help revert", "help REVERT", "revert --help", "revert -h", "revert abc —help"])
def test_help_about_one_command_is_its_usage(text):
    parsed = parse(text, APPLICATIONS)
    assert isinstance(parsed, HelpCommand)
    assert answer(ENGLISH, parsed.spec, APPLICATIONS).text.startswith("Usage: /gitops revert REV [APP] (")


@pytest.mark.parametrize("spec", COMMANDS, ids=lambda spec: spec.name)
def test_every_example_in_help_is_a_valid_command(spec):
    assert spec.examples
    for example in spec.examples:
        parsed = parse(f"{spec.name} {example.replace('APP', 'shop')}", APPLICATIONS)
        assert isinstance(parsed, Command), example


def test_help_about_an_unknown_command_suggests_the_closest():
    assert parse("help revrt", APPLICATIONS) == UnknownCommand("revrt", "revert")


@pytest.mark.parametrize(
    "text", ["diff", "diff --all", "revert", "status shop payments", "help me now", "revert a b c"]
)
def test_too_many_or_too_few_arguments(text):
    parsed = parse(text, APPLICATIONS)
    assert isinstance(parsed, WrongArguments)
    assert parsed.spec in COMMANDS


@given(st.text(max_size=200))
def test_any_text_can_be_parsed(text):
    parse(text, APPLICATIONS)


@pytest.mark.parametrize("text", ["diff shop payments", "diff shop --al", "diff shop --all more"])
def test_a_diff_of_several_applications_is_refused(text):
    assert isinstance(parse(text, APPLICATIONS), WrongArguments)


@pytest.mark.parametrize("flag", ["--all", "-a", "—all", "\u2013all"])
def test_the_dash_of_a_phone_keyboard_is_understood(flag):
    assert parse(f"diff shop {flag}", APPLICATIONS) == DiffCommand("shop", show_all=True)

"""`/gitops …` as people type it."""

from datetime import time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.commands.command import (
    COMMANDS,
    AcknowledgeCommand,
    DiffCommand,
    DriftCommand,
    HelpCommand,
    HistoryCommand,
    InvalidDuration,
    RevertCommand,
    SnoozeCommand,
    StatusCommand,
    UnknownApplication,
    UnknownCommand,
    WhoCommand,
    WrongArguments,
    parse,
)
from bot.core.incidents.snooze import DEFAULT_SNOOZE, SnoozeFor, SnoozeUntil
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
        ("snooze shop", SnoozeCommand("shop", DEFAULT_SNOOZE)),
        ("snooze shop 1h 30m", SnoozeCommand("shop", SnoozeFor(timedelta(minutes=90)))),
        ("snooze shop until 09:00", SnoozeCommand("shop", SnoozeUntil(time(9)))),
        ("history", HistoryCommand(None)),
        ("history shop-staging", HistoryCommand("shop-staging")),
    ],
)
def test_what_is_typed_is_understood(text, command):
    assert parse(text, APPLICATIONS) == command


@pytest.mark.parametrize(
    ("text", "word", "nearest"),
    [("statsu", "statsu", "status"), ("revrt abc", "revrt", "revert"), ("xyzzy", "xyzzy", None)],
)
def test_an_unknown_command_names_the_nearest(text, word, nearest):
    assert parse(text, APPLICATIONS) == UnknownCommand(word, nearest)


@pytest.mark.parametrize(
    ("text", "word", "nearest"),
    [
        ("status shpo", "shpo", "shop"),
        ("diff paymnets", "paymnets", "payments"),
        ("revert abc1234 nothing-like-it", "nothing-like-it", None),
    ],
)
def test_an_unknown_application_names_the_nearest(text, word, nearest):
    assert parse(text, APPLICATIONS) == UnknownApplication(word, nearest)


def test_a_revert_of_what_is_no_change_says_what_is():
    made = parse("revert HEAD~1 shop", APPLICATIONS)
    assert isinstance(made, InvalidChangeRef)
    assert "a SHA (7 digits or more), #PR, a range A..B or the URL" in mistake(ENGLISH, made, APPLICATIONS).text


@pytest.mark.parametrize("text", ["snooze", "ack", "who", "ack shop api"])
def test_what_cannot_be_read_shows_the_usage(text):
    assert isinstance(parse(text, APPLICATIONS), WrongArguments)


@pytest.mark.parametrize("span", ["tomorrow", "8d", "1m", "1.5h", "until 25:00"])
def test_a_snooze_that_is_too_short_too_long_or_unreadable_is_told_the_bounds(span):
    assert parse(f"snooze shop {span}", APPLICATIONS) == InvalidDuration()
    assert "at least 5 minutes, at most 7 days" in mistake(ENGLISH, InvalidDuration(), APPLICATIONS).text


@pytest.mark.parametrize("text", ["help revert", "help REVERT", "revert --help", "revert -h", "revert abc —help"])
def test_help_about_one_command_is_its_usage(text):
    made = parse(text, APPLICATIONS)
    assert isinstance(made, HelpCommand)
    assert answer(ENGLISH, made.spec).text.startswith("Usage: /gitops revert REV [APP] (")


def test_help_about_what_is_no_command_names_the_nearest():
    assert parse("help revrt", APPLICATIONS) == UnknownCommand("revrt", "revert")


@pytest.mark.parametrize(
    "text", ["diff", "diff --all", "revert", "status shop payments", "help me now", "revert a b c"]
)
def test_too_many_or_too_few_words_show_the_usage(text):
    made = parse(text, APPLICATIONS)
    assert isinstance(made, WrongArguments)
    assert made.spec in COMMANDS


@given(st.text(max_size=200))
def test_no_text_raises(text):
    parse(text, APPLICATIONS)


@pytest.mark.parametrize("text", ["diff shop payments", "diff shop --al", "diff shop --all more"])
def test_a_diff_of_more_than_one_thing_is_refused(text):
    assert isinstance(parse(text, APPLICATIONS), WrongArguments)


@pytest.mark.parametrize("flag", ["--all", "-a", "—all", "\u2013all"])
def test_the_dash_a_phone_makes_of_two_is_understood(flag):
    assert parse(f"diff shop {flag}", APPLICATIONS) == DiffCommand("shop", show_all=True)

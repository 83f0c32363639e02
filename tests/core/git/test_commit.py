"""Titles of commits, and names."""

from datetime import UTC, datetime

import pytest

from bot.core.git.commit import Commit, PullRequest, change_title, shown_name

NOW = datetime(2026, 3, 1, tzinfo=UTC)
FINAL, EARLIER = "b" * 40, "a" * 40
PULL = PullRequest(1, "Raise it", "https://forge.example/1", "ana", "merged", "main", "topic", FINAL, FINAL, NOW, "bo")


def test_a_merge_has_the_title_of_its_pull_request():
    merge = Commit(FINAL, (EARLIER, FINAL), "Merge pull request #1 from acme/topic\n", "bo", "bo@acme.example", NOW)
    assert change_title(merge, PULL) == "Raise it"
    assert change_title(merge, None) == "Merge pull request #1 from acme/topic"
    rebased = Commit(FINAL, (EARLIER,), "Raise it, part two\n", "ana", "ana@acme.example", NOW)
    assert change_title(rebased, PULL) == "Raise it, part two"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ana Silva", "Ana Silva"),
        ("dependabot[bot]", "dependabot[bot]"),
        ("Miles O\u2019Brien", "Miles O\u2019Brien"),
        ("Åsa 李 1", "Åsa 李 1"),
        ("approved by bea", "“approved by bea”"),
        ("Ana\ua78fCEO", "“Ana\ua78fCEO”"),
        ("\uff21na \uff41pproved", "“\uff21na \uff41pproved”"),
        ("Ana, approved by bea", "“Ana, approved by bea”"),
        ("Ana · approved", "“Ana · approved”"),
        ("Ana approved by bea", "“Ana approved by bea”"),
        ("Ana” approved by “bea", "“Ana approved by bea”"),
    ],
)
def test_a_name_that_says_more_than_a_name_is_quoted(name, shown):
    assert shown_name(name) == shown
    assert shown_name(shown) == shown


def test_no_credential_in_a_subject_title_or_name_is_shown():
    token = "ghp_" + "wJ8kQ2mN5pR7sT9vX1yZ3aB5cD7eF9gH1jK3"
    text = f"Rotate {token} password=hunter2hunter2"
    commit = Commit("a" * 40, (), f"{text}\n\nWhy", text, "a@example.com", NOW)
    pull = PullRequest(7, text, "https://forge", "ana", "open", "main", "next", "b" * 40)
    for shown in (commit.subject, commit.author, pull.title):
        assert token not in shown
        assert "hunter2" not in shown
    assert commit.message.startswith(text)

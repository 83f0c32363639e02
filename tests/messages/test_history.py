"""The histories of several repositories share one message."""

import json
from datetime import timedelta

import pytest

from bot.core.git.commit import Commit, PullRequest
from bot.core.git.people import ChangePeople
from bot.i18n.language import ENGLISH, Language, Translator
from bot.messages.blocks import MAX_BLOCKS, MAX_JSON
from bot.messages.history import Entry, answer, answer_of_all
from tests.common.samples import T0

URL = "https://github.com/acme/platform"


def entry(number, subject):
    """A merged pull request that is live."""
    commit = Commit(f"{number:040x}", ("b" * 40,), subject, "Ana Souza", "ana@example.com", T0, T0)
    pull = PullRequest(number, subject, f"{URL}/pull/{number}", "ana", "merged", "main", "topic", "a" * 40)
    live = ("shop", timedelta(seconds=9))
    return Entry(commit, f"{URL}/commit/{commit.sha}", pull, ChangePeople((), 0, "Ana Souza"), (live,), T0)


@pytest.mark.parametrize("translator", [ENGLISH, Translator(Language.SPANISH)])
@pytest.mark.parametrize("subject", ["Fix", "Raise the memory limit of the checkout service", 150 * "W"])
@pytest.mark.parametrize("repositories", [1, 2, 5, 9, 12, 40])
def test_every_repository_that_is_listed_shows_its_newest_commit(repositories, subject, translator):
    entries = [entry(number, subject) for number in range(10)]
    one = answer(translator, entries, "main", None, None, repositories=repositories)
    assert "/commit/" in str(one.blocks)
    message = answer_of_all(translator, (one for _ in range(repositories)), repositories)
    listed = min(repositories, 8)
    assert str(message.blocks).count(f"{URL}/commit/{0:040x}") == listed
    left = repositories - listed
    assert left == 0 or f" {left} " in str(message.blocks[-1])
    assert len(json.dumps(message.blocks, ensure_ascii=False)) <= MAX_JSON
    assert len(message.blocks) <= MAX_BLOCKS

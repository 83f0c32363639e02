"""The pull requests of the bot are followed on their forge."""

from dataclasses import replace

import pytest

from bot.core.access.audit import Origin
from bot.core.access.requester import Requester
from bot.core.git.commit_check import CheckState, CommitCheck
from bot.handlers.pull_requests.track import poll, track
from bot.i18n.language import ENGLISH
from bot.messages import pull_request_card
from bot.messages.blocks import plain
from bot.ports.forge import ForgeError
from tests.common.slack import ALERTS


@pytest.fixture
def pull(bot, source, forge):
    """A pull request that the bot opened."""
    source.commit("First", {"README.md": "x\n"})
    bot.start(forges={"platform": forge})
    source.branch("gitops-bot/revert-x")
    head = source.commit("Revert", {"README.md": "y\n"})
    source.switch()
    pull = forge.create_pull_request(head="gitops-bot/revert-x", base="main", title="Revert", body="")
    bot.ports.repositories["platform"].fetch()
    ana = Requester("U0ANA", "Ana", ALERTS, Origin.COMMAND, ENGLISH)
    track(bot.ports, pull, "platform", requester=ana, what=head, applications=[], channel=ALERTS)
    return pull


def test_a_pull_request_shows_its_checks_go_green(bot, forge, pull):
    head = pull.head_sha

    def line():
        poll(bot.ports, {})
        (tracked,) = bot.ports.store.pull_requests.unsettled()
        paragraphs = pull_request_card.card(ENGLISH, tracked).blocks[1]["elements"][1:]
        return ["".join(plain(text) for text in paragraph["elements"]) for paragraph in paragraphs]

    assert line() == []
    forge.commit_checks[head] = [CommitCheck("build", CheckState.PENDING)]
    assert line() == ["Checks: ⏳ build"]
    forge.checks_fault = ForgeError("The token lacks a permission.")
    assert line() == ["Checks: ⏳ build · now unknown. The token lacks a permission."]
    forge.checks_fault = None
    forge.commit_checks[head] = [CommitCheck("build", CheckState.SUCCESS)]
    assert line() == ["Checks: ✅ build"]


@pytest.mark.parametrize(
    ("state", "ending"),
    [
        ("open", "Its target branch was changed from main to develop, so merging it does not change main."),
        ("merged", "It was merged into develop instead of main."),
        ("closed", "It was closed without merging. Nothing changed."),
    ],
)
def test_a_pull_request_shows_that_its_target_branch_was_changed(bot, forge, pull, state, ending):
    forge.pull_requests[pull.number] = replace(pull, base="develop", state=state)
    poll(bot.ports, {})
    (tracked,) = bot.ports.store.pull_requests.unsettled()
    assert pull_request_card.card(ENGLISH, tracked).text.endswith(ending)

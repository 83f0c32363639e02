"""The pull requests of the bot are followed on their forge."""

from dataclasses import replace
from unittest.mock import Mock

import pytest

from bot.adapters.git.repository import GitRepository
from bot.core.access.audit import Origin
from bot.core.access.requester import Requester
from bot.core.git.commit_check import CheckState, CommitCheck
from bot.core.git.target_revision import TargetRevision
from bot.handlers.pull_requests.track import poll, track
from bot.i18n.language import ENGLISH
from bot.messages import pull_request_card
from bot.messages.blocks import plain
from bot.ports.forge import ForgeError
from tests.common.slack import ALERTS

ANA = Requester("U0ANA", "Ana", ALERTS, Origin.COMMAND, ENGLISH)


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
    track(bot.ports, pull, "platform", requester=ANA, what=head, applications=[], channel=ALERTS)
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


def test_what_became_of_a_pull_request_is_shown_without_its_approvers(bot, forge, pull, monkeypatch):
    """Anyone can write so many reviews that the bot can't read them."""
    monkeypatch.setattr(forge, "approvals", Mock(side_effect=ForgeError("The forge sends more than 8 MiB.")))

    def state(**fields):
        forge.pull_requests[pull.number] = replace(pull, **fields)
        poll(bot.ports, {})
        (tracked,) = bot.ports.store.pull_requests.unsettled()
        return tracked.state, tracked.retargeted_to, tracked.approved_by

    assert state(base="develop") == ("open", "develop", ())
    merged = {"base": "develop", "state": "merged", "merged_at": bot.clock(), "merged_by": "kit"}
    assert state(**merged)[0] == "open", "it may be readable soon"
    bot.clock.advance(minutes=10)
    assert state(**merged) == ("merged", "develop", None)


@pytest.mark.parametrize("is_updated", [False, True], ids=["as opened", "updated from its target branch"])
def test_a_pull_request_is_flagged_if_its_own_target_branch_was_rewritten(bot, source, forge, tmp_path, is_updated):
    """Not if the bot now tracks a newer branch, which never had its commits."""
    source.commit("First", {"README.md": "x\n"})
    bot.start(forges={"platform": forge})
    source.branch("release-1")
    source.commit("Hotfix", {"README.md": "y\n"})
    source.branch("gitops-bot/revert-x")
    head = source.commit("Revert", {"README.md": "x\n"})
    if is_updated:
        source.switch("release-1")
        source.commit("Later", {"later.md": "x\n"})
        source.switch("gitops-bot/revert-x")
        head = source.merge("release-1")
    pull = forge.create_pull_request(head="gitops-bot/revert-x", base="release-1", title="Revert", body="")
    repository = GitRepository("platform", source.url, TargetRevision("release-*"), tmp_path / "releases")
    ports = replace(bot.ports, repositories={"platform": repository})
    repository.fetch()
    track(ports, pull, "platform", requester=ANA, what=head, applications=[], channel=ALERTS)

    def is_flagged():
        branch = repository.fetch() and repository.branch
        poll(ports, {})
        (tracked,) = ports.store.pull_requests.unsettled()
        return branch, tracked.rewritten

    assert is_flagged() == ("release-1", False)
    source.git("branch", "release-2", "main")
    assert is_flagged() == ("release-2", False)
    source.git("branch", "-f", "release-1", "main")
    assert is_flagged() == ("release-2", True)

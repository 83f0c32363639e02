"""The checks of a merge on its card."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.git.commit_check import CheckState, CommitCheck
from bot.handlers.rollouts.checks import ChecksReader
from bot.i18n.language import ENGLISH
from bot.messages import rollout as rollout_message
from bot.messages.blocks import plain
from bot.ports.forge import ForgeError
from tests.handlers.rollouts.scenario import SETTINGS_FILE, settings

FAILED_LINT = CommitCheck("lint", CheckState.FAILURE, "https://ci.example/lint")
RUNNING_BUILD = CommitCheck("build", CheckState.PENDING)


def card_text(rollout):
    card = rollout_message.card(ENGLISH, rollout)
    return "\n".join("".join(plain(text) for text in part["elements"]) for part in card.blocks[1]["elements"])


@pytest.fixture
def pull_request(scenario, forge, bot):
    """Merges a pull request whose lint has failed; its rollout."""
    scenario.ports = replace(scenario.ports, forges={"platform": forge})
    scenario.source.branch("topic")
    scenario.source.commit("Raise the limit", {SETTINGS_FILE: settings(2)})
    forge.commit_checks[scenario.source.sha()] = [FAILED_LINT, RUNNING_BUILD]
    forge.merge("topic", title="Raise the limit")
    return scenario.rollouts()[-1]


def test_a_merge_with_failed_checks_is_said(pull_request):
    assert pull_request.failed_checks == (FAILED_LINT,)
    assert "Merged despite failed checks: ❌ lint" in card_text(pull_request)


def test_checks_are_read_until_they_have_finished(scenario, forge, pull_request):
    reader = ChecksReader(scenario.ports)
    forge.commit_checks[pull_request.revision] = [RUNNING_BUILD]
    rollout = replace(pull_request, checks=reader.read(pull_request))
    assert "Checks: ⏳ build" in card_text(rollout)
    assert reader.read(rollout) is None  # not due
    scenario.clock.advance(seconds=30)
    forge.fault = ForgeError("GitHub does not answer.", scenario.clock() + timedelta(minutes=4))
    failed = replace(rollout, checks=reader.read(rollout))
    assert "Checks: ⏳ build" in card_text(failed)
    scenario.clock.advance(minutes=3)
    assert reader.read(failed) is None  # the forge said when to retry
    scenario.clock.advance(minutes=3)
    forge.fault = None
    forge.commit_checks[pull_request.revision] = [replace(RUNNING_BUILD, state=CheckState.SUCCESS), FAILED_LINT]
    finished = replace(failed, checks=reader.read(failed))
    assert "Checks: ❌ lint · ✅ build" in card_text(finished)
    scenario.clock.advance(minutes=1)
    assert reader.read(finished) is None


def test_checks_that_nobody_could_read_are_unknown(scenario, forge, pull_request):
    forge.fault = ForgeError("The token lacks a permission.")
    unknown = replace(pull_request, checks=ChecksReader(scenario.ports).read(pull_request))
    assert "Checks: unknown. The token lacks a permission." in card_text(unknown)

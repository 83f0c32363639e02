"""`/gitops history` of a commit that was promoted from one branch to another."""

import json
from datetime import timedelta

import pytest

from bot.core.rollouts.rollout import ApplicationRollout, Rollout
from bot.handlers.queries.history import history
from bot.handlers.slack.people import People
from bot.i18n.language import ENGLISH
from tests.common.bot import application_settings
from tests.common.slack import ALERTS


@pytest.mark.parametrize("shown", ["main", "staging"])
def test_each_application_is_timed_from_the_merge_into_its_own_branch(bot, source, shown):
    sha = source.commit("Raise the limit", {"apps/shop/a.yaml": ""})
    source.git("branch", "staging")
    main, staging = application_settings("shop"), application_settings("shop", revision="staging")
    bot.start(applications={"main": main, "staging": staging})
    merges = {"main": (bot.clock(), 10), "staging": (bot.clock() + timedelta(days=3), 20)}
    keys = {name: application.repository.key for name, application in bot.config.applications.items()}
    for name, (merged_at, seconds) in merges.items():
        part = ApplicationRollout(name, "prod", ALERTS, live_at=merged_at + timedelta(seconds=seconds))
        bot.store.rollouts.save(
            Rollout(f"{keys[name]}@{sha}", keys[name], name, sha, None, "Raise the limit", "Ana", merged_at, (part,))
        )
    answer = history(ENGLISH, bot.ports, People(bot.ports.chat, {}, bot.clock), keys[shown], None)
    text = json.dumps(answer.blocks)
    times = {name: f'"timestamp": {int(merged_at.timestamp())}' in text for name, (merged_at, _) in merges.items()}
    assert times == {name: name == shown for name in merges}
    assert ("live in main after 10 s" in text, "live in staging after 20 s" in text) == (True, True)

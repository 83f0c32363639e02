"""The scenario of every test of rollouts."""

import pytest

from tests.handlers.rollouts.scenario import SETTINGS_FILE, Scenario, settings


@pytest.fixture
def scenario(bot, source, cluster):
    source.commit("First", {SETTINGS_FILE: settings(1), "apps/search/a.yaml": settings(1, "a")})
    scenario = Scenario(bot, source, cluster)
    assert scenario.rollouts() == []
    return scenario

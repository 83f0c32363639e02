"""A merge that corrects what can't be fetched goes live; while a fetch is merely pending, that isn't assumed."""

import re
import shutil

import pytest

from bot.adapters.downloads import background
from bot.core.rollouts.rollout import RolloutState
from tests.common.charts import HelmRepository
from tests.common.kubernetes import as_yaml, config_map
from tests.handlers.rollouts.scenario import SETTINGS_FILE, Scenario, settings

KUSTOMIZATION = "apps/shop/kustomization.yaml"
ADDED, REMOVED = config_map("added", limit="1"), config_map("removed", limit="1")


@pytest.fixture
def charts(tmp_path):
    folder = tmp_path / "charts"
    folder.mkdir()
    with HelmRepository(folder).serve() as repository:
        repository.add("web", "1.2.3")
        yield repository


@pytest.fixture
def scenario(bot, source, cluster, charts):
    bot.start(charts={"allow": [charts.host]})
    source.commit("First", {SETTINGS_FILE: settings(1), "apps/search/a.yaml": settings(1, "a")})
    scenario = Scenario(bot, source, cluster)
    assert scenario.rollouts() == []
    return scenario


def kustomization(charts, version, *resources):
    """Files with a chart and these ConfigMaps."""
    entry = {"name": "web", "repo": charts.url, "version": version, "releaseName": "a"}
    files = {f"apps/shop/{resource['metadata']['name']}.yaml": as_yaml(resource) for resource in resources}
    names = ["settings.yaml", *(path.rsplit("/", 1)[-1] for path in files)]
    return {**files, KUSTOMIZATION: as_yaml({"resources": names, "helmCharts": [entry]})}


def observed(scenario, bot, *rollouts):
    """The states of rollouts after a minute, observed twice."""
    for _ in range(2):
        scenario.clock.advance(minutes=1)
        bot.monitor.observe_rollouts()
    return [bot.store.rollouts.of_revisions([rollout.revision])[0].state for rollout in rollouts]


def test_a_merge_that_corrects_a_missing_chart_version_goes_live(scenario, cluster, bot, charts):
    first = scenario.rollout("Add a chart", kustomization(charts, "1.2.3", REMOVED))
    for manifest in scenario.cache.manifests(
        scenario.ports.repositories["platform"], first.revision, scenario.applications["shop"].source
    ):
        cluster.apply(manifest.object, namespace="shop")
    assert observed(scenario, bot, first) == [RolloutState.LIVE]
    broken = scenario.rollout("Update it", kustomization(charts, "9.9.9", REMOVED))
    scenario.source.commit("Something else", {"README.md": "else"})
    corrected = scenario.rollout("Correct it", kustomization(charts, "1.2.3", ADDED))
    assert re.match(r"before this merge: .*9\.9\.9", str(scenario.change(corrected).why))
    assert observed(scenario, bot, broken, corrected) == [RolloutState.ROLLING] * 2
    cluster.apply(ADDED, namespace="shop")
    assert observed(scenario, bot, broken, corrected) == [RolloutState.ROLLING] * 2  # an object is still to be removed
    cluster.delete(REMOVED, namespace="shop")
    assert observed(scenario, bot, broken, corrected) == [RolloutState.SUPERSEDED, RolloutState.LIVE]


def test_a_merge_is_not_live_while_the_manifests_before_it_are_fetched_again(scenario, cluster, bot, charts):
    """After a restart with an empty cache; the deployer has not removed an object yet."""
    scenario.rollout("Add a chart", kustomization(charts, "1.2.3", REMOVED))
    merge = scenario.rollout("Remove it", {KUSTOMIZATION: None, "apps/shop/removed.yaml": None})
    cluster.apply(config_map("settings", limit="1"), REMOVED, namespace="shop")
    bot.restart()
    shutil.rmtree(bot.config.mirrors / ".charts")
    with pytest.MonkeyPatch.context() as patch:

        def pending(*_):
            raise background.FetchPendingError

        patch.setattr(background.BackgroundFetches, "result", pending)
        assert observed(scenario, bot, merge) == [RolloutState.ROLLING]
        (part,) = bot.store.rollouts.of_revisions([merge.revision])[0].parts
        assert "is still being fetched" in str(part.error)
    assert observed(scenario, bot, merge) == [RolloutState.ROLLING]
    cluster.delete(REMOVED, namespace="shop")
    assert observed(scenario, bot, merge) == [RolloutState.LIVE]

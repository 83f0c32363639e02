"""Clusters are observed independently: one of two hangs."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.rollouts.rollout import ApplicationRollout, Limits, Rollout, RolloutState
from bot.handlers.discovery.deployers import DeployerReader
from bot.handlers.incidents.suspects import Suspects
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.handlers.rollouts.track import RolloutTracker
from tests.common.bot import application_settings
from tests.common.kubernetes import HangingCluster, as_yaml, config_map
from tests.common.wait import wait_for

NEAR, FAR = "near", "far"


@pytest.fixture
def rollout(source):
    """A merge that adds a ConfigMap to an application on each cluster."""
    source.commit("First", {"README.md": "x\n"})
    parent = source.sha()
    sha = source.commit("Add", {f"apps/{name}/a.yaml": as_yaml(config_map()) for name in (NEAR, FAR)})
    parts = tuple(ApplicationRollout(name, name, "C1") for name in (NEAR, FAR))
    return lambda now: Rollout("platform@1", "platform", "main", sha, parent, "Add", "Ana", now, parts)


@pytest.fixture
def bot(bot, cluster, rollout, tmp_path):
    cluster.apply(config_map(), namespace="shop")
    bot.start(
        clusters={name: {"kubeconfig": str(tmp_path / "prod.kubeconfig")} for name in (NEAR, FAR)},
        applications={name: application_settings(name, cluster=name, namespace="shop") for name in (NEAR, FAR)},
    )
    bot.ports.repositories["platform"].fetch()
    bot.store.rollouts.save(rollout(bot.clock()))
    return bot


@pytest.fixture
def far(bot):
    """The cluster that hangs."""
    return HangingCluster(bot.ports.clusters[FAR])


@pytest.fixture
def tracker(bot, far):
    ports = replace(bot.ports, clusters={NEAR: bot.ports.clusters[NEAR], FAR: far})
    applications = bot.config.applications
    tracker = RolloutTracker(
        ports,
        applications,
        ManifestCache(),
        Suspects(ports, applications, ManifestCache(), (), {}),
        deployers=DeployerReader(ports.clusters, {}, {}, deadline=timedelta(minutes=10), clock=bot.clock),
        ignore=(),
        limits=Limits(timedelta(minutes=10)),
        timeout=timedelta(seconds=3),
        is_complete=lambda _: True,
    )
    yield tracker
    far.release()
    tracker.close()


def unsettled(bot):
    return {rollout.id: rollout for rollout in bot.store.rollouts.unsettled()}


def test_a_cluster_that_hangs_delays_no_other_and_is_asked_once(bot, tracker, far):
    for _ in range(3):
        tracker.observe()
    (rollout,) = unsettled(bot).values()
    assert [part.live_at is not None for part in rollout.parts] == [True, False]
    assert far.discoveries == 1
    assert rollout.state is RolloutState.ROLLING
    far.release()

    def is_live():
        tracker.observe()
        return unsettled(bot)[rollout.id].state is RolloutState.LIVE

    wait_for(is_live)


def test_a_rollout_of_what_left_the_configuration_is_unknown_and_holds_up_no_other(bot, tracker, far):
    far.release()
    (rollout,) = unsettled(bot).values()
    gone = replace(
        rollout, id="gone@1", repository="gone", parts=(*rollout.parts, ApplicationRollout("away", "away", "C1"))
    )
    bot.store.rollouts.save(gone)

    def is_decided():
        tracker.observe()
        rollouts = unsettled(bot)
        live = rollouts[rollout.id].state is RolloutState.LIVE
        return live and all(part.error for part in rollouts[gone.id].parts)

    wait_for(is_decided)
    assert [str(part.error) for part in unsettled(bot)[gone.id].parts] == [
        *["It now tracks another repository or revision."] * 2,
        "It is no longer configured.",
    ]


def test_changes_are_described_without_any_cluster(bot, tracker):
    tracker.observe()
    (rollout,) = unsettled(bot).values()
    assert [part.change.rendered.added for part in rollout.parts] == [1, 1]

"""Clusters are looked at side by side: real git, two local clusters of which one hangs."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.database.store import SqlStore
from bot.adapters.git.repository import GitRepository
from bot.adapters.kubernetes.cluster import KubernetesCluster
from bot.core.applications.application import Application
from bot.core.git.repository_ref import RepositoryRef
from bot.core.rollouts.rollout import ApplicationRollout, Rollout, RolloutState
from bot.handlers.incidents.suspects import Suspects
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.handlers.rollouts.track import RolloutTracker
from bot.ports import Ports
from bot.sandbox.cluster import SandboxCluster, write_kubeconfig
from bot.sandbox.server import Server

CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"level": "info"}}
TEXT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {level: info}\n"


class Held:
    """A cluster whose answers are held back until somebody lets go."""

    def __init__(self, cluster):
        self.name = cluster.name
        self.asked = 0
        self._cluster = cluster
        self.go = threading.Event()

    def __getattr__(self, name):
        return getattr(self._cluster, name)

    def discover(self):
        self.asked += 1
        assert self.go.wait(60)
        return self._cluster.discover()


@pytest.fixture
def desk(source, tmp_path):
    source.commit("First", {"README.md": "x\n"})
    parent, names = source.sha(), ("near", "far")
    revision = source.commit("Add", {f"apps/{name}/a.yaml": TEXT for name in ("near", "far")})
    cluster = SandboxCluster()
    cluster.api.apply(CONFIG, manager="argocd-controller", namespace="shop")
    now = datetime.now(tz=UTC)
    with Server(cluster.app) as server:
        kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", server.url, identity="bot")
        near, far = (KubernetesCluster(name, kubeconfig=kubeconfig, context="sandbox") for name in ("near", "far"))
        held = Held(far)
        store = SqlStore(f"sqlite:///{tmp_path}/state.db")
        repository = GitRepository("platform", str(source.path), "main", tmp_path / "mirrors")
        repository.fetch()
        ports = Ports({"platform": repository}, {}, {"near": near, "far": held}, None, store, None, lambda: now)
        parts = tuple(ApplicationRollout(name, name, "C1") for name in names)
        merge = Rollout("platform@1", "platform", "main", revision, parent, "Add", "Ana", now, parts)
        store.rollouts.save(merge)
        applications = {
            name: Application(name, RepositoryRef("platform"), f"apps/{name}", name, "shop", "C1") for name in names
        }
        watch = RolloutTracker(
            ports,
            applications,
            ManifestCache(),
            Suspects(ports, applications, ManifestCache(), ()),
            ignore=(),
            deadline=timedelta(minutes=10),
            patience=timedelta(seconds=3),
        )
        yield watch, store, held
        held.go.set()
        watch.close()
        store.close()


def test_a_cluster_that_hangs_delays_no_other_and_is_asked_once(desk):
    watch, store, held = desk
    for _ in range(3):
        watch.look()
    (rollout,) = store.rollouts.unsettled()
    near, far = rollout.parts
    assert (near.live_at is None, far.live_at, held.asked) == (False, None, 1)
    assert rollout.state is RolloutState.ROLLING
    held.go.set()
    while rollout.state is RolloutState.ROLLING:
        watch.look()
        (rollout,) = store.rollouts.unsettled()
    assert rollout.state is RolloutState.LIVE


def test_what_is_no_longer_in_the_configuration_is_unknown_and_stops_nothing(desk):
    watch, store, held = desk
    held.go.set()
    (merge,) = store.rollouts.unsettled()
    gone = replace(
        merge, id="gone@1", repository="gone", parts=(*merge.parts, ApplicationRollout("away", "away", "C1"))
    )
    store.rollouts.save(gone)
    left = {gone.id: gone, merge.id: merge}
    while left[merge.id].state is RolloutState.ROLLING or not all(part.error for part in left[gone.id].parts):
        watch.look()
        left = {rollout.id: rollout for rollout in store.rollouts.unsettled()}
    assert {part.error for part in left[gone.id].parts} == {"it is no longer configured"}
    assert left[merge.id].state is RolloutState.LIVE


def test_what_changes_is_known_without_any_cluster(desk):
    watch, store, _ = desk
    watch.look()
    (rollout,) = store.rollouts.unsettled()
    assert [part.change.rendered.added for part in rollout.parts] == [1, 1]

"""Whatever a watch delivers, and however it fails, it ends in the state of a fresh check: random episodes.

`make soak` runs WATCH_EPISODES of them. Edits, checks, and faulty watches run at the same time. No scheduled check
follows the last edits, so what a watch misses stays missing. A server that loses an event without an error isn't among
the faults: scheduled checks are for that.
"""

import os
import random
import threading
from datetime import timedelta

import pytest

from bot.core.applications.shard import Shard
from bot.core.drift.merge import object_key, without_actors
from bot.core.incidents.incident import ACTIVE_STATES
from bot.handlers.drift.check import check, fetch_all
from bot.handlers.object_monitor import ObjectMonitor
from bot.handlers.watch import debouncer, informer, watcher
from bot.handlers.watch.watcher import ShardWatcher
from bot.i18n.catalogue import cluster as texts
from bot.i18n.language import LocalizedText
from bot.ports.cluster import Cluster, ClusterError, ExpiredError, WatchEvent
from bot.sandbox.cluster.errors import ApiError
from tests.common.bot import application_settings
from tests.common.kubernetes import as_yaml, config_map, deployment
from tests.common.wait import wait_for

PROD = Shard("prod")
EPISODES = int(os.environ.get("WATCH_EPISODES", "8"))
NAMESPACES = ("shop", "pay")
CONFIG_MAPS = [config_map(name, level="info") for name in ("settings", "flags", "limits")]
DEPLOYMENTS = [deployment(name) for name in ("web", "worker")]
UNDECLARED = config_map("leader", holder="nobody")
AUTOSCALER = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "web"},
    "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "minReplicas": 2,
        "maxReplicas": 9,
    },
}
SECONDS = 0.02  # of debouncer, and between attempts


class FaultyCluster(Cluster):
    """The cluster, but requests fail at random, and watches do everything that a watch may do while `is_faulty`."""

    def __init__(self, cluster, api, seed):
        self.name, self.server = cluster.name, cluster.server
        self.is_faulty = False
        self._cluster = cluster
        self._api = api
        self._random = random.Random(seed)  # noqa: S311

    def discover(self):
        return self._cluster.discover()

    def version(self):
        return self._cluster.version()

    def schema(self, api_version):
        return self._cluster.schema(api_version)

    def list(self, kind, namespace, read):
        return self._cluster.list(kind, namespace, read)

    def list_for_watch(self, kind, namespace, read):
        self.fail(0.2)
        return self._cluster.list_for_watch(kind, namespace, read)

    def get(self, kind, namespace, name):
        self.fail(0.2)
        return self._cluster.get(kind, namespace, name)

    def watch(self, kind, namespace, resource_version):
        self.fail(0.2)
        self.fail(0.1, ExpiredError)
        return FaultyWatch(self, self._api.store, kind, namespace, int(resource_version))

    def happens(self, probability):
        return self.is_faulty and self._random.random() < probability

    def fail(self, probability, error=ClusterError):
        if self.happens(probability):
            raise error(LocalizedText(texts.OVERLOADED))

    def choice(self, events):
        return self._random.choice(events)


class FaultyWatch:
    def __init__(self, cluster, store, kind, namespace, version):
        self._cluster, self._store, self._kind, self._namespace = cluster, store, kind, namespace
        self._version = version
        self._closed = threading.Event()
        self._delivered = []

    def close(self):
        self._closed.set()

    def __iter__(self):
        while not self._closed.wait(0.002):
            with self._store.lock:
                logged = self._store.since(self._version)
                version = self._store.version
            if logged is None:
                raise ExpiredError(LocalizedText(texts.EXPIRED))
            yield from self._disturbed([event for event in map(self._event, logged) if event])
            self._version = version
            if self._cluster.happens(0.05):
                yield WatchEvent(str(version))
            self._cluster.fail(0.05)  # the connection is lost, or the server has been silent for too long
            self._cluster.fail(0.03, ExpiredError)
            if self._cluster.happens(0.05):
                return

    def _disturbed(self, events):
        while events:
            self._cluster.fail(0.05)
            if len(events) > 1 and self._cluster.happens(0.2):
                events[0], events[1] = events[1], events[0]
                yield events.pop(0)  # and no fault before the other: it would be lost
            event = events.pop(0)
            self._delivered.append(event)
            yield event
            while self._cluster.happens(0.3):
                yield self._cluster.choice(self._delivered)  # again, or late

    def _event(self, event):
        if event.collection != (self._kind.group, self._kind.plural):
            return None
        if self._namespace not in (None, event.key[0]):
            return None
        return WatchEvent(
            str(event.version),
            {**event.entry.object, "apiVersion": self._kind.api_version, "kind": self._kind.kind},
            is_deletion=event.type == "DELETED",
        )


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(informer, "_FIRST_WAIT", 0.001)
    monkeypatch.setattr(informer, "_LONGEST_WAIT", 0.01)
    monkeypatch.setattr(debouncer, "_FIRST_RETRY", SECONDS)
    monkeypatch.setattr(debouncer, "_LONGEST_RETRY", SECONDS)
    monkeypatch.setattr(watcher, "_SHORTEST_PAUSE", 0.005)


@pytest.fixture
def running(bot, source, cluster):
    """The bot with two applications of the same objects."""
    for namespace in NAMESPACES:
        source.commit(namespace, {f"apps/{namespace}/all.yaml": as_yaml(*CONFIG_MAPS, *DEPLOYMENTS)})
        cluster.apply(*CONFIG_MAPS, *DEPLOYMENTS, namespace=namespace)
    bot.start(applications={name: application_settings(name) for name in NAMESPACES})
    bot.monitor.check_shard(PROD)
    return bot


def disturb(chance, cluster):
    """One thing that happens in a cluster."""
    namespace = chance.choice(NAMESPACES)
    target = chance.choice(CONFIG_MAPS + DEPLOYMENTS)
    try:
        match chance.randrange(9):
            case 0 | 1:
                cluster.edit(
                    chance.choice(CONFIG_MAPS), namespace, {"data": {"level": chance.choice(("info", "debug"))}}
                )
            case 2:
                cluster.edit(chance.choice(DEPLOYMENTS), namespace, {"spec": {"replicas": chance.randint(1, 3)}})
            case 3:
                cluster.edit(target, namespace, {"metadata": {"labels": {"by-hand": chance.choice(("yes", None))}}})
            case 4:
                cluster.delete(target, namespace)
            case 5:
                cluster.apply(target, namespace=namespace)
            case 6:
                cluster.apply(AUTOSCALER, namespace=namespace)
            case 7:
                cluster.delete(AUTOSCALER, namespace)
            case 8:
                cluster.apply(UNDECLARED, namespace=namespace)
    except ApiError:
        pass  # it does not exist now


def drift_by_object(checks):
    return {item.application: {object_key(drift): without_actors(drift) for drift in item.drift} for item in checks}


def fresh(bot):
    checks = check(
        list(bot.config.applications.values()),
        revisions=fetch_all({name: bot.ports.repositories[name] for name in bot.config.repositories}),
        repositories=bot.ports.repositories,
        cluster=bot.ports.clusters["prod"],
        ignore=(),
        now=bot.clock(),
    )
    assert [item.error for item in checks if item.error] == []
    return drift_by_object(checks)


def recorded(bot):
    return drift_by_object(bot.store.checks.latest().values())


def alerts(bot):
    return {item.application for item in bot.store.incidents.unsettled() if item.state in ACTIVE_STATES}


def test_every_episode_ends_in_the_state_of_a_fresh_check(running, cluster, quick):
    bot = running
    for seed in range(EPISODES):
        chance = random.Random(seed)  # noqa: S311
        faulty = FaultyCluster(bot.ports.clusters["prod"], cluster.api, seed)
        bot.ports.clusters["prod"] = faulty
        watching = ShardWatcher(
            PROD,
            faulty,
            ObjectMonitor(bot.ports, bot.config, bot.monitor),
            settle=timedelta(seconds=SECONDS),
            clock=bot.clock,
        )
        try:
            watching.keep()
            wait_for(lambda: watching.is_watching)  # noqa: B023
            faulty.is_faulty = True
            for _ in range(chance.randint(2, 12)):
                bot.clock.tick()
                disturb(chance, cluster)
                match chance.randrange(8):
                    case 0:
                        bot.monitor.check_shard(PROD)
                    case 1:
                        cluster.api.expire_watches()
                    case 2 | 3:
                        threading.Event().wait(chance.uniform(0, 2 * SECONDS))
            full_check = threading.Thread(target=bot.monitor.check_shard, args=[PROD])
            full_check.start()
            disturb(chance, cluster)
            full_check.join()
            for _ in range(chance.randint(1, 6)):
                disturb(chance, cluster)
            faulty.is_faulty = chance.random() < 0.5
            expected = fresh(bot)
            wait_for(
                lambda: recorded(bot) == expected,  # noqa: B023
                seconds=20,
                failure=lambda: f"episode {seed}: {recorded(bot)} is not {expected}",  # noqa: B023
            )
            drifted = {name for name, drift in expected.items() if drift}
            wait_for(lambda: alerts(bot) == drifted, seconds=20, failure=lambda: f"episode {seed}: {alerts(bot)}")  # noqa: B023
        finally:
            watching.stop()
            bot.ports.clusters["prod"] = faulty._cluster

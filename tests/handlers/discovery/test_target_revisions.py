"""Applications whose target revision changes: one rollout from each earlier revision, watched like that of a merge."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.core.drift.model import Status
from bot.core.rollouts.rollout import pending_applications
from bot.handlers.queries.history import history
from bot.handlers.rollouts import merges
from bot.handlers.slack.people import People
from bot.i18n.language import Language, Translator
from tests.common.charts import HelmRepository
from tests.common.deployers import argo_application
from tests.common.kubernetes import as_yaml, config_map, deployment
from tests.common.slack import cards, content, headline

READY = {"replicas": 1, "readyReplicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "conditions": []}
TIMED_OUT = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"}
FAILED = {"replicas": 1, "readyReplicas": 0, "availableReplicas": 0, "updatedReplicas": 1, "conditions": [TIMED_OUT]}


class Targets:
    """Applications of two paths, and tags that change them: `levels` and `images` by tag."""

    def __init__(self, discovery, levels, images):
        self.discovery, self.bot, self.cluster = discovery, discovery.bot, discovery.cluster
        self.cluster.sandbox.controllers.reconcile = lambda: None
        self.levels, self.images = levels, images
        for tag in levels:
            files = {
                "apps/shop/settings.yaml": as_yaml(config_map(level=levels[tag])),
                "apps/search/web.yaml": as_yaml(deployment(replicas=1, image=images[tag])),
            }
            discovery.source.commit(tag, {**files, "README.md": tag})
            discovery.source.git("tag", tag)
        discovery.start(alerts={"looks": 1})

    def track(self, tag, *, shop=(), search=()):
        """Set the target revision of these applications."""
        paths = {**dict.fromkeys(shop, "apps/shop"), **dict.fromkeys(search, "apps/search")}
        for name, path in paths.items():
            source = {"repoURL": self.discovery.url, "path": path, "targetRevision": tag}
            destination = {"name": "in-cluster", "namespace": name}
            self.discovery.argo(argo_application(name, self.discovery.url, source=source, destination=destination))
        self.bot.discover()

    def sync(self, tag, *, shop=(), search=()):
        """Apply what a tag declares; the Deployments are ready."""
        for name in shop:
            self.cluster.apply(config_map(level=self.levels[tag]), namespace=name)
        for name in search:
            self.cluster.apply(deployment(replicas=1, image=self.images[tag]), namespace=name)
            self.report(name, READY)

    def report(self, name, status):
        self.cluster.set_status(deployment(), name, {"observedGeneration": 9, **status})

    def observe(self, *, seconds):
        self.bot.check(seconds=seconds)
        self.bot.monitor.observe_rollouts()

    @property
    def headlines(self):
        return sorted(headline(card) for card in cards(self.bot.slack))


@pytest.mark.parametrize(
    ("most", "rolling", "outcomes"),
    [
        (
            2,
            ["🚚 New target revision, rolling out: a and b", "🚚 New target revision, rolling out: c"],
            ["⚠️ Stuck: c · web: ProgressDeadlineExceeded", "✅ Live in 20 s: a and b"],
        ),
        (
            1,
            ["🚚 New target revision, rolling out: a, b and c"],
            ["⚠️ Partly live (2 of 3), not live yet: c · web: ProgressDeadlineExceeded"],
        ),
    ],
)
def test_each_application_is_compared_with_the_revision_that_it_tracked(
    discovery, monkeypatch, most, rolling, outcomes
):
    """One that lags behind gets changes that the majority already has."""
    monkeypatch.setattr(merges, "MAX_MERGES", most)
    targets = Targets(discovery, {"v1": "1", "v2": "1", "v3": "3"}, {"v1": "web:1", "v2": "web:2", "v3": "web:2"})
    targets.sync("v2", shop=["a", "b"])
    targets.sync("v1", search=["c"])
    targets.track("v2", shop=["a", "b"])
    targets.track("v1", search=["c"])
    assert {check.status for check in targets.bot.check().values()} == {Status.SYNCED}
    targets.bot.clock.tick()
    targets.track("v3", shop=["a", "b"], search=["c"])
    targets.observe(seconds=10)
    targets.observe(seconds=10)
    assert targets.headlines == rolling
    targets.sync("v3", shop=["a", "b"], search=["c"])
    targets.report("c", FAILED)
    targets.observe(seconds=10)
    targets.observe(seconds=10)
    assert targets.headlines == outcomes
    targets.report("c", READY)
    targets.observe(seconds=10)
    bot = targets.bot
    people = People(bot.ports.chat, {}, bot.clock)
    answer = content(history(Translator(Language.ENGLISH), bot.ports, people, "platform", None))
    assert [f"live in {name} after" in answer for name in "abc"] == [True, True, True]


@pytest.mark.parametrize("tracked", [(), ("b",)])
def test_replicas_record_a_change_of_the_target_revision_once(discovery, monkeypatch, tracked):
    """Also if other applications track the revision already, so that no head is recorded."""
    targets = Targets(discovery, {"v1": "1", "v2": "2"}, {"v1": "web:1", "v2": "web:1"})
    bot = targets.bot
    targets.sync("v1", shop=["a"])
    targets.sync("v2", shop=tracked)
    targets.track("v1", shop=["a"])
    targets.track("v2", shop=tracked)
    bot.check()
    earlier = discovery.applications["a"]
    bot.clock.tick()
    targets.track("v2", shop=["a"])
    both, record = threading.Barrier(2), merges._with_authors

    def record_together(*arguments):
        both.wait(10)
        bot.clock.advance(seconds=0.01)
        return record(*arguments)

    monkeypatch.setattr(merges, "_with_authors", record_together)
    key, head = discovery.applications["a"].repository.key, discovery.source.sha("v2")
    recorded = bot.store.rollouts.head(key)
    applications = [application for application in discovery.applications.values() if application.repository.key == key]
    cache, people = bot.monitor.manifest_cache, People(bot.ports.chat, {}, bot.clock)

    def replica():
        return merges.record_merges(bot.ports, key, recorded, head, applications, cache, people)

    discovery.bot.ports.repositories[key].update_mirror()
    with ThreadPoolExecutor(2) as pool:
        assert sorted(future.result() for future in [pool.submit(replica) for _ in range(2)]) == [False, True]
    monkeypatch.undo()
    for _ in range(2):  # another replica, which discovers the new revision later, checks the earlier one
        bot.clock.advance(seconds=15)
        bot.monitor.check_fetched([earlier], revisions=bot.monitor.heads)
        bot.monitor.poll_all_refs("platform")
        assert targets.headlines == ["🚚 New target revision, rolling out: a"]
    targets.sync("v2", shop=["a"])
    bot.monitor.observe_rollouts()
    bot.monitor.poll_all_refs("platform")
    targets.observe(seconds=10)
    assert targets.headlines == ["✅ Live in 30 s: a"]


@pytest.mark.parametrize(
    ("target", "headlines"),
    [
        ("v2", ["⚠️ Live, but degraded later: c · web: ProgressDeadlineExceeded"]),
        ("v3", ["⚠️ Live, but degraded later: c · web: ProgressDeadlineExceeded"]),  # it declares the same
        ("v4", ["⚠️ Stuck: c · web: ProgressDeadlineExceeded", "✅ Live in 10 s: c"]),
    ],
)
def test_a_live_application_is_watched_until_a_newer_target_revision_changes_its_objects(discovery, target, headlines):
    images = {"v1": "web:1", "v2": "web:2", "v3": "web:2", "v4": "web:4"}
    targets = Targets(discovery, dict.fromkeys(images, "1"), images)
    targets.sync("v1", search=["c"])
    targets.track("v1", search=["c"])
    targets.bot.check()
    targets.bot.clock.tick()
    targets.track("v2", search=["c"])
    targets.bot.check(seconds=10)
    targets.sync("v2", search=["c"])
    targets.observe(seconds=10)
    assert targets.headlines == ["✅ Live in 10 s: c"]
    targets.track(target, search=["c"])
    targets.observe(seconds=10)
    targets.sync(target, search=["c"])
    targets.report("c", FAILED)
    for _ in range(3):
        targets.observe(seconds=60)
    assert targets.headlines == headlines
    targets.report("c", READY)
    targets.observe(seconds=60)
    assert not [text for text in targets.headlines if not text.startswith("✅ Live")]


def test_a_rollout_ends_if_its_application_moves_to_a_chart(discovery, tmp_path):
    """A chart repository doesn't have the commit."""
    bot, cluster = discovery.bot, discovery.cluster
    (tmp_path / "charts").mkdir()
    with HelmRepository(tmp_path / "charts").serve() as charts:
        charts.add("podinfo", "1.0.0")
        git = {"repoURL": discovery.url, "path": "apps/shop", "targetRevision": "main"}
        chart = {"repoURL": charts.url, "chart": "podinfo", "targetRevision": "1.0.0"}
        discovery.argo(argo_application("shop", discovery.url, source=git))
        discovery.start(alerts={"looks": 1})
        cluster.apply(config_map(level="info"), namespace="shop")
        bot.check()
        bot.clock.tick()
        discovery.source.commit("Change", {"apps/shop/settings.yaml": as_yaml(config_map(level="warn"))})
        bot.check(seconds=60)
        bot.monitor.observe_rollouts()
        discovery.argo(argo_application("shop", discovery.url, source=chart))
        bot.discover()
        bot.check(seconds=60)
        application = discovery.applications["shop"]
        repository = bot.ports.repositories[application.repository.key]
        for manifest in bot.monitor.manifest_cache.manifests(repository, repository.head(), application.source):
            cluster.apply(manifest.object, namespace="shop")
        for _ in range(2):
            bot.check(seconds=60)
            bot.monitor.observe_rollouts()
    assert not pending_applications(bot.store.rollouts.unsettled())
    assert [headline(card) for card in cards(bot.slack)] == ["⏭️ Superseded: shop"]

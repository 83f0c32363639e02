"""What a watched cluster's changes lead to, and when watching begins and ends."""

import threading
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.applications.shard import Shard
from bot.core.drift import bounded
from bot.core.drift.model import Status
from bot.core.drift.observed_write import ObservedWrite
from bot.core.incidents.incident import IncidentState
from bot.handlers.drift import object_check
from bot.handlers.object_monitor import MAX_OBJECTS, ObjectMonitor
from bot.handlers.watch import informer, watcher
from bot.handlers.watch.informer import Informer
from bot.handlers.watch.plan import ObjectChange, WatchPlan
from bot.handlers.watch.watcher import ShardWatcher
from bot.ports.cluster import Discovery, Kind, ObjectList, WatchEvent
from tests.common.bot import application_settings
from tests.common.clock import Clock
from tests.common.deployers import serve_deployers
from tests.common.kubernetes import FLUX, as_yaml, config_map, deployment
from tests.common.slack import cards, content
from tests.common.wait import DEADLINE, wait_for

PROD = Shard("prod")
CONFIG_MAPS = Kind("", "v1", "ConfigMap", "configmaps", namespaced=True)
DEPLOYMENTS = Kind("apps", "v1", "Deployment", "deployments", namespaced=True)
SETTINGS = config_map(level="info")
WORDS = config_map("words", a="b")
FILE = "apps/shop/settings.yaml"
REF = CONFIG_MAPS, ("shop", "settings")
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
def start(bot, source, cluster):
    """Starts the bot, whose application declares one ConfigMap and has been checked."""
    source.commit("First", {FILE: as_yaml(SETTINGS)})
    cluster.apply(SETTINGS, namespace="shop", manager=FLUX)

    def start(**sections):
        bot.start(**sections)
        bot.monitor.check_shard(PROD)
        return ObjectMonitor(bot.ports, bot.config, bot.monitor)

    return start


@pytest.fixture
def compare(bot, start):
    """Starts the bot; the function compares the ConfigMap, as after a watch has seen it change."""

    def compare(*, is_settled=True, write=None, **sections):
        nonlocal checks
        checks = checks or start(**sections)
        bot.clock.tick()
        return checks.check_objects(
            PROD, {REF: ObjectChange(is_settled, write)}, checks.watch_plan(PROD, bot.ports.clusters["prod"].discover())
        )

    checks = None
    return compare


SYNCED = {"data": {"level": "info", "mode": None}}
EDITED = {"data": {"level": "debug", "mode": "b"}}


def edit(cluster, level="debug"):
    cluster.edit(SETTINGS, "shop", {"data": {"level": level}})


def requests(cluster, path):
    return [request.path for request in cluster.sandbox.requests if path in request.path]


def test_a_settled_difference_is_an_alert_and_its_end_resolves_it(bot, slack, cluster, compare):
    assert compare() == set()
    before = len(requests(cluster, "deployments"))
    edit(cluster)
    assert compare() == set()
    assert "debug" in cards(slack)[0].text
    bot.monitor.find_suspects()
    assert [incident.suspects for incident in bot.store.incidents.unsettled()] == [()]
    cluster.apply(SETTINGS, namespace="shop", manager=FLUX)
    assert compare() == set()
    assert bot.store.checks.latest()["shop"].status is Status.SYNCED
    assert [incident.state for incident in bot.store.incidents.unsettled()] in ([], [IncidentState.RESOLVED])
    assert len(requests(cluster, "deployments")) == before  # only the object was read


def restore(bot, cluster):
    cluster.apply(SETTINGS, namespace="shop", manager=FLUX)


def ignore(bot, cluster):
    bot.start(ignore=[{"kind": "ConfigMap", "paths": ["data.level"]}])
    bot.monitor.poll_all_refs("platform")


def restore_after_another_object(bot, cluster):
    cluster.edit(WORDS, "shop", {"data": {"a": "x"}})
    bot.monitor.check(["shop"])
    bot.monitor.check(["shop"])
    cluster.apply(WORDS, namespace="shop", manager=FLUX)
    bot.monitor.check(["shop"])
    restore(bot, cluster)


@pytest.mark.parametrize(
    ("change", "ended"), [(restore, "cluster"), (ignore, "set_aside"), (restore_after_another_object, "unknown")]
)
def test_a_watch_tells_why_drift_ended_as_far_as_it_saw(bot, source, cluster, start, change, ended):
    source.commit("Words", {"apps/shop/words.yaml": as_yaml(WORDS)})
    cluster.apply(WORDS, namespace="shop", manager=FLUX)
    start()
    edit(cluster)
    bot.monitor.check(["shop"])
    bot.monitor.check(["shop"])
    change(bot, cluster)
    checks = ObjectMonitor(bot.ports, bot.config, bot.monitor)
    bot.clock.tick()
    plan = checks.watch_plan(PROD, bot.ports.clusters["prod"].discover())
    assert checks.check_objects(PROD, {REF: ObjectChange(is_settled=True)}, plan) == set()
    assert [incident.ended for incident in bot.store.incidents.ended(BEGINNING, 9)] == [ended]


def test_a_difference_that_has_not_settled_counts_as_one_look(slack, cluster, compare):
    compare()
    edit(cluster)
    assert compare(is_settled=False) == {REF}
    assert cards(slack) == []
    assert compare() == set()
    assert len(cards(slack)) == 1


def test_a_commit_that_was_deployed_before_the_bot_fetched_it_is_not_drift(bot, source, cluster, compare):
    compare()
    warn = config_map(level="warn")
    source.commit("Warn", {FILE: as_yaml(warn)})
    cluster.apply(warn, namespace="shop", manager=FLUX)
    assert compare() == set()
    check = bot.store.checks.latest()["shop"]
    assert (check.revision, check.status) == (source.sha(), Status.SYNCED)
    assert bot.store.incidents.unsettled() == []


def test_a_difference_during_a_rollout_is_an_alert_once_it_is_over(bot, slack, source, cluster, compare):
    compare(schedule={"rollout_deadline": "1m"})
    source.commit("Two", {FILE: as_yaml(config_map(level="warn"))})
    bot.monitor.poll_all_refs("platform")
    edit(cluster)
    assert compare() == {REF}
    assert compare() == {REF}
    assert not any("drift" in card.text for card in cards(slack))
    bot.clock.advance(minutes=2)
    bot.monitor.observe_rollouts()
    assert compare() == set()
    assert any("debug" in card.text for card in cards(slack))


@pytest.mark.parametrize(
    "tracked",
    [{"cluster": "stage"}, {"namespace": "pay"}, {"namespace": None}, {"repository": "platform@v1"}],
    ids=["another cluster", "another namespace", "an earlier version's check", "another revision"],
)
def test_an_application_that_moved_is_checked_as_a_whole(bot, cluster, compare, tracked):
    compare()
    latest = bot.store.checks.latest()["shop"]
    bot.store.checks.save([replace(latest, **tracked)])
    edit(cluster)
    compare()
    check = bot.store.checks.latest()["shop"]
    assert replace(check, at=latest.at, status=Status.SYNCED, drift=()) == latest
    assert check.status is Status.OUT_OF_SYNC


def test_an_object_that_cannot_be_read_changes_nothing_and_is_read_again(bot, cluster, compare):
    compare()
    before = bot.store.checks.latest()
    edit(cluster)
    cluster.fail("*/configmaps", 503)
    assert compare() == {REF}
    assert bot.store.checks.latest() == before
    cluster.recover()
    assert compare() == set()
    assert bot.store.checks.latest()["shop"].status is Status.OUT_OF_SYNC


def test_without_git_a_difference_is_neither_drift_nor_forgotten(bot, source, cluster, compare):
    compare()
    before = bot.store.checks.latest()
    edit(cluster)
    moved = source.path.rename(source.path.with_name("moved"))
    assert compare() == {REF}
    assert bot.store.checks.latest() == before
    moved.rename(source.path)
    assert compare() == set()
    assert bot.store.checks.latest()["shop"].status is Status.OUT_OF_SYNC


@pytest.mark.parametrize("function", ["comparison_result", "resolve"])
def test_a_defect_that_one_application_meets_delays_no_other(bot, source, cluster, start, monkeypatch, function):
    source.commit("Pay", {"apps/pay/settings.yaml": as_yaml(SETTINGS)})
    cluster.apply(SETTINGS, namespace="pay", manager=FLUX)
    checks = start(applications={name: application_settings(name) for name in ("shop", "pay")})
    plan = checks.watch_plan(PROD, bot.ports.clusters["prod"].discover())
    working = getattr(object_check, function)

    def failing(manifests, *args, **options):
        if "apps/pay" in manifests[0].file:
            raise ZeroDivisionError("a defect")
        return working(manifests, *args, **options)

    monkeypatch.setattr(object_check, function, failing)
    for namespace in ("shop", "pay"):
        cluster.edit(SETTINGS, namespace, {"data": {"level": "debug"}})
    bot.clock.tick()
    refs = [(CONFIG_MAPS, (namespace, "settings")) for namespace in ("shop", "pay")]
    assert checks.check_objects(PROD, dict.fromkeys(refs, ObjectChange(is_settled=True)), plan) == {refs[1]}
    assert {check.status for check in bot.store.checks.latest().values()} == {Status.OUT_OF_SYNC}
    states = {incident.application: incident.state for incident in bot.store.incidents.unsettled()}
    assert states == {"shop": IncidentState.OPEN, "pay": IncidentState.SUSPECTED}


def test_what_changes_without_the_lease_is_compared_later(bot, cluster, compare, monkeypatch):
    """Another replica that appears only for a moment makes this one stop work without losing the lease."""
    compare()
    edit(cluster)
    with monkeypatch.context() as giving_up:
        giving_up.setattr(bot.store.leases, "work", lambda _name: nullcontext())
        assert compare() == {REF}
    assert bot.store.incidents.unsettled() == []
    assert compare() == set()
    assert [incident.state for incident in bot.store.incidents.unsettled()] == [IncidentState.OPEN]


def test_many_objects_are_listed_and_not_read_one_by_one(bot, slack, source, cluster, start):
    many = [config_map(f"c{number}", level="info") for number in range(MAX_OBJECTS + 1)]
    source.commit("Many", {"apps/shop/many.yaml": as_yaml(*many)})
    cluster.apply(*many, namespace="shop", manager=FLUX)
    checks = start()
    plan = checks.watch_plan(PROD, bot.ports.clusters["prod"].discover())
    refs = {(CONFIG_MAPS, ("shop", item["metadata"]["name"])): ObjectChange(is_settled=True) for item in many}
    cluster.edit(many[7], "shop", {"data": {"level": "debug"}})
    before = len(requests(cluster, "configmaps"))
    assert checks.check_objects(PROD, refs, plan) == {(CONFIG_MAPS, ("shop", "c7"))}
    assert len(requests(cluster, "configmaps")) == before + 1
    assert checks.check_objects(PROD, {(CONFIG_MAPS, ("shop", "c7")): ObjectChange(is_settled=True)}, plan) == set()
    assert len(cards(slack)) == 1


@pytest.mark.parametrize(
    ("before", "later", "paths"),
    [(SYNCED, EDITED, {"data.level", "data.mode"}), (EDITED, SYNCED, set())],
    ids=["edited", "repaired"],
)
def test_a_check_keeps_what_was_compared_by_itself_while_it_ran(
    bot, cluster, compare, monkeypatch, before, later, paths
):
    monkeypatch.setattr(bounded, "MAX_OF_APPLICATION", 1)
    cluster.edit(SETTINGS, "shop", before)
    compare()
    client = bot.ports.clusters["prod"]
    list_ = client.list

    def list_and_edit(kind, *args):
        listed = list_(kind, *args)
        if kind == CONFIG_MAPS:
            monkeypatch.setattr(client, "list", list_)
            cluster.edit(SETTINGS, "shop", later)
            compare()
        return listed

    monkeypatch.setattr(client, "list", list_and_edit)
    (check,) = bot.monitor.check(["shop"])
    assert {field.path for item in check.drift for field in item.fields} == paths
    assert check.status is bot.store.checks.latest()["shop"].status is (Status.OUT_OF_SYNC if paths else Status.SYNCED)
    assert (bot.store.incidents.open_for("shop") is not None) is bool(paths)


# ---------------------------------------------------------------- the watcher


@pytest.fixture
def watch(bot, start):
    """Starts the bot and a watcher."""
    watchers = []

    def watch(**sections):
        checks = start(**sections)
        settle = timedelta(seconds=0.05)
        watchers.append(
            ShardWatcher(PROD, bot.ports.clusters["prod"], checks, settle=settle, clock=lambda: datetime.now(UTC))
        )
        return watchers[-1]

    yield watch
    for started in watchers:
        started.stop()


def threads():
    return sorted(thread.name for thread in threading.enumerate() if thread.name.startswith("watch prod"))


def test_every_thread_of_a_watch_ends_when_its_lease_is_lost(bot, watch, monkeypatch):
    watching = watch()
    watching.keep()
    assert threads() == ["watch prod compare", "watch prod configmaps"]
    with monkeypatch.context() as lost:
        lost.setattr(bot.store.leases, "get", lambda _: None)
        watching.keep()
        wait_for(lambda: threads() == [])
        assert not watching.is_watching
    watching.keep()
    assert len(threads()) == 2
    watching.stop()
    wait_for(lambda: threads() == [])


@pytest.fixture
def begun(bot, watch, monkeypatch):
    """Starts a watch whose first comparison, which follows its first lists, is over."""

    def begin(backlog=0.0):
        monkeypatch.setattr(informer, "BACKLOG_SECONDS", backlog)
        compared = threading.Event()
        check_objects = ObjectMonitor.check_objects

        def check_and_say(*args):
            again = check_objects(*args)
            compared.set()
            return again

        monkeypatch.setattr(ObjectMonitor, "check_objects", check_and_say)
        watch().keep()
        assert compared.wait(DEADLINE)

    return begin


def removed_fields(bot):
    drift = bot.store.checks.latest()["shop"].drift
    return [field for item in drift for field in item.fields if field.change == "removed"]


REMOVAL = {"data": {"level": None}}
RELABELING = {"metadata": {"labels": {"by": "hand"}}}


@pytest.mark.parametrize(
    ("patch", "backlog", "manager", "words"),
    [
        (REMOVAL, 0.0, "", "Writer unknown, "),
        (REMOVAL | RELABELING, 0.0, "kubectl", "(by kubectl, "),
        (REMOVAL, 1_000.0, None, "Writer unknown."),  # perhaps written before the watch was opened
    ],
)
def test_a_removal_has_a_time_and_a_tool_as_far_as_one_write_says(
    bot, cluster, slack, begun, patch, backlog, manager, words
):
    begun(backlog)
    cluster.edit(SETTINGS, "shop", patch)
    card = wait_for(lambda: cards(slack))[0]
    [removed] = removed_fields(bot)
    assert (removed.actor and removed.actor.tool) == manager
    assert words in card.text
    bot.clock.tick()
    bot.monitor.check_shard(PROD)
    assert removed_fields(bot) == [removed]
    assert (cards(slack)[0].text, content(cards(slack)[0])) == (card.text, content(card))


@pytest.mark.parametrize(("resource_version", "is_explained"), [("{}", True), ("{}0", False), (None, False)])
def test_a_write_explains_only_the_state_that_was_compared(bot, cluster, compare, resource_version, is_explained):
    compare()
    cluster.edit(SETTINGS, "shop", REMOVAL)
    live = cluster.api.call("GET", cluster.api.path_of(SETTINGS, "shop"))
    version = resource_version and resource_version.format(live["metadata"]["resourceVersion"])
    compare(write=ObservedWrite(version, bot.clock(), "kubectl-edit"))
    [removed] = removed_fields(bot)
    assert (removed.actor is not None) is is_explained


def test_a_deletion_has_a_time(bot, cluster, slack, begun):
    begun()
    cluster.delete(SETTINGS, "shop")
    card = wait_for(lambda: cards(slack))[0]
    assert "Writer unknown, " in card.text
    assert bot.store.checks.latest()["shop"].drift[0].actor.time is not None


def test_several_writes_before_a_comparison_explain_nothing(bot, cluster, begun):
    begun()
    with cluster.api.store.lock:
        cluster.edit(SETTINGS, "shop", RELABELING)
        cluster.edit(SETTINGS, "shop", REMOVAL)
    [removed] = wait_for(lambda: removed_fields(bot))
    assert removed.actor is None


def test_a_plan_follows_git(bot, source, cluster, watch, slack):
    watching = watch()
    watching.keep()
    source.commit("Web", {"apps/shop/web.yaml": as_yaml(deployment())})
    cluster.apply(deployment(), namespace="shop", manager=FLUX)
    bot.monitor.check_shard(PROD)
    watching.keep()
    autoscalers = "watch prod horizontalpodautoscalers"
    assert threads() == ["watch prod compare", "watch prod configmaps", "watch prod deployments", autoscalers]
    wait_for(lambda: watching.is_watching)
    cluster.edit(deployment(), "shop", {"spec": {"template": {"metadata": {"labels": {"by": "hand"}}}}})
    wait_for(lambda: bot.store.checks.latest()["shop"].status is Status.OUT_OF_SYNC)
    source.commit("No web", {"apps/shop/web.yaml": ""})
    bot.monitor.check_shard(PROD)
    watching.keep()
    wait_for(lambda: threads() == ["watch prod compare", "watch prod configmaps"])


def test_what_may_not_be_watched_everywhere_is_watched_in_each_namespace_or_polled(
    bot, source, cluster, watch, caplog, monkeypatch
):
    source.commit("Pay", {"apps/pay/settings.yaml": as_yaml(SETTINGS)})
    cluster.apply(SETTINGS, namespace="pay", manager=FLUX)
    cluster.fail("/api/v1/configmaps", 403)
    cluster.fail("/api/v1/namespaces/pay/configmaps", 403, watch=True)
    watching = watch(applications={name: application_settings(name) for name in ("shop", "pay")})
    watching.keep()
    for _ in range(3):
        wait_for(lambda: watching.is_watching)
        watching.keep()
    wait_for(lambda: threads() == ["watch prod compare", "watch prod configmaps"])
    refusals = [record.getMessage() for record in caplog.records if "not watched" in record.getMessage()]
    assert [("in namespace pay" in refusal, "Grant it “" in refusal) for refusal in refusals] == [
        (False, True),
        (True, True),
    ]
    cluster.recover()
    monkeypatch.setattr(watcher, "_RETRY_REFUSED", 0.0)
    watching.keep()
    wait_for(lambda: watching.is_watching)
    cluster.edit(SETTINGS, "pay", {"data": {"level": "debug"}})
    wait_for(lambda: bot.store.checks.latest()["pay"].status is Status.OUT_OF_SYNC)


def test_watches_have_a_bound(source, watch, monkeypatch):
    monkeypatch.setattr(watcher, "MAX_INFORMERS", 1)
    source.commit("Web", {"apps/shop/web.yaml": as_yaml(deployment())})
    watch().keep()
    assert len(threads()) == 2


def test_kinds_that_appear_are_checked_and_watched(bot, source, cluster, watch, monkeypatch):
    monkeypatch.setattr(watcher, "_DISCOVER_EVERY", 0.0)
    source.commit("An application", {"apps/shop/shop.yaml": as_yaml(APPLICATION)})
    watching = watch()
    watching.keep()
    assert bot.store.checks.latest()["shop"].status is Status.UNKNOWN
    serve_deployers(cluster)
    cluster.apply(APPLICATION, namespace="shop", manager=FLUX)
    watching.keep()
    assert bot.store.checks.latest()["shop"].status is Status.SYNCED
    assert "watch prod applications" in threads()


APPLICATION = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Application",
    "metadata": {"name": "shop"},
    "spec": {"project": "default"},
}


# ---------------------------------------------------------------- an informer


class RecordedCluster:
    """A cluster that lists and delivers what a test says, and then waits until it is stopped."""

    name = "prod"

    def __init__(self, listed, *events):
        self._listed = listed
        self._events = events
        self._closed = threading.Event()
        self.delivered = threading.Event()

    def list_for_watch(self, kind, namespace, read):
        read_objects = {name: read(live) for name, live in self._listed.items()}
        return ObjectList({name: value for name, value in read_objects.items() if value is not None}, "10")

    def watch(self, kind, namespace, resource_version):
        return self

    def __iter__(self):
        yield from self._events
        self.delivered.set()
        self._closed.wait()

    def close(self):
        self._closed.set()


def live(version, level="info", **more):
    metadata = {"namespace": "shop", "name": "settings", "resourceVersion": str(version)}
    return {"metadata": metadata, "data": {"level": level}, **more}


def event(version, level="info", *, is_deletion=False, **more):
    return WatchEvent(str(version), live(version, level, **more), is_deletion=is_deletion)


OTHER = WatchEvent("12", {"metadata": {"namespace": "shop", "name": "leader", "resourceVersion": "12"}})
DELIVERIES = {
    "the first list": ([], 1),
    "a bookmark, and an object that nobody declares": ([WatchEvent("11"), OTHER], 1),
    "an edit": ([event(11, "debug")], 2),
    "an edit, twice": ([event(11, "debug"), event(11, "debug")], 2),
    "only its status": ([event(11, status={"ready": True})], 1),
    "an edit and, late, the one before": ([event(12, "debug"), event(11, "warn")], 2),
    "a deletion, and a new object": ([event(11, is_deletion=True), event(12)], 3),
    "a deletion with the version of the object": ([event(9, is_deletion=True), event(9, is_deletion=True)], 2),
}


@pytest.mark.parametrize("delivery", DELIVERIES)
def test_an_informer_reports_only_what_a_comparison_depends_on(delivery):
    events, expected = DELIVERIES[delivery]
    reported = []
    plan = WatchPlan(Discovery({}, {}), {}, {CONFIG_MAPS: {REF[1]: ("shop",)}}, frozenset(), {})
    cluster = RecordedCluster({REF[1]: live(9)}, *events)
    followed = Informer(cluster, CONFIG_MAPS, None, plan, lambda kind, name, _: reported.append((kind, name)), Clock())
    thread = threading.Thread(target=followed.run)
    thread.start()
    assert cluster.delivered.wait(DEADLINE)
    followed.stop()
    thread.join()
    assert reported == [REF] * expected
    assert len(followed) == 1

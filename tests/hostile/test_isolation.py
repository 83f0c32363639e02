"""A defect in the bot that one application, commit, person or row meets: it hurts no other, and is over once mended."""

import json
import pkgutil
from collections import Counter
from datetime import UTC, datetime

import pytest

from bot.config.sections.cluster_audit import ClusterAuditConfig
from bot.core.access.audit import Origin
from bot.core.access.requester import Requester
from bot.core.approvals.approval import UNAPPROVED, ApprovalStatus
from bot.core.cluster_audit.write import ObjectKey
from bot.core.drift.model import Status
from bot.core.git.commit_check import CheckState, CommitCheck
from bot.core.objects.manifest import Manifest
from bot.core.pull_requests.change_ref import Sha
from bot.core.pull_requests.queued import QueueState, enqueued
from bot.core.pull_requests.revert import RevertRequest
from bot.core.rollouts.rollout import RolloutState
from bot.handlers.cluster_audit.record import AuditRecorder
from bot.handlers.command_service import CommandService
from bot.handlers.pull_requests.track import poll, track
from bot.handlers.rollouts.health import read_states
from bot.handlers.slack.home import MIN_INTERVAL, HomePublisher
from bot.handlers.slack.people import People
from bot.i18n.language import ENGLISH
from tests.common.audit import KEY, recorded_events
from tests.common.bot import application_settings
from tests.common.deployers import apply_deployer, argo_application, serve_deployers
from tests.common.kubernetes import as_yaml, deployment
from tests.common.kubernetes import config_map as config_map_manifest
from tests.common.samples import T0, incident
from tests.common.slack import ALERTS, JONAS, PRIYA, cards, content, headlines

NAMES = ("cart", "shop")


@pytest.fixture
def inject_defect(monkeypatch):
    """Let a function fail when one of its arguments, `MODULE.NAME:INDEX`, mentions the marker; it must fail."""
    failures = Counter()

    def inject(place, marker):
        path, _, index = place.partition(":")
        module, _, name = path.rpartition(".")
        owner = pkgutil.resolve_name(module)
        function = getattr(owner, name)
        failures[place] = 0

        def failing(*args, **options):
            if marker in repr(args[int(index or 0)] if args else options):
                failures[place] += 1
                raise ZeroDivisionError("a defect")
            return function(*args, **options)

        monkeypatch.setattr(owner, name, failing)

    yield inject
    assert all(failures.values())


# Where a defect shows: what checks and cards are made of, one step after another.
DEFECTS = [
    "bot.handlers.drift.check._check_of",
    "bot.handlers.drift.check.comparison_result",
    "bot.handlers.drift.live_comparison.compare_object",
    "bot.handlers.drift.declared.resolve_one",
    "bot.handlers.rendering.manifest_cache.render",
    "bot.handlers.rendering.manifest_cache.gather:1",
    "bot.handlers.incidents.recorder.record:1",
    "bot.handlers.incidents.record.apply_check:1",
    "bot.handlers.incidents.record.apply_timers",
    "bot.handlers.incidents.record.announcements",
    "bot.handlers.incidents.suspects.Suspects.of_drift:1",
    "bot.handlers.slack.cards.CardReconciler._deliver:1",
    "bot.messages.incident_cards._cards:2",
]


@pytest.mark.parametrize("place", DEFECTS)
def test_a_defect_that_one_application_meets_hurts_no_other(
    fleet, source, cluster, slack, monkeypatch, place, inject_defect
):
    # What was rendered and compared before would not be again.
    source.commit("Warn", {f"apps/{name}/settings.yaml": as_yaml(NOISY[name]) for name in NOISY})
    inject_defect(place, "cart")
    checks = fleet.check()
    assert checks["shop"].status is Status.OUT_OF_SYNC
    assert checks["cart"].status in (Status.OUT_OF_SYNC, Status.UNKNOWN)
    if checks["cart"].status is Status.UNKNOWN:
        assert "Log reference: " in str(checks["cart"].error)
        assert checks["cart"].error == fleet.check()["cart"].error, "the same defect has the same reference"
        assert checks["cart"].complete_at, "it says when it was last known"
    fleet.ports.store.settle(fleet.store.rollouts.unsettled()[0])  # a rollout is no drift
    fleet.check()
    assert any("shop" in line for line in headlines(slack))
    monkeypatch.undo()
    assert fleet.check()["cart"].status is Status.OUT_OF_SYNC
    assert any("cart" in line for line in headlines(slack))


NOISY = {name: config_map_manifest("settings", level=f"warning of {name}") for name in ("cart", "shop")}
ROLLOUT_DEFECTS = [
    "bot.handlers.rollouts.change.rendered_change:1",
    "bot.handlers.rollouts.observe.changed_manifests:1",
    "bot.handlers.rollouts.observe._observe_applied",
    "bot.handlers.rollouts.merges._rollout:2",
    "bot.handlers.rollouts.merges._with_authors",
    "bot.handlers.rollouts.track.apply_observations",
    "bot.handlers.rollouts.track.describe:1",
    "bot.messages.desired_cards._rollout_cards:1",
]


@pytest.mark.parametrize("place", ROLLOUT_DEFECTS)
def test_a_defect_that_one_merge_meets_hurts_no_other(fleet, source, cluster, slack, place, inject_defect):
    for name, manifest in NOISY.items():
        source.commit(f"Warn in {name}", {f"apps/{name}/settings.yaml": as_yaml(manifest)})
    inject_defect(place, "in cart" if place.endswith("_rollout:2") else "cart")
    fleet.monitor.poll_repository("platform")
    assert fleet.store.rollouts.head("platform") == source.sha()
    for name, manifest in NOISY.items():
        cluster.apply(manifest, namespace=name)
    fleet.clock.advance(seconds=10)
    fleet.monitor.observe_rollouts()
    assert [rollout.state for rollout in fleet.store.rollouts.of_revisions([source.sha()])] == [RolloutState.LIVE]
    assert any("Warn in shop" in content(card) for card in cards(slack))


# ---------------------------------------------------------------- approvals


@pytest.fixture
def merged(bot, source, forge):
    """The bot, and the shas of two commits that reached the branch by pull requests without an approval, by name."""
    files = {f"apps/{name}/settings.yaml": as_yaml(config_map_manifest()) for name in NAMES}
    source.commit("First", files)
    repositories = {"platform": {"approvals": {"grace": "1m"}}}
    applications = {name: application_settings(name) for name in NAMES}
    bot.start(applications=applications, repositories=repositories, forges={"platform": forge})
    bot.monitor.poll_repository("platform")
    shas = {}
    for name in NAMES:
        source.branch(name)
        many = {f"key-{number:03}": name for number in range(300)}  # whose diff is uploaded
        source.commit(f"Warn in {name}", {f"apps/{name}/settings.yaml": as_yaml(config_map_manifest(**many))})
        shas[name] = forge.merge(name, title=f"Warn in {name}", method="squash").merge_sha
    return bot, shas


APPROVAL_DEFECTS = [
    "bot.handlers.approvals.review.git_people:1",
    "bot.handlers.approvals.review.affected_applications:2",
    "bot.handlers.approvals.batch._pull_request:1",
    "bot.handlers.approvals.batch.depends_on_content",
    "bot.handlers.approvals.batch.evaluate",
    "bot.handlers.approvals.batch.apply_result",
]


@pytest.mark.parametrize("place", APPROVAL_DEFECTS)
def test_a_defect_that_the_review_of_one_commit_meets_hurts_no_other(merged, monkeypatch, place, inject_defect):
    bot, shas = merged

    def verdicts():
        bot.clock.advance(minutes=2)
        bot.monitor.review_approvals()
        by_sha = {record.sha: record.verdict for record in bot.store.approvals.since()}
        return [by_sha[shas[name]] for name in NAMES]

    inject_defect(place, shas["cart"] if place.endswith(":2") else "in cart")
    bot.monitor.poll_repository("platform")
    cart, shop = verdicts()
    assert shop in UNAPPROVED
    assert cart in {shop, ApprovalStatus.UNKNOWN}
    monkeypatch.undo()
    bot.clock.advance(hours=1)
    assert verdicts() == [shop, shop]


def test_a_defect_that_one_diff_meets_hurts_no_other(merged, slack, inject_defect):
    bot, shas = merged
    bot.monitor.poll_repository("platform")
    inject_defect("bot.handlers.approvals.review.changes:2", shas["cart"])
    for _ in range(2):
        bot.clock.advance(minutes=2)
        bot.monitor.review_approvals()
    files = repr(slack.workspace.files)
    assert (shas["shop"][:7] in files, shas["cart"][:7] in files) == (True, False)


# ---------------------------------------------------------------- pull requests


@pytest.mark.parametrize(
    "place",
    [
        "bot.handlers.pull_requests.track.refreshed",
        "bot.handlers.pull_requests.track._is_rewritten:2",
        "bot.handlers.pull_requests.track._checks:1",
    ],
)
def test_a_defect_that_one_pull_request_meets_hurts_no_other(bot, source, forge, monkeypatch, place, inject_defect):
    source.commit("First", {"README.md": "x\n"})
    bot.start(forges={"platform": forge})
    requester = Requester(JONAS, "jonas", ALERTS, Origin.COMMAND, ENGLISH)
    for name in NAMES:
        source.branch(f"gitops-bot/{name}")
        head = source.commit(f"Warn in {name}", {"README.md": name})
        source.switch()
        pull = forge.create_pull_request(head=f"gitops-bot/{name}", base="main", title=f"Warn in {name}", body="")
        bot.ports.repositories["platform"].fetch()
        track(bot.ports, pull, "platform", requester=requester, what=name, applications=[], channel=ALERTS)
        forge.commit_checks[head] = [CommitCheck("build", CheckState.SUCCESS)]

    def have_checks():
        poll(bot.ports, {})
        return {pull.what: pull.checks is not None for pull in bot.store.pull_requests.unsettled()}

    inject_defect(place, "in cart")
    assert have_checks() == {"cart": False, "shop": True}
    monkeypatch.undo()
    assert have_checks() == {"cart": True, "shop": True}


@pytest.mark.parametrize(
    "place",
    [
        "bot.handlers.pull_requests.revert_service.revert",
        "bot.handlers.pull_requests.revert_service.track:1",
        "bot.messages.revert.answer_text:2",
    ],
)
def test_a_defect_that_one_queued_revert_meets_hurts_no_other(fleet, source, forge, monkeypatch, place, inject_defect):
    fleet.start(forges={"platform": forge})
    now = fleet.clock()
    for name in NAMES:
        sha = source.commit(f"Warn in {name}", {f"apps/{name}/settings.yaml": as_yaml(NOISY[name])})
        request = RevertRequest("jonas", Sha(sha), name)
        queued = enqueued(request, by=JONAS, asked_in=ALERTS, channel=ALERTS, now=now, due=now, reason="rate limit")
        fleet.store.queued_reverts.save(queued)
    fleet.monitor.poll_repository("platform")
    people = People(fleet.ports.chat, {}, fleet.clock)
    commands = CommandService(fleet.config, fleet.ports, fleet.monitor, people)

    def states():
        commands.run_queued()
        return {queued.request.application: queued.state for queued in fleet.store.queued_reverts.unsettled()}

    inject_defect(place, "cart")
    assert states() == {"cart": QueueState.WAITING, "shop": QueueState.DONE}
    monkeypatch.undo()
    fleet.clock.advance(hours=1)
    assert states() == {"cart": QueueState.DONE, "shop": QueueState.DONE}
    assert len(forge.pull_requests) == 2


# ---------------------------------------------------------------- Home tabs


@pytest.mark.parametrize(
    "place", ["bot.core.home.build_home", "bot.handlers.slack.home.HomePublisher._send:1", "bot.core.home._open_card:1"]
)
def test_a_defect_that_one_home_tab_meets_hurts_no_other(fleet, slack, monkeypatch, place, inject_defect):
    homes = HomePublisher(fleet.config, fleet.ports)
    for user in (JONAS, PRIYA):
        homes.opened(user)
    fleet.clock.advance(MIN_INTERVAL)
    for name in NAMES:
        assert fleet.store.incidents.exchange(None, incident(name, id=f"{name}@1", since=fleet.clock()))
    first, second = (home.user for home in fleet.store.homes.seen_since(T0, 2))

    inject_defect(place, "cart" if "_open_card" in place else first)
    homes.refresh()
    assert "1 open incident" in content(slack.home(second)) or "2 open incidents" in content(slack.home(second))
    monkeypatch.undo()
    fleet.clock.advance(MIN_INTERVAL)
    homes.refresh()
    assert all("2 open incidents" in content(slack.home(user)) for user in (first, second))


# ---------------------------------------------------------------- discovery


@pytest.mark.parametrize(
    "place",
    [
        "bot.core.applications.argocd.read_application",
        "bot.core.applications.discovery._resolve",
    ],
)
def test_a_defect_that_one_argo_cd_application_meets_hurts_no_other(
    bot, source, cluster, monkeypatch, place, inject_defect
):
    source.commit("First", {f"apps/{name}/settings.yaml": as_yaml(config_map_manifest()) for name in NAMES})
    serve_deployers(cluster)
    resources = [argo_application(name, source.url, f"apps/{name}", namespace=name) for name in NAMES]
    apply_deployer(cluster, *resources, namespace="argocd")
    bot.start(clusters={"prod": {"discover": ["argocd"]}}, applications={})
    inject_defect(place, "cart")
    bot.discover()
    inventory = bot.discoverer.inventory()
    assert list(inventory.applications) == ["shop"]
    assert [(resource.name, "Log reference: " in str(resource.reason)) for resource in inventory.unsupported] == [
        ("cart", True)
    ]
    monkeypatch.undo()
    bot.discover()
    assert sorted(bot.discoverer.inventory().applications) == ["cart", "shop"]


# ---------------------------------------------------------------- audit events


@pytest.mark.parametrize(
    "place", ["bot.handlers.cluster_audit.record.read_write", "bot.core.cluster_audit.history.ObjectHistories.add:1"]
)
def test_a_defect_that_one_audit_event_meets_hurts_no_other(store, monkeypatch, place, inject_defect):
    now = datetime(2026, 11, 21, 15, tzinfo=UTC)
    recorder = AuditRecorder("prod", ClusterAuditConfig(webhook=True), [], store.cluster_writes, KEY)
    event = next(event for event in recorded_events() if event["verb"] == "patch")
    resource = event["objectRef"]
    keys = [ObjectKey(resource.get("apiGroup", ""), resource["resource"], resource["namespace"], n) for n in NAMES]
    events = [{**event, "auditID": name, "objectRef": {**resource, "name": name}} for name in NAMES]
    body = json.dumps({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": events}).encode()

    def recorded():
        assert recorder.receive([body], now) == 0
        return sorted({write.key.name for write in store.cluster_writes.of_objects("prod", keys)})

    inject_defect(place, "cart")
    assert recorded() == ["shop"]
    monkeypatch.undo()
    assert recorded() == ["cart", "shop"]


# ---------------------------------------------------------------- health


@pytest.mark.parametrize(
    ("place", "marker"),
    [
        ("bot.handlers.rollouts.health.assess", "'name': 'cart'"),
        ("bot.handlers.rollouts.health.pod_problem", "'app': 'cart'"),
        ("bot.handlers.rollouts.health.pod_images", "'app': 'cart'"),
        ("bot.handlers.rollouts.health.selects", "'app': 'cart'"),
        ("bot.handlers.rollouts.health._state:1", "cart"),
    ],
)
def test_a_defect_that_the_health_of_one_object_meets_hurts_no_other(
    tmp_path, cluster, monkeypatch, caplog, place, marker, inject_defect
):
    manifests = [deployment(name) for name in NAMES]
    spec = {"containers": [{"name": "web", "image": "registry.example/web:1"}]}
    pods = [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}}, "spec": spec}
        for name in NAMES
    ]
    cluster.apply(*manifests, *pods, namespace="shop")
    client = cluster.client(tmp_path)
    declared = [
        (Manifest("apps/v1", "Deployment", "shop", each["metadata"]["name"], each, "a.yaml", 1), "shop")
        for each in manifests
    ]

    def states():
        states = read_states(client, client.discover(), declared)
        return [states["apps/v1", "Deployment", "shop", name] for name in NAMES]

    healthy = states()
    assert [state.unready for state in healthy] == [None, None]
    inject_defect(place, marker)
    with caplog.at_level("DEBUG", "bot.ports.isolation"):
        cart, shop = states()
    assert "failed" in caplog.text
    assert shop == healthy[1]
    assert cart.unready is None if "pod_" in place else "Log reference: " in cart.unready.reason
    monkeypatch.undo()
    assert states() == healthy

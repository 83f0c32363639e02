"""What the configuration says about alerts, people and ignored differences, through the monitor."""

import shutil
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.adapters.database.store import SqlStore
from bot.cli.check_report import as_json, as_text
from bot.core.approvals.approval import ApprovalStatus
from bot.core.drift.model import Status
from bot.core.incidents.incident import IncidentState, acknowledge
from bot.core.rollouts.rollout import RolloutState
from bot.i18n.language import ENGLISH
from bot.messages.drift import diff
from bot.messages.status import Overview, answer
from bot.ports.git import RepositoryError
from tests.common import samples
from tests.common.deployers import apply_deployer, git_repository, kustomization, serve_deployers
from tests.common.kubernetes import FLUX, KUSTOMIZATIONS, as_yaml, config_map
from tests.common.samples import application
from tests.common.slack import ALERTS, JONAS, cards, content

FILE = "apps/shop/settings.yaml"
SETTINGS = config_map(level="info")


@pytest.fixture
def start(bot, source, cluster):
    """Starts the bot with sections of its configuration; its one application is deployed and in sync."""
    source.commit("First", {FILE: as_yaml(SETTINGS)})
    cluster.apply(SETTINGS, namespace="shop", manager=FLUX)

    def start(**sections):
        bot.start(**sections)
        assert bot.check()["shop"].status is Status.SYNCED
        return bot

    return start


@pytest.fixture
def edit(cluster):
    """Edits the ConfigMap by hand."""
    return lambda user_agent="kubectl/v1.36.2", **data: cluster.edit(
        SETTINGS, "shop", {"data": data}, user_agent=user_agent
    )


@pytest.mark.parametrize(("alerts", "checks"), [({}, 2), ({"looks": 1}, 1), ({"looks": 4}, 4)])
def test_an_alert_takes_that_many_checks_in_a_row(start, slack, edit, alerts, checks):
    bot = start(alerts=alerts)
    edit(level="debug")
    for _ in range(checks - 1):
        assert bot.check()["shop"].status is Status.OUT_OF_SYNC
        assert cards(slack) == []
    bot.check()
    assert len(cards(slack)) == 1


UNREADABLE = [
    ({FILE: "data: {level: ["}, ": Esto no es YAML válido: "),
    ({FILE: "kind: ConfigMap"}, "apps/shop/settings.yaml:1: Este documento no es un objeto de Kubernetes: no tiene "),
    (
        {"apps/shop/kustomization.yaml": "resources: [nowhere.yaml]"},
        "apps/shop/nowhere.yaml no está en el repositorio",
    ),
    ({"apps/shop/kustomization.yaml": "namePrefix: [a]"}, "kustomize build apps/shop falló: "),
    ("*/configmaps", "ConfigMap settings sin comprobar: El clúster prod no permite a "),
    ("/apis", "incompleta: El clúster prod no permite a bot descubrir los recursos de la API (403)."),
    (None, "No hay ningún repositorio git en "),
]


@pytest.mark.parametrize(("broken", "error"), UNREADABLE)
def test_errors_of_git_and_the_cluster_are_in_the_language_of_the_channel(
    start, slack, source, cluster, edit, broken, error
):
    bot = start(slack={"languages": {ALERTS: "es"}})
    edit(level="debug")
    bot.check()
    bot.check()
    match broken:
        case dict():
            source.commit("Break it", broken)
        case str():
            cluster.fail(broken, 403)
        case None:
            source.path.rename(source.path.with_name("moved"))
    assert bot.check()["shop"].status is not Status.SYNCED
    card = cards(slack)[0]
    assert card.text.startswith("Drift grave de shop en prod: ")
    assert error in content(card)


@pytest.mark.parametrize(
    ("namespace", "level", "expected"),
    [
        (None, "debug", "apps/shop/zz.yaml:2 is used and apps/shop/settings.yaml:1 is ignored"),
        ("shop", "debug", "apps/shop/zz.yaml:2 is used and apps/shop/settings.yaml:1 is ignored"),
        (None, "info", None),
        ("elsewhere", "debug", None),
    ],
)
def test_conflicting_declarations_of_one_object_are_reported_and_are_not_drift(
    start, source, cluster, namespace, level, expected
):
    bot = start()
    again = config_map(level=level)
    if namespace:
        again["metadata"]["namespace"] = namespace
    source.commit("Declare it again", {"apps/shop/zz.yaml": f"# Again\n{as_yaml(again)}"})
    cluster.apply(again, namespace="shop", manager=FLUX)
    check = bot.check()["shop"]
    assert (check.status, check.drift) == (Status.SYNCED, ())
    stored = bot.store.checks.latest()
    outputs = [
        content(diff(ENGLISH, stored["shop"], "shop", lambda *_: (), everything=False)),
        content(answer(ENGLISH, Overview([application()], stored, (), {}, {}, ()))),
        as_text([check]),
        as_json([check], explain=True).decode(),
    ]
    if expected:
        assert all(expected in output for output in outputs)
    else:
        assert not any("declared twice" in output for output in outputs)


def test_a_replica_without_the_lease_answers_and_records_nothing(start, slack, edit, empty_postgresql):
    bot = start(store=empty_postgresql, alerts={"looks": 1})
    edit(level="debug")
    assert bot.check()["shop"].drift[0].fields[0].live == "debug"
    assert (bot.store.checks.latest(), bot.store.incidents.unsettled(), cards(slack)) == ({}, [], [])
    bot.store.leases.renew(bot.config.lease_names)
    bot.check()
    assert bot.store.checks.latest()["shop"].status is Status.OUT_OF_SYNC
    assert len(cards(slack)) == 1


def test_a_check_whose_lease_is_lost_meanwhile_records_nothing(start, slack, edit, empty_postgresql, monkeypatch):
    bot = start(store=empty_postgresql, alerts={"looks": 1})
    other = SqlStore(empty_postgresql)
    bot.store.leases.renew(bot.config.lease_names)
    edit(level="debug")
    client = bot.ports.clusters["prod"]
    read = client.list

    def list_after_takeover(*args):
        bot.store.leases.close()
        other.leases.renew(bot.config.lease_names)
        return read(*args)

    monkeypatch.setattr(client, "list", list_after_takeover)
    assert bot.check()["shop"].status is Status.OUT_OF_SYNC
    assert (other.checks.latest(), other.incidents.unsettled(), cards(slack)) == ({}, [], [])
    other.close()


@pytest.mark.parametrize("is_shared", [True, False])
def test_an_incident_that_only_another_replica_knows_stays_open_while_it_is_checked(
    start, slack, empty_postgresql, is_shared
):
    """Its application is configured there and not here, or it was removed from the configuration before the start."""
    bot = start(**({"store": empty_postgresql} if is_shared else {}))
    bot.store.leases.renew(bot.config.lease_names)
    at = bot.clock() - timedelta(minutes=1)
    cart = samples.incident("cart", since=at, checked_at=at, announced_at=at)
    bot.store.checks.save([samples.check("cart", at=at, drift=cart.drift)])
    assert bot.store.incidents.exchange(None, cart)
    bot.monitor.reconcile_cards()
    assert len(cards(slack)) == 1
    assert bool(bot.store.incidents.open_for("cart")) is is_shared
    bot.clock.advance(minutes=16)
    bot.monitor.reconcile_cards()
    assert bot.store.incidents.open_for("cart") is None


def test_commits_that_another_replica_records_during_a_fetch_do_not_rewrite_history(start, source, monkeypatch):
    bot = start()
    repository = bot.ports.repositories["platform"]
    update_mirror, fetched_revision = repository.update_mirror, repository.fetched_revision
    shas = []

    def fetch_and_pause():
        """Fetch one commit; before it's recorded, another replica records a second one too."""
        monkeypatch.setattr(repository, "update_mirror", update_mirror)
        shas.append(source.commit("Warn", {FILE: as_yaml(config_map(level="warn"))}))
        update_mirror()
        fetched = iter([fetched_revision()])
        shas.append(source.commit("Debug", {FILE: as_yaml(config_map(level="debug"))}))
        bot.monitor.poll_repository("platform")
        monkeypatch.setattr(repository, "fetched_revision", lambda: next(fetched, None) or fetched_revision())

    monkeypatch.setattr(repository, "update_mirror", fetch_and_pause)
    assert bot.check()["shop"].revision == shas[-1]
    rollouts = bot.store.rollouts.unsettled()
    assert [rollout.revision for rollout in rollouts] == shas
    assert not any(rollout.rewritten for rollout in rollouts)
    assert bot.store.rollouts.head("platform") == bot.store.approvals.head("platform") == shas[-1]


@pytest.mark.parametrize("has_mirror", [True, False])
@pytest.mark.parametrize("catches_up", [True, False])
def test_a_branch_at_an_earlier_commit_may_lag_for_two_minutes(start, source, has_mirror, catches_up):
    """As a node of the forge that serves the recorded commit, but whose branch isn't there yet. Others poll it, too."""
    bot = start()
    first = source.sha()
    second = source.commit("Warn", {FILE: as_yaml(config_map(level="warn"))})
    bot.monitor.poll_repository("platform")
    source.git("config", "uploadpack.allowAnySHA1InWant", "true")
    source.git("update-ref", "refs/heads/main", first)
    if not has_mirror:
        shutil.rmtree(bot.folder / "mirrors")
        bot.restart()
    for _ in range(2):
        with pytest.raises(RepositoryError, match="older than"):
            bot.monitor.poll_repository("platform")
        bot.check()
    assert bot.store.rollouts.head("platform") == bot.store.approvals.head("platform") == second
    if catches_up:
        source.git("update-ref", "refs/heads/main", second)
    else:
        bot.clock.advance(minutes=2)
    bot.monitor.poll_repository("platform")
    assert bot.store.rollouts.head("platform") == bot.store.approvals.head("platform") == source.sha()
    assert any(rollout.rewritten for rollout in bot.store.rollouts.unsettled()) is not catches_up


@pytest.mark.parametrize("is_served", [True, False])
def test_a_history_that_is_rewritten_while_the_mirror_is_lost_is_recorded(start, source, is_served):
    """If the remote doesn't serve the recorded commit either, it may only lag behind, so that takes 10 minutes."""
    bot = start()
    first = source.sha()
    source.commit("Warn", {FILE: as_yaml(config_map(level="warn"))})
    bot.check()
    source.git("reset", "-q", "--hard", first)
    source.git("config", "uploadpack.allowAnySHA1InWant", "true")
    if not is_served:
        source.git("reflog", "expire", "--expire=now", "--all")
        source.git("gc", "-q", "--prune=now")
    rewritten = source.commit("Debug", {FILE: as_yaml(config_map(level="debug"))})
    shutil.rmtree(bot.folder / "mirrors")
    bot.restart()
    for _ in range(0 if is_served else 20):
        with pytest.raises(RepositoryError):
            bot.monitor.poll_repository("platform")
        bot.check()
        assert rewritten not in (bot.store.rollouts.head("platform"), bot.store.approvals.head("platform"))
    bot.monitor.poll_repository("platform")
    assert bot.store.rollouts.head("platform") == bot.store.approvals.head("platform") == rewritten
    assert ApprovalStatus.REWRITTEN in {record.verdict for record in bot.store.approvals.unsettled()}
    rollouts = [rollout for rollout in bot.store.rollouts.unsettled() if rollout.revision == rewritten]
    assert [rollout.rewritten for rollout in rollouts] == ([True] if is_served else [])
    merged = source.commit("Info", {FILE: as_yaml(SETTINGS)})
    bot.monitor.poll_repository("platform")
    assert merged in {rollout.revision for rollout in bot.store.rollouts.unsettled()}


def test_a_merge_that_lands_during_a_check_waits_for_the_next_one(start, slack, source, monkeypatch):
    bot = start(alerts={"looks": 1})
    deployed = source.sha()
    repository = bot.ports.repositories["platform"]
    update_mirror = repository.update_mirror

    def fetch_and_then_merge():
        monkeypatch.setattr(repository, "update_mirror", update_mirror)
        update_mirror()
        source.commit("Warn", {FILE: as_yaml(config_map(level="warn"))})

    monkeypatch.setattr(repository, "update_mirror", fetch_and_then_merge)
    during, after = (bot.check()["shop"] for _ in range(2))
    assert (during.revision, during.status) == (deployed, Status.SYNCED)
    assert (after.revision, after.status) == (source.sha(), Status.OUT_OF_SYNC)
    assert [rollout.revision for rollout in bot.store.rollouts.unsettled()] == [after.revision]
    assert not [card for card in cards(slack) if "drift in shop on prod" in card.text]


@pytest.mark.parametrize(("alerts", "expected"), [({}, 0), ({"quiet_while_rolling": False}, 1)])
def test_a_rollout_in_progress_holds_alerts_back_unless_configured_otherwise(start, slack, source, alerts, expected):
    bot = start(alerts=alerts)
    source.commit("Warn", {FILE: as_yaml(config_map(level="warn"))})
    for _ in range(3):
        assert bot.check()["shop"].status is Status.OUT_OF_SYNC
    alerted = [card for card in cards(slack) if "drift in shop on prod" in card.text]
    assert len(alerted) == expected


def test_merges_in_a_row_hold_back_only_their_own_differences(start, source, cluster, edit):
    """Someone has acknowledged an alert, and something else is edited while merges follow each other."""
    bot = start(alerts={"looks": 1})
    edit(level="debug")
    bot.check()
    (opened,) = bot.store.incidents.unsettled()
    bot.store.incidents.exchange(opened, acknowledge(opened, by=JONAS, at=bot.clock()))
    edit(limit="9")
    reports = []
    for number in range(6):
        cluster.apply(config_map("other", level=str(number)), namespace="shop", manager=FLUX)
        source.commit("Merge", {"apps/shop/other.yaml": as_yaml(config_map("other", level=str(number + 1)))})
        assert bot.check(seconds=150)["shop"].status is Status.OUT_OF_SYNC
        (incident,) = bot.store.incidents.unsettled()
        reports.append([field.path for event in incident.history for drift in event.drift for field in drift.fields])
    assert reports == [*[[]] * 5, ["data.limit"]]
    assert incident.state is IncidentState.OPEN


def test_a_reconciling_deployer_holds_alerts_back_until_it_is_done(start, slack, source, cluster, edit):
    bot = start()
    serve_deployers(cluster)
    reconciling, done = (
        kustomization("shop", status={"conditions": [{"type": "Reconciling", "status": status}]})
        for status in ("True", "False")
    )
    apply_deployer(cluster, git_repository(source.url), reconciling, namespace="flux-system")
    edit(level="debug")
    for _ in range(3):
        assert bot.check()["shop"].status is Status.OUT_OF_SYNC
    assert cards(slack) == []
    apply_deployer(cluster, done, namespace="flux-system")
    bot.check()
    bot.check()
    assert len(cards(slack)) == 1


def test_a_deployer_that_fails_and_retries_holds_alerts_back_only_until_the_deadline(start, source, cluster, edit):
    """Each attempt takes five minutes, as with health checks that fail."""
    bot = start(alerts={"looks": 1}, schedule={"rollout_deadline": "10m"})
    serve_deployers(cluster)
    own = kustomization("shop")
    apply_deployer(cluster, git_repository(source.url), own, namespace="flux-system")
    attempt, failed = (
        [{"type": "Ready", "status": ready}, {"type": "Reconciling", "status": "True", "reason": reason}]
        for ready, reason in (("Unknown", "Progressing"), ("False", "ProgressingWithRetry"))
    )
    steps = [(attempt, "a"), (failed, "b"), (attempt, "c"), (attempt, "d"), (attempt, "e"), (failed, "f")]
    reported = []
    for conditions, field in steps:
        cluster.set_status(own, "flux-system", {"conditions": conditions})
        edit(**{field: "1"})
        bot.check(seconds=240)
        (incident,) = bot.store.incidents.unsettled()
        seen = [item.path for drift in incident.drift for item in drift.fields]
        reported.append(seen if incident.state is IncidentState.OPEN else [])
    paths = [f"data.{field}" for field in "abcdef"]
    assert reported == [[], paths[:2], paths[:2], paths[:4], paths[:5], paths]


def test_a_deployer_that_the_bot_may_not_read_delays_nothing(start, slack, cluster, edit):
    bot = start()
    cluster.api.serve(KUSTOMIZATIONS)
    cluster.fail("*/kustomizations", 403)
    edit(level="debug")
    bot.check()
    bot.check()
    assert len(cards(slack)) == 1


def test_interactive_lists_the_tools_that_people_use(start, edit):
    bot = start(interactive=["harbour-*"])
    edit("kubectl/v1.36.2", seen="1")
    assert bot.check()["shop"].status is Status.SYNCED
    edit("harbour-console/2.0", more="1")
    assert [field.path for drift in bot.check()["shop"].drift for field in drift.fields] == ["data.more"]


@pytest.mark.parametrize(
    "rule",
    [
        {"paths": ["data.level"]},
        {"jsonPointers": ["/data/level"]},
        {"group": "", "jqPathExpressions": ['.data | select(has("level")).level']},
        {"managedFieldsManagers": ["kubectl*"]},
    ],
)
def test_an_ignored_difference_names_its_rule(start, edit, rule):
    bot = start(ignore=[{"kind": "ConfigMap", **rule}])
    edit(level="debug")
    check = bot.check()["shop"]
    assert check.status is Status.SYNCED
    (field,) = [field for drift in check.set_aside for field in drift.fields if field.path == "data.level"]
    assert str(field.reason).startswith("ignored by rule 1 in the configuration: ")


def test_an_ignored_difference_does_not_hold_up_a_rollout(start, source):
    bot = start(ignore=[{"kind": "ConfigMap", "jsonPointers": ["/data/level"]}])
    source.commit("Warn", {FILE: as_yaml(config_map(level="warn"))})
    bot.check()
    (rollout,) = bot.store.rollouts.unsettled()
    bot.monitor.observe_rollouts()
    (rollout,) = bot.store.rollouts.of_revisions([rollout.revision])
    assert rollout.state is RolloutState.LIVE


def test_the_check_of_an_application_that_is_gone_is_deleted_after_a_week(start, clock):
    bot = start()
    bot.store.checks.save([replace(bot.store.checks.latest()["shop"], application="gone")])
    for days, left in ((6, {"shop", "gone"}), (2, {"shop"})):
        clock.advance(timedelta(days=days))
        bot.monitor.prune()
        assert bot.store.checks.latest().keys() == left

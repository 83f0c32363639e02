"""State outlives a restart, in SQLite and in PostgreSQL alike."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from bot.adapters.database import cluster_writes
from bot.adapters.database.migrations.versions import v0001_baseline, v0008_delivery
from bot.adapters.database.store import SqlStore
from bot.adapters.database.tables import metadata
from bot.core.access.audit import AuditEntry, Origin
from bot.core.approvals.alert import ApprovalAlert, collect_alerts
from bot.core.approvals.approval import ApprovalRecord, ApprovalStatus
from bot.core.changes.irreversible import IrreversibleReason
from bot.core.cluster_audit.write import UNREADABLE, ClusterWrite, ObjectKey, unread_writes, unreadable_write
from bot.core.delivery.incident_record import record_of
from bot.core.drift.model import Check, ClusterUser, FieldDrift, ObjectDrift, Status
from bot.core.events import Event, EventType, QueuedEvent
from bot.core.incidents.incident import Incident, IncidentEvent, IncidentEventType, IncidentState
from bot.core.pull_requests.change_ref import CommitUrl, PullNumber
from bot.core.pull_requests.queued import QueuedRevert, QueueState
from bot.core.pull_requests.revert import RevertRequest
from bot.core.pull_requests.tracked_pull_request import TrackedPullRequest
from bot.core.rollouts.pending import PendingState
from bot.core.rollouts.rollout import ApplicationChange, ApplicationRollout, Rollout, RolloutState
from bot.handlers.incidents.transition import change
from bot.i18n.catalogue import cluster as texts
from bot.i18n.language import Language, LocalizedText, Translator
from bot.ports.store import Home, Posted, StoreError
from tests.common.english import english

T0 = datetime(2026, 3, 1, 2, 47, tzinfo=UTC)
STORED_ROWS = Path(__file__).parents[2] / "data" / "stored-rows-0009.json"
SILENT = LocalizedText(
    texts.COULD_NOT,
    what=LocalizedText(texts.LIST, resource="pods"),
    cluster="prod",
    why=LocalizedText(texts.EXPIRED),
)
STORED = (
    '{"id":"cluster.COULD_NOT","values":{"cluster":"prod","what":{"id":"cluster.LIST","values":{"resource":"pods"}},'
    '"why":{"id":"cluster.EXPIRED","values":{}}}}'
)
# As it was stored up to migration 0002.
STORED_WITH_TEMPLATES = (
    '{"en":"Could not {what} on cluster {cluster}: {why}","es":"No se pudo {what} en el clúster {cluster}: {why}",'
    '"values":{"what":{"en":"list {resource}","es":"listar {resource}","values":{"resource":"pods"}},"cluster":"prod",'
    '"why":{"en":"the list expired (410).","es":"la lista expiró (410).","values":{}}}}'
)
DRIFT = (
    ObjectDrift(
        "apps/v1",
        "Deployment",
        "shop",
        "web",
        "modified",
        (FieldDrift("changed", "spec.replicas", 2, {"odd": ["ü", None, 1.5]}, "kubectl", T0, "why"),),
    ),
    ObjectDrift("v1", "Namespace", None, "shop", "missing"),
)
CHECK = Check("shop", "prod", "a" * 40, Status.OUT_OF_SYNC, None, 3, T0, DRIFT, DRIFT)
INCIDENT = Incident("shop@1", "shop", "prod", "C1", IncidentState.OPEN, T0, T0, "a" * 40, DRIFT)
PULL = TrackedPullRequest(
    "platform#1", "platform", 1, "https://forge.example/1", "Revert", "U1", "abc", ("C1",), ("shop",), T0
)


QUEUED = QueuedRevert(
    "queued-1@2026",
    RevertRequest("ana", PullNumber(12), "shop", "why", "https://slack.example/1", large=True),
    "U1",
    "C2",
    "C1",
    T0,
    T0 + timedelta(minutes=47),
    SILENT,
)


def rollout(revision):
    part = ApplicationRollout("shop", "prod", "C1", pending=PendingState(("Deployment web",), total=1))
    return Rollout(f"platform@{revision}", "platform", "main", revision, None, "Subject", "Ana", T0, (part,))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/state.db"
    return request.getfixturevalue("empty_postgresql")


@pytest.fixture
def store(url):
    made = SqlStore(url)
    yield made
    made.close()


def test_a_check_comes_back_whole_but_for_what_was_set_aside(store):
    store.checks.save([CHECK])
    store.checks.save([replace(CHECK, objects=4, notes=(SILENT, "plain"))])
    assert store.checks.latest() == {"shop": replace(CHECK, objects=4, notes=(SILENT, "plain"))}
    assert store.checks.latest()["shop"].set_aside == ()


def test_old_checks_of_applications_that_are_no_longer_watched_are_deleted(store):
    old, new = CHECK.at, CHECK.at + timedelta(seconds=1)
    store.checks.save([replace(CHECK, application=name) for name in ("shop", "gone")])
    store.checks.save([replace(CHECK, application="moved", at=new)])
    store.checks.prune(old, watched={"shop"})
    assert store.checks.latest().keys() == {"shop", "gone", "moved"}
    store.checks.prune(new, watched={"shop"})
    assert store.checks.latest().keys() == {"shop", "moved"}


def test_everything_outlives_a_restart(url):
    first = SqlStore(url)
    first.rollouts.advance("platform", None, "b" * 40, [rollout("b" * 40)])
    first.incidents.exchange(None, INCIDENT)
    first.pull_requests.save(PULL)
    first.cards.save("shop@1", Posted("C1", "1.2", "digest", T0))
    first.close()
    second = SqlStore(url)
    assert second.rollouts.head("platform") == "b" * 40
    assert second.incidents.open_for("shop") == INCIDENT
    assert second.rollouts.unsettled() == [rollout("b" * 40)]
    assert second.pull_requests.unsettled() == [PULL]
    assert second.cards.get("shop@1") == Posted("C1", "1.2", "digest", T0)
    second.close()


@pytest.fixture
def with_texts(store):
    """A store where every aggregate that can hold a text holds SILENT, wherever it can."""
    drift = tuple(
        replace(item, reason=SILENT, fields=tuple(replace(field, reason=SILENT) for field in item.fields))
        for item in DRIFT
    )
    merged = rollout("b" * 40)
    parts = (replace(merged.parts[0], error=SILENT, change=ApplicationChange(why=SILENT)),)
    store.checks.save([replace(CHECK, error=SILENT, notes=(SILENT, "plain"), drift=drift, set_aside=())])
    history = (IncidentEvent("0", T0, IncidentEventType.WORSENED, in_thread=False),)
    store.incidents.exchange(None, replace(INCIDENT, check_error=SILENT, drift=drift, worst=drift, history=history))
    store.rollouts.save(replace(merged, parts=parts))
    store.approvals.advance("p", None, "a" * 40, [record(1, why=SILENT)])
    store.queued_reverts.save(replace(QUEUED, result=SILENT))
    return store


def everything(store):
    """What `with_texts` saved."""
    return [
        *store.checks.latest().values(),
        *store.incidents.unsettled(),
        *store.rollouts.unsettled(),
        *store.approvals.unsettled(),
        *store.queued_reverts.unsettled(),
    ]


WITH_BODY = [table for table in metadata.sorted_tables if "body" in table.c]


def bodies(store):
    """The stored JSON of everything."""
    return [body for table in WITH_BODY for body in store.database.scalars(sa.select(table.c.body))]


def rewrite(store, old, new):
    """Replace this part of the stored JSON everywhere."""
    with store.database.begin() as connection:
        for table in WITH_BODY:
            connection.execute(table.update().values(body=sa.func.replace(table.c.body, old, new)))


def test_a_text_is_stored_without_its_template_and_comes_back_in_every_language(with_texts):
    stored = bodies(with_texts)
    assert sorted(body.count(STORED) for body in stored) == [1, 2, 2, 5, 7]
    assert not [body for body in stored if "ould not" in body or "No se pudo" in body]
    check, incident, merged, approval, queued = everything(with_texts)
    assert {check.error, incident.check_error, merged.parts[0].change.why, approval.why, queued.result} == {SILENT}
    assert Translator(Language.SPANISH).localize(check.drift[0].fields[0].reason) == (
        "No se pudo listar pods en el clúster prod: la lista expiró (410)."
    )


def test_a_text_that_was_stored_with_its_templates_becomes_its_english_sentence(with_texts, url):
    before = everything(with_texts)
    rewrite(with_texts, STORED, STORED_WITH_TEMPLATES)
    with with_texts.database.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0002'")
    SqlStore(url).close()
    assert everything(with_texts) == english(before)
    assert not [body for body in bodies(with_texts) if '"es":' in body]


def test_fields_that_had_another_name_are_read_by_their_new_one(with_texts, url):
    before = everything(with_texts)
    for name, old in {"check_error": "blind", "in_thread": "told", "pending": "lacking"}.items():
        assert [body for body in bodies(with_texts) if f'"{name}":' in body]
        rewrite(with_texts, f'"{name}":', f'"{old}":')
    with with_texts.database.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0004'")
    SqlStore(url).close()
    assert everything(with_texts) == before


def test_a_text_that_only_another_version_has_is_read_and_stored_again(with_texts):
    rewrite(with_texts, "cluster.COULD_NOT", "cluster.RENAMED")
    for _ in range(2):
        check, incident, merged, approval, queued = everything(with_texts)
        kept = {check.error, incident.check_error, merged.parts[0].change.why, approval.why, queued.result}
        assert {str(text) for text in kept} == {
            "cluster.RENAMED: prod, list pods, the list expired (410). (stored by another version of the bot)"
        }
        assert with_texts.incidents.exchange(incident, incident)
        with_texts.checks.save([check])
        with_texts.rollouts.save(merged)
        with_texts.approvals.save([approval])
        with_texts.queued_reverts.save(queued)


def test_a_queued_revert_comes_back_whole_until_it_is_settled(store):
    page = f"https://github.com/acme/platform/commit/{'a' * 40}"
    request = RevertRequest("ana", CommitUrl("github.com/acme/platform", "a" * 40, page))
    later = replace(QUEUED, id="queued-2@2026", request=request, asked_at=T0 + timedelta(hours=1))
    for queued in (later, QUEUED):
        store.queued_reverts.save(queued)
    first, second = store.queued_reverts.unsettled()
    assert (first, second) == (QUEUED, later)
    done = replace(QUEUED, state=QueueState.DONE, result="Pull request #1 is open.", url="https://forge.example/1")
    store.queued_reverts.save(done)
    assert store.queued_reverts.unsettled() == [done, later]
    store.settle(done)
    assert store.queued_reverts.unsettled() == [later]


def test_a_resolved_incident_is_still_to_be_told_until_it_is_settled(store):
    ended = replace(INCIDENT, state=IncidentState.RESOLVED, resolved_at=T0 + timedelta(minutes=1), ended="git")
    store.incidents.exchange(None, ended)
    assert store.incidents.open_for("shop") is None
    assert store.incidents.unsettled() == [ended]
    store.settle(ended)
    assert store.incidents.unsettled() == []


def test_an_incident_is_exchanged_only_while_it_is_what_was_read(store):
    taken, slept = replace(INCIDENT, acknowledged_by="U1"), replace(INCIDENT, snoozed_by="U2")
    assert store.incidents.exchange(None, INCIDENT)
    assert store.incidents.exchange(INCIDENT, taken)
    assert not store.incidents.exchange(INCIDENT, slept)
    assert not store.incidents.exchange(INCIDENT, None)
    assert store.incidents.open_for("shop") == taken
    another = replace(INCIDENT, id="shop@2")
    assert store.incidents.exchange(taken, another)
    assert store.incidents.unsettled() == [another]


def test_an_application_has_one_incident_that_is_not_resolved(store):
    assert store.incidents.exchange(None, INCIDENT)
    assert not store.incidents.exchange(None, INCIDENT)
    assert not store.incidents.exchange(None, replace(INCIDENT, id="shop@2"))
    ended = replace(INCIDENT, state=IncidentState.RESOLVED, resolved_at=T0, ended="git")
    assert store.incidents.exchange(INCIDENT, ended)
    assert store.incidents.exchange(None, replace(INCIDENT, id="shop@2"))
    assert [incident.id for incident in store.incidents.unsettled()] == ["shop@1", "shop@2"]


def test_of_changes_at_once_none_is_lost(store, url):
    store.incidents.exchange(None, replace(INCIDENT, looks=0))
    stores = [SqlStore(url) for _ in range(4)]

    def count(each):
        def another(incident):
            return replace(incident, looks=incident.looks + 1)

        for _ in range(10):
            change(each, INCIDENT, another)

    with ThreadPoolExecutor(len(stores)) as pool:
        list(pool.map(count, stores))
    for replica in stores:
        replica.close()
    assert store.incidents.open_for("shop").looks == 40


def test_of_incidents_found_at_once_by_two_replicas_one_is_kept(store, url):
    stores = [SqlStore(url) for _ in range(4)]
    found = [replace(INCIDENT, id=f"shop@{number}") for number in range(len(stores))]
    with ThreadPoolExecutor(len(stores)) as pool:
        kept = list(pool.map(lambda each, incident: each.incidents.exchange(None, incident), stores, found))
    for replica in stores:
        replica.close()
    assert kept.count(True) == 1
    assert store.incidents.unsettled() == [found[kept.index(True)]]


def test_rollouts_come_oldest_first_and_settled_ones_by_revision(store):
    store.rollouts.advance("platform", None, "c" * 40, [rollout("b" * 40), rollout("a" * 40)])
    store.rollouts.save(replace(rollout("b" * 40), state=RolloutState.LIVE))
    assert [rollout.revision[0] for rollout in store.rollouts.unsettled()] == ["b", "a"]
    store.settle(store.rollouts.unsettled()[0])
    assert [rollout.revision[0] for rollout in store.rollouts.unsettled()] == ["a"]
    assert store.rollouts.of_revisions(["b" * 40])[0].state is RolloutState.LIVE


def test_two_that_move_a_head_at_once_keep_its_rollouts_once(store):
    assert store.rollouts.advance("platform", None, "a" * 40, [])
    assert not store.rollouts.advance("platform", None, "b" * 40, [rollout("b" * 40)])
    assert store.rollouts.advance("platform", "a" * 40, "b" * 40, [rollout("b" * 40)])
    store.rollouts.save(replace(rollout("b" * 40), state=RolloutState.LIVE))
    assert not store.rollouts.advance("platform", "a" * 40, "b" * 40, [rollout("b" * 40)])
    assert [rollout.state for rollout in store.rollouts.unsettled()] == [RolloutState.LIVE]


def test_replicas_start_a_rollout_once_even_if_the_head_does_not_move(store, url):
    sha = "a" * 40
    store.rollouts.advance("platform", None, sha, [])
    stores = [SqlStore(url) for _ in range(4)]
    with ThreadPoolExecutor(len(stores)) as pool:
        kept = list(pool.map(lambda each: each.rollouts.advance("platform", sha, sha, [rollout(sha)]), stores))
    for replica in stores:
        replica.close()
    assert kept.count(True) == 1
    store.rollouts.save(replace(rollout(sha), state=RolloutState.LIVE))
    assert not store.rollouts.advance("platform", sha, sha, [replace(rollout(sha), id="other"), rollout(sha)])
    assert [rollout.state for rollout in store.rollouts.unsettled()] == [RolloutState.LIVE]


def test_a_suspicion_and_a_card_can_be_forgotten(store):
    assert store.incidents.exchange(None, INCIDENT)
    assert store.incidents.exchange(INCIDENT, None)
    store.cards.save("key", Posted("C1", "1.2", "digest", T0))
    store.cards.delete("key")
    assert store.incidents.open_for("shop") is None
    assert store.cards.get("key") is None


ENTRY = AuditEntry(T0, "U1", "revert abc", "Opened 7", Origin.BUTTON, "C1", ("shop", "payments"))


def test_the_audit_log_comes_back_whole_and_in_order(store):
    entries = [replace(ENTRY, what=f"revert {number}", at=T0 + timedelta(seconds=number)) for number in range(1_001)]
    for entry in entries:
        store.audit_log.append(entry)
    assert list(store.audit_log.entries()) == entries


def test_the_audit_log_is_read_from_a_second_on(store):
    zone = timezone(timedelta(hours=-3))
    times = [T0 - timedelta(microseconds=1), T0, T0 + timedelta(microseconds=1), (T0 + timedelta(1)).astimezone(zone)]
    for at in times:
        store.audit_log.append(replace(ENTRY, at=at))
    assert [entry.at for entry in store.audit_log.entries(T0)] == times[1:]
    assert [entry.at for entry in store.audit_log.entries(T0.astimezone(zone))] == times[1:]


def test_who_reads_the_audit_log_holds_up_nobody(store):
    store.audit_log.append(ENTRY)
    reading = store.audit_log.entries()
    assert next(reading) == ENTRY
    store.audit_log.append(replace(ENTRY, who="U2"))
    assert [entry.who for entry in reading] == ["U2"]


def test_of_several_replicas_one_claims_a_key(url):
    stores = [SqlStore(url) for _ in range(2)]
    with ThreadPoolExecutor(8) as pool:
        claims = [pool.submit(stores[number % 2].claims.claim, f"click {number // 8}", T0) for number in range(40)]
        assert sum(claim.result() for claim in claims) == 5
    again = SqlStore(url)  # a restart
    assert not again.claims.claim("click 0", T0 + timedelta(hours=23))
    assert again.claims.claim("click 0", T0 + timedelta(hours=25))
    for replica in (*stores, again):
        replica.close()


# The audit table as the very first version created it, before columns were added to it.
FIRST_AUDIT = {
    "sqlite": "CREATE TABLE audit (id INTEGER NOT NULL PRIMARY KEY, at TEXT NOT NULL, who TEXT NOT NULL, "
    "what TEXT NOT NULL, result TEXT NOT NULL)",
    "postgresql": "CREATE TABLE audit (id SERIAL PRIMARY KEY, at TEXT NOT NULL, who TEXT NOT NULL, "
    "what TEXT NOT NULL, result TEXT NOT NULL)",
}
FIRST_ENTRY = (
    "INSERT INTO audit (at, who, what, result) VALUES ('2026-03-01T02:47:00+00:00', 'U1', 'revert abc', 'denied')"
)


@pytest.fixture
def empty_url(request, url):
    """A database without a single table."""
    if url.startswith("postgresql"):
        engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
    return url


@pytest.mark.parametrize("before", ["nothing", "the first version", "the last version without migrations"])
def test_a_database_of_any_age_is_migrated_once_by_replicas_that_start_together(empty_url, before):
    engine = sa.create_engine(empty_url, poolclass=sa.pool.NullPool)
    with engine.begin() as connection:
        if before == "the first version":
            connection.exec_driver_sql(FIRST_AUDIT[connection.dialect.name])
        elif before != "nothing":
            v0001_baseline._schema.create_all(connection)
            connection.exec_driver_sql("INSERT INTO heads VALUES ('platform', 'abc')")
        if before != "nothing":
            connection.exec_driver_sql(FIRST_ENTRY)
    if before != "nothing":
        with pytest.raises(StoreError, match="belongs to an earlier version"):
            SqlStore(empty_url, upgrade=False)
    with ThreadPoolExecutor(4) as pool:
        stores = [future.result() for future in [pool.submit(SqlStore, empty_url) for _ in range(4)]]
    stores[0].audit_log.append(ENTRY)
    kept = [] if before == "nothing" else [AuditEntry(T0, "U1", "revert abc", "denied")]
    assert list(stores[1].audit_log.entries()) == [*kept, ENTRY]
    assert stores[2].rollouts.head("platform") == ("abc" if "last" in before else None)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    for replica in stores:
        replica.close()
    SqlStore(empty_url).close()
    engine.dispose()


def test_a_database_that_does_not_answer_is_one_sentence_without_its_password(tmp_path):
    with pytest.raises(StoreError, match="Check the store setting or DATABASE_URL") as raised:
        SqlStore(f"postgresql+psycopg://bot:hunter2@/nothing?host={tmp_path}&connect_timeout=1")
    assert "hunter2" not in str(raised.value)


# ---------------------------------------------------------------- records


def record(number, **told):
    sha = f"{number:040x}"
    made = ApprovalRecord(f"p@{sha}", "p", "main", sha, None, "Subject", "Ana", T0, "f" * 40, number, T0)
    return replace(made, **told)


def test_records_move_with_the_head_they_were_made_for(store):
    assert store.approvals.head("p") is None
    assert store.approvals.advance("p", None, "a" * 40, [])
    assert not store.approvals.advance("p", None, "b" * 40, [record(1)])
    assert not store.approvals.advance("p", "c" * 40, "b" * 40, [record(1)])
    assert store.approvals.unsettled() == []
    assert store.approvals.advance("p", "a" * 40, "b" * 40, [record(2), record(1)])
    assert store.approvals.head("p") == "b" * 40
    assert store.approvals.unsettled() == [record(1), record(2)]


@pytest.mark.parametrize("key", ["p", "p@refs/heads/release"])
@pytest.mark.parametrize("kind", ["approvals", "rollouts"])
def test_a_head_of_another_branch_or_url_does_not_count(store, url, key, kind):
    """One that was stored without its source is taken to be of the first one that is configured."""
    head, names_branch = "a" * 40, key != "p"
    assert getattr(store, kind).advance(key, None, head, [])
    sources = {("p", "main"): True, ("p", "next"): names_branch, ("q", "next"): False, ("q", "main"): names_branch}
    for number, (source, counts) in enumerate(sources.items()):
        configured = SqlStore(url, {"p": source})
        heads, new = getattr(configured, kind), f"{number}" * 40
        assert heads.head(key) == (head if counts else None)
        assert heads.advance(key, None, new, []) is not counts
        head = head if counts else new
        assert heads.head(key) == getattr(store, kind).head(key) == head
        configured.close()


def test_a_batch_is_read_whole_until_all_of_it_is_settled(store):
    store.approvals.advance("p", None, "a" * 40, [record(1), record(2, alert="p?1", verdict=ApprovalStatus.DIRECT)])
    store.approvals.save([record(1, verdict=ApprovalStatus.APPROVED, why=SILENT)], settled={record(1).id})
    found = store.approvals.unsettled()
    assert [each.verdict for each in found] == [ApprovalStatus.APPROVED, ApprovalStatus.DIRECT]
    assert found[0].why == SILENT
    store.settle(*collect_alerts(found))
    assert store.approvals.unsettled() == []
    assert len(store.approvals.of_commits("p", [record(1).sha, record(2).sha])) == 2
    assert store.approvals.of_commits("q", [record(1).sha]) == []


def test_every_record_is_read_in_the_order_the_commits_came(store, monkeypatch):
    monkeypatch.setattr("bot.adapters.database.approvals.PAGE", 2)
    later = [record(number, seen_at=T0 + timedelta(hours=1)) for number in range(5)]
    earlier = [record(number, seen_at=T0) for number in range(10, 13)]
    store.approvals.advance("p", None, "a" * 40, [*later[::-1], *earlier])
    assert list(store.approvals.since()) == [*earlier, *later]
    assert list(store.approvals.since(T0 + timedelta(minutes=1))) == later
    assert list(store.approvals.since(T0)) == [*earlier, *later]


def test_what_has_ended_is_found_by_when_it_ended_settled_or_not(store):
    hours = [T0 + timedelta(hours=number) for number in range(4)]
    for number, at in enumerate(hours):
        name = f"shop-{number}"
        over = replace(INCIDENT, id=name, application=name, state=IncidentState.RESOLVED, resolved_at=at)
        store.incidents.exchange(None, over)
        live = replace(rollout(str(number) * 40), state=RolloutState.LIVE, ended_at=at)
        store.rollouts.save(live)
        merged = replace(PULL, id=f"platform#{number}", number=number, state="merged", ended_at=at)
        store.pull_requests.save(merged)
        for ended in (over, live, merged):
            store.settle(ended)
    store.incidents.exchange(None, INCIDENT)
    store.rollouts.save(rollout("f" * 40))
    store.pull_requests.save(PULL)
    elsewhere = hours[1].astimezone(timezone(timedelta(hours=5)))
    assert [incident.resolved_at for incident in store.incidents.ended(elsewhere, 9)] == hours[:0:-1]
    assert [rollout.ended_at for rollout in store.rollouts.ended(hours[1], 9)] == hours[:0:-1]
    assert [pull_request.number for pull_request in store.pull_requests.ended(hours[1], 2)] == [3, 2]


LIVE = replace(rollout("b" * 40), state=RolloutState.LIVE)
UNAPPROVED = record(1, alert="p?1", verdict=ApprovalStatus.DIRECT)
# What was reported, what it has become since, and how to save and to read it.
SETTLED = {
    "incident": (
        INCIDENT,
        replace(INCIDENT, acknowledged_by="U1"),
        lambda store, new: store.incidents.exchange(store.incidents.open_for("shop"), new),
        lambda store: store.incidents.unsettled(),
    ),
    "rollout": (
        LIVE,
        replace(LIVE, state=RolloutState.REVERTED),
        lambda store, new: store.rollouts.save(new),
        lambda store: store.rollouts.unsettled(),
    ),
    "pull request": (
        PULL,
        replace(PULL, state="merged"),
        lambda store, new: store.pull_requests.save(new),
        lambda store: store.pull_requests.unsettled(),
    ),
    "queued revert": (
        QUEUED,
        replace(QUEUED, state=QueueState.DONE),
        lambda store, new: store.queued_reverts.save(new),
        lambda store: store.queued_reverts.unsettled(),
    ),
    "alert": (
        ApprovalAlert("p?1", (UNAPPROVED,)),
        ApprovalAlert("p?1", (replace(UNAPPROVED, later=("lou",)),)),
        lambda store, new: store.approvals.save(new.reported),
        lambda store: collect_alerts(store.approvals.unsettled()),
    ),
}


@pytest.mark.parametrize(("reported", "changed", "save", "unsettled"), SETTLED.values(), ids=SETTLED)
def test_only_what_was_reported_is_settled(store, reported, changed, save, unsettled):
    save(store, reported)
    save(store, changed)
    store.settle(reported)
    assert unsettled(store) == [changed]
    store.settle(changed)
    assert unsettled(store) == []


def test_a_home_is_confirmed_by_who_published_it_last(store):
    assert store.homes.get("U1") is None
    store.homes.save(Home("U1", T0, "", T0))
    store.homes.save(Home("U2", T0 + timedelta(hours=1), "", T0))
    assert store.homes.confirm("U1", T0, "digest")
    assert store.homes.get("U1") == Home("U1", T0, "digest", T0)
    store.homes.save(Home("U1", T0, "", T0 + timedelta(seconds=1)))
    assert not store.homes.confirm("U1", T0, "older")
    assert store.homes.get("U1").digest == ""
    assert [home.user for home in store.homes.seen_since(T0, 9)] == ["U2", "U1"]
    assert [home.user for home in store.homes.seen_since(T0, 1)] == ["U2"]
    assert [home.user for home in store.homes.seen_since(T0 + timedelta(minutes=1), 9)] == ["U2"]


def test_requests_of_a_cluster_are_kept_until_they_are_too_old_or_too_many(store):
    key = ObjectKey("apps", "deployments", "shop", "web")
    user = ClusterUser("ana@example.com", "bo@example.com")
    write = ClusterWrite("w1", key, "patch", user, "kubectl-set", T0, T0, fields=("spec.replicas",), is_exact=True)
    later = [replace(write, id=f"w{number}", time=T0 + timedelta(minutes=number)) for number in range(2, 5)]
    other = replace(write, id="w9", key=replace(key, name="api"), user=None)
    store.cluster_writes.save("prod", [write, *later, other])
    store.cluster_writes.save("prod", [replace(write, fields=None, is_exact=False), replace(other, is_exact=True)])
    store.cluster_writes.save("test", [write])
    assert sorted(store.cluster_writes.of_objects("prod", [key]), key=lambda item: item.id) == [write, *later]
    assert store.cluster_writes.of_objects("prod", [other.key, replace(key, namespace="")]) == [other]
    store.cluster_writes.prune("prod", T0 + timedelta(minutes=2), limit=2)
    assert {item.id for item in store.cluster_writes.of_objects("prod", [key, other.key])} == {"w3", "w4"}
    assert store.cluster_writes.of_objects("test", [key]) == [write]
    store.cluster_writes.prune_all(T0 + timedelta(minutes=4))
    assert store.cluster_writes.of_objects("test", [key]) == []
    assert {item.id for item in store.cluster_writes.of_objects("prod", [key])} == {"w4"}


def test_whoever_floods_an_audit_log_delays_no_check(store, monkeypatch):
    """Reading 50,000 requests for one object took minutes and gigabytes at each check of its cluster."""
    monkeypatch.setattr(cluster_writes, "WRITES_OF_OBJECT", 3)
    key = ObjectKey("", "configmaps", "shop", "settings")
    times = {f"w{number}": T0 + timedelta(minutes=number) for number in range(9)}
    writes = [ClusterWrite(id_, key, "patch", None, "kubectl", at, at) for id_, at in times.items()]
    other = replace(writes[0], id="other", key=replace(key, name="other"), fields=("data.a",) * 50)
    unreadable = [unreadable_write(at, timedelta()) for at in times.values()]
    store.cluster_writes.save("prod", [*writes, other, *unreadable])

    def read():
        return set(store.cluster_writes.of_objects("prod", [key, other.key, UNREADABLE]))

    assert read() == {*writes[6:], other, *unreadable, unread_writes(key, times["w5"])}
    monkeypatch.setattr(cluster_writes, "WRITES_BYTES", 1)
    assert read() == {*unreadable, unread_writes(key, times["w8"]), unread_writes(other.key, T0)}


def test_events_wait_in_their_order_until_they_are_finished_and_are_queued_once(store):
    events = [Event(id_, EventType.INCIDENT_OPENED, "shop", T0, {"application": "shop\0"}) for id_ in ("b", "a", "c")]
    assert store.events.enabled_at(T0) == T0
    store.events.add(events[:2])
    store.events.add([*events[:2], events[2]])
    assert [queued.event.id for queued in store.events.waiting()] == ["b", "a", "c"]
    store.events.save(QueuedEvent(events[0], 2, T0 + timedelta(minutes=1)))
    store.events.finish("a")
    assert [(queued.event.id, queued.attempts) for queued in store.events.waiting()] == [("b", 2), ("c", 0)]
    assert store.events.waiting_count() == 2
    store.events.prune(T0 + timedelta(minutes=1))
    store.events.add([events[1]])
    assert [queued.event.id for queued in store.events.waiting()] == ["b", "c", "a"]
    assert store.events.enabled_at(T0 + timedelta(days=1)) == T0


def test_what_the_metrics_need_is_stored_and_filled_by_the_migration(store):
    live = replace(rollout("b" * 40), reverts=("a" * 40,), merged_at=T0.astimezone(timezone(timedelta(hours=5))))
    store.rollouts.save(live)
    store.rollouts.save(rollout("c" * 40))
    resolved = replace(INCIDENT, state=IncidentState.RESOLVED, resolved_at=T0 + timedelta(minutes=5), ended="git")
    for incident in (resolved, replace(INCIDENT, id="search@1", application="search", state=IncidentState.SUSPECTED)):
        assert store.incidents.exchange(None, incident)
    for fill in (lambda: None, lambda: _upgrade(store)):
        fill()
        assert {deployment.revision for deployment in store.rollouts.deployments(T0)} == {"b" * 40, "c" * 40}
        assert store.rollouts.deployments(T0 + timedelta(seconds=1)) == []
        assert store.incidents.records(resolved.resolved_at) == [record_of(resolved)]
        assert store.incidents.records(resolved.resolved_at + timedelta(seconds=1)) == []


def test_rows_of_the_last_release_are_read_with_all_of_their_fields(store, url):
    """One of each stored type, with every field set, as the release before migration 0010 wrote them."""
    with store.database.begin() as connection:
        for name, rows in json.loads(STORED_ROWS.read_text(encoding="utf-8")).items():
            for row in rows:
                body = {"body": compact_json(row["body"])} if "body" in row else {}
                connection.execute(metadata.tables[name].insert().values(row | body))
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0009'")
    SqlStore(url).close()
    migrated = stored_fields(store)

    store.checks.save(list(store.checks.latest().values()))
    (incident,) = store.incidents.unsettled()
    assert store.incidents.exchange(incident, incident)
    (merged,), (approval,) = store.rollouts.unsettled(), store.approvals.unsettled()
    store.rollouts.save(merged)
    store.approvals.save([approval])
    pulls, (queued,), (event,) = (
        store.pull_requests.unsettled(),
        store.queued_reverts.unsettled(),
        store.events.waiting(),
    )
    for pull in pulls:
        store.pull_requests.save(pull)
    store.queued_reverts.save(queued)
    store.events.save(event)
    for intent in store.intents.unfinished():
        store.intents.save(intent)
    writes = store.cluster_writes.of_objects("prod", [ObjectKey("apps", "deployments", "shop", "web")])
    store.cluster_writes.save("prod", writes)

    assert stored_fields(store) >= migrated
    assert [pull.id for pull in pulls] == ["platform#7", "platform#8", "platform@release#8"]
    assert pulls[0].change.effects[0].irreversible[0].reason is IrreversibleReason.DEFINITION
    assert (store.cards.get("platform#7#C1").ts, event.event.id) == ("1.2", "platform#7/opened")
    assert store.approvals.of_commits("platform@refs/heads/release", ["a" * 40]) == [approval]
    heads = ("platform", "platform@refs/heads/release", "platform@release", "platform@HEAD")
    assert [store.approvals.head(name) for name in heads] == ["b" * 40, "a" * 40, None, "a" * 40]


def compact_json(value):
    """As pydantic writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def stored_fields(store):
    """The table and the name of every field in a body."""
    bodies = [(table.name, body) for table in WITH_BODY for body in store.database.scalars(sa.select(table.c.body))]
    return {(name, field) for name, body in bodies for field in _fields(json.loads(body))}


def _fields(value):
    match value:
        case dict():
            yield from value
            for item in value.values():
                yield from _fields(item)
        case list():
            for item in value:
                yield from _fields(item)


def _upgrade(store):
    with store.database.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        v0008_delivery.upgrade()

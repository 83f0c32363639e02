"""State outlives a restart, in SQLite and in PostgreSQL alike."""

import json
import os
import shutil
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.adapters.database import store as store_module
from bot.adapters.database.store import SqlStore
from bot.core.access.audit import AuditEntry, Origin
from bot.core.approvals.approval import ApprovalStatus, Judgement
from bot.core.drift.model import Check, FieldDrift, ObjectDrift, Status
from bot.core.incidents.incident import Incident, IncidentState
from bot.core.pull_requests.queued import QueuedRevert, QueueState
from bot.core.pull_requests.revert import RevertRequest
from bot.core.pull_requests.revert_pull import RevertPullRequest
from bot.core.rollouts.rollout import Change, Part, PendingState, Rollout, RolloutState
from bot.handlers.incidents.control import change
from bot.i18n.language import Language, LocalizedText, Phrase, Translator
from bot.ports.store import Home, Posted, StoreError

T0 = datetime(2026, 3, 1, 2, 47, tzinfo=UTC)
SILENT = LocalizedText(
    Phrase(en="Cluster prod could not {what}: it broke off.", es="El cluster prod no pudo {what}: se cortó."),
    what=LocalizedText(Phrase(en="list {kind}", es="listar {kind}"), kind="pods"),
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
PULL = RevertPullRequest(
    "platform#1", "platform", 1, "https://forge.example/1", "Revert", "U1", "abc", ("C1",), ("shop",), T0
)


QUEUED = QueuedRevert(
    "queued-1@2026",
    RevertRequest("ana", "#12", "shop", "why", "https://slack.example/1", large=True),
    "U1",
    "C2",
    "C1",
    T0,
    T0 + timedelta(minutes=47),
    SILENT,
)


def rollout(revision):
    part = Part("shop", "prod", "C1", lacking=PendingState(("Deployment web",), total=1))
    return Rollout(f"platform@{revision}", "platform", "main", revision, None, "Subject", "Ana", T0, (part,))


def postgres_binaries():
    found = shutil.which("initdb")
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if found:
        return Path(found).parent
    assert places, "PostgreSQL is not installed: apt-get install postgresql, or put initdb and postgres on the PATH"
    return places[0]


def _run(argv, folder):
    subprocess.run(argv, check=True, capture_output=True, cwd=folder)


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory):
    """A PostgreSQL of our own on a socket in a temporary folder; it refuses to run as root, so root lends it a user."""
    binaries = postgres_binaries()
    folder = tmp_path_factory.mktemp("pg")
    prefix = []
    if os.geteuid() == 0:
        prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=+dac_override"]
        prefix += ["--ambient-caps=+dac_override", "--"]
        os.chown(folder, 65534, 65534)
    data = folder / "data"
    _run([*prefix, binaries / "initdb", "-D", data, "-U", "bot", "-A", "trust", "--no-sync"], folder)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # TCP: a socket's path may have 107 characters, and a checkout may lie deeper.
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c fsync=off -c unix_socket_directories="
    control = [*prefix, binaries / "pg_ctl", "-D", data, "-w", "-o", options, "-l", folder / "log"]
    _run([*control, "start"], folder)
    try:
        yield f"postgresql+psycopg://bot@127.0.0.1:{port}/postgres"
    finally:
        _run([*control, "-m", "immediate", "stop"], folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/state.db"
    url = request.getfixturevalue("postgresql")
    store = SqlStore(url)
    with store._begin() as connection:
        for table in reversed(store_module._tables.sorted_tables):
            connection.execute(table.delete())
    store.close()
    return url


@pytest.fixture
def store(url):
    made = SqlStore(url)
    yield made
    made.close()


def test_a_check_comes_back_whole_but_for_what_was_set_aside(store):
    store.save_checks([CHECK])
    store.save_checks([replace(CHECK, objects=4, notes=(SILENT, "plain"))])
    assert store.checks() == {"shop": replace(CHECK, objects=4, notes=(SILENT, "plain"))}
    assert Translator(Language.SPANISH).told(store.checks()["shop"].notes[0]).startswith("El cluster prod no pudo ")
    assert store.checks()["shop"].set_aside == ()


def test_everything_outlives_a_restart(url):
    first = SqlStore(url)
    first.advance_head("platform", None, "b" * 40, [rollout("b" * 40)])
    first.exchange_incident(None, INCIDENT)
    first.save_pull_request(PULL)
    first.save_card("shop@1", Posted("C1", "1.2", "digest", T0))
    first.close()
    second = SqlStore(url)
    assert second.head("platform") == "b" * 40
    assert second.incident("shop") == INCIDENT
    assert second.rollouts() == [rollout("b" * 40)]
    assert second.pulls() == [PULL]
    assert second.card("shop@1") == Posted("C1", "1.2", "digest", T0)
    second.close()


def test_a_sentence_still_knows_every_language_when_it_comes_back(store):
    """It is told in the language of whoever reads it, perhaps after a restart."""
    merged = rollout("b" * 40)
    parts = (replace(merged.parts[0], error=SILENT, change=Change(why=SILENT)),)
    store.save_checks([replace(CHECK, error=SILENT)])
    store.exchange_incident(None, replace(INCIDENT, blind=SILENT))
    store.save_rollout(replace(merged, parts=parts))
    part = store.rollouts()[0].parts[0]
    kept = [store.checks()["shop"].error, store.incident("shop").blind, part.error, part.change.why]
    assert kept == [SILENT] * 4
    assert {Translator(Language.SPANISH).told(each) for each in kept} == {
        "El cluster prod no pudo listar pods: se cortó."
    }


def test_a_queued_revert_comes_back_whole_until_it_is_settled(store):
    later = replace(QUEUED, id="queued-2@2026", asked_at=T0 + timedelta(hours=1))
    for each in (later, QUEUED):
        store.save_queued(each)
    first, second = store.queued()
    assert (first, second) == (QUEUED, later)
    assert Translator(Language.SPANISH).told(first.reason) == "El cluster prod no pudo listar pods: se cortó."
    done = replace(QUEUED, state=QueueState.DONE, result="Pull request #1 is open.", url="https://forge.example/1")
    store.save_queued(done)
    assert store.queued() == [done, later]
    store.settle(done.id)
    assert store.queued() == [later]


def test_a_resolved_incident_is_still_to_be_told_until_it_is_settled(store):
    ended = replace(INCIDENT, state=IncidentState.RESOLVED, resolved_at=T0 + timedelta(minutes=1), ended="git")
    store.exchange_incident(None, ended)
    assert store.incident("shop") is None
    assert store.incidents() == [ended]
    store.settle(ended.id)
    assert store.incidents() == []


def test_an_incident_is_exchanged_only_while_it_is_what_was_read(store):
    taken, slept = replace(INCIDENT, acknowledged_by="U1"), replace(INCIDENT, snoozed_by="U2")
    assert store.exchange_incident(None, INCIDENT)
    assert store.exchange_incident(INCIDENT, taken)
    assert not store.exchange_incident(INCIDENT, slept)
    assert not store.exchange_incident(INCIDENT, None)
    assert store.incident("shop") == taken
    another = replace(INCIDENT, id="shop@2")
    assert store.exchange_incident(taken, another)
    assert store.incidents() == [another]


def test_an_application_has_one_incident_that_is_not_resolved(store):
    assert store.exchange_incident(None, INCIDENT)
    assert not store.exchange_incident(None, INCIDENT)
    assert not store.exchange_incident(None, replace(INCIDENT, id="shop@2"))
    ended = replace(INCIDENT, state=IncidentState.RESOLVED, resolved_at=T0, ended="git")
    assert store.exchange_incident(INCIDENT, ended)
    assert store.exchange_incident(None, replace(INCIDENT, id="shop@2"))
    assert [each.id for each in store.incidents()] == ["shop@1", "shop@2"]


def test_of_changes_at_once_none_is_lost(store, url):
    store.exchange_incident(None, replace(INCIDENT, looks=0))
    stores = [SqlStore(url) for _ in range(4)]

    def count(each):
        def another(incident):
            return replace(incident, looks=incident.looks + 1)

        for _ in range(10):
            change(each, INCIDENT, another)

    with ThreadPoolExecutor(len(stores)) as pool:
        list(pool.map(count, stores))
    for each in stores:
        each.close()
    assert store.incident("shop").looks == 40


def test_of_incidents_found_at_once_by_two_replicas_one_is_kept(store, url):
    stores = [SqlStore(url) for _ in range(4)]
    found = [replace(INCIDENT, id=f"shop@{number}") for number in range(len(stores))]
    with ThreadPoolExecutor(len(stores)) as pool:
        kept = list(pool.map(lambda each, incident: each.exchange_incident(None, incident), stores, found))
    for each in stores:
        each.close()
    assert kept.count(True) == 1
    assert store.incidents() == [found[kept.index(True)]]


def before_history(**told):
    """An incident as it was written before it had a history."""
    replicas = {"change": "changed", "path": "spec.replicas", "desired": 2, "live": 7, "manager": None, "time": None}
    drift = [
        {"api_version": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "web", "change": "modified"}
        | {"fields": [replicas | {"reason": ""}], "reason": ""}
    ]
    at = "2026-03-01T02:47:00Z"
    body = {"id": "shop@1", "application": "shop", "cluster": "prod", "channel": "C1", "state": "open", "since": at}
    body |= {"checked_at": at, "revision": "a" * 40, "drift": drift, "looks": 2, "worst": drift}
    body |= {"grown": [{"at": at, "drift": drift}], "blind": None, "resolved_at": None, "ended": None}
    return body | told


@pytest.mark.parametrize(
    ("told", "state", "events"),
    [
        ({}, IncidentState.OPEN, ["grown-0"]),
        ({"state": "suspected", "grown": []}, IncidentState.SUSPECTED, []),
        (
            {"state": "resolved", "resolved_at": "2026-03-01T02:50:00Z", "ended": "git"},
            IncidentState.RESOLVED,
            ["grown-0", "ended"],
        ),
    ],
)
def test_an_incident_of_before_is_read_and_can_be_changed(store, told, state, events):
    row = {"id": "shop@1", "application": "shop", "resolved": state is IncidentState.RESOLVED, "settled": False}
    with store._begin() as connection:
        table = store_module._incidents
        connection.execute(table.insert().values(**row, body=json.dumps(before_history(**told))))
    (incident,) = store.incidents()
    assert incident.state is state
    assert [event.id for event in incident.history] == events
    assert (incident.announced_at is None) == (state is IncidentState.SUSPECTED)
    assert store.exchange_incident(incident, replace(incident, blind="503"))
    assert store.incidents() == [replace(incident, blind="503")]


def test_rollouts_come_oldest_first_and_settled_ones_by_revision(store):
    store.advance_head("platform", None, "c" * 40, [rollout("b" * 40), rollout("a" * 40)])
    store.save_rollout(replace(rollout("b" * 40), state=RolloutState.LIVE))
    assert [each.revision[0] for each in store.rollouts()] == ["b", "a"]
    store.settle(f"platform@{'b' * 40}")
    assert [each.revision[0] for each in store.rollouts()] == ["a"]
    assert store.rollouts_of(["b" * 40])[0].state is RolloutState.LIVE


def test_two_that_move_a_head_at_once_keep_its_rollouts_once(store):
    assert store.advance_head("platform", None, "a" * 40, [])
    assert not store.advance_head("platform", None, "b" * 40, [rollout("b" * 40)])
    assert store.advance_head("platform", "a" * 40, "b" * 40, [rollout("b" * 40)])
    store.save_rollout(replace(rollout("b" * 40), state=RolloutState.LIVE))
    assert not store.advance_head("platform", "a" * 40, "b" * 40, [rollout("b" * 40)])
    assert [each.state for each in store.rollouts()] == [RolloutState.LIVE]


def test_of_several_replicas_one_leads_until_it_stops(postgresql):
    first, second = SqlStore(postgresql), SqlStore(postgresql)
    assert first.lead()
    assert first.lead()
    assert not second.lead()
    first.close()
    assert second.lead()
    second.close()


def test_a_database_of_its_own_needs_no_election(tmp_path):
    stores = [SqlStore(f"sqlite:///{tmp_path}/{name}.db") for name in "ab"]
    assert all(store.lead() for store in stores)
    for store in stores:
        store.close()


def test_a_suspicion_and_a_card_can_be_forgotten(store):
    assert store.exchange_incident(None, INCIDENT)
    assert store.exchange_incident(INCIDENT, None)
    store.save_card("key", Posted("C1", "1.2", "digest", T0))
    store.drop_card("key")
    assert store.incident("shop") is None
    assert store.card("key") is None


ENTRY = AuditEntry(T0, "U1", "revert abc", "Opened 7", Origin.BUTTON, "C1", ("shop", "payments"))


def test_the_audit_log_comes_back_whole_and_in_order(store):
    entries = [replace(ENTRY, what=f"revert {number}", at=T0 + timedelta(seconds=number)) for number in range(1_001)]
    for entry in entries:
        store.audit(entry)
    assert list(store.audit_entries()) == entries


def test_the_audit_log_is_read_from_a_second_on(store):
    zone = timezone(timedelta(hours=-3))
    times = [T0 - timedelta(microseconds=1), T0, T0 + timedelta(microseconds=1), (T0 + timedelta(1)).astimezone(zone)]
    for at in times:
        store.audit(replace(ENTRY, at=at))
    assert [entry.at for entry in store.audit_entries(T0)] == times[1:]
    assert [entry.at for entry in store.audit_entries(T0.astimezone(zone))] == times[1:]


def test_who_reads_the_audit_log_holds_up_nobody(store):
    store.audit(ENTRY)
    reading = store.audit_entries()
    assert next(reading) == ENTRY
    store.audit(replace(ENTRY, who="U2"))
    assert [entry.who for entry in reading] == ["U2"]


def test_of_several_replicas_one_claims_a_key(url):
    stores = [SqlStore(url) for _ in range(2)]
    with ThreadPoolExecutor(8) as pool:
        claims = [pool.submit(stores[number % 2].claim, f"click {number // 8}", T0) for number in range(40)]
        assert sum(claim.result() for claim in claims) == 5
    again = SqlStore(url)  # a restart
    assert not again.claim("click 0", T0 + timedelta(hours=23))
    assert again.claim("click 0", T0 + timedelta(hours=25))
    for each in (*stores, again):
        each.close()


# As the first version made it.
FIRST_AUDIT = {
    "sqlite": "CREATE TABLE audit (id INTEGER NOT NULL PRIMARY KEY, at TEXT NOT NULL, who TEXT NOT NULL, "
    "what TEXT NOT NULL, result TEXT NOT NULL)",
    "postgresql": "CREATE TABLE audit (id SERIAL PRIMARY KEY, at TEXT NOT NULL, who TEXT NOT NULL, "
    "what TEXT NOT NULL, result TEXT NOT NULL)",
}
FIRST_INSERT = (
    "INSERT INTO audit (at, who, what, result) VALUES ('2026-03-01T02:47:00+00:00', 'U1', 'revert abc', 'denied')"
)


def test_tables_of_the_first_version_are_brought_along(url):
    first = sa.create_engine(url, poolclass=sa.pool.NullPool)
    with first.begin() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS audit")
        connection.exec_driver_sql(FIRST_AUDIT[connection.dialect.name])
        connection.exec_driver_sql(FIRST_INSERT)
    with ThreadPoolExecutor(4) as pool:  # replicas that start at once
        stores = [made.result() for made in [pool.submit(SqlStore, url) for _ in range(4)]]
    stores[0].audit(replace(ENTRY, at=T0 + timedelta(minutes=1)))
    with first.begin() as connection:  # a replica of the first version that still runs
        connection.exec_driver_sql(FIRST_INSERT)
    old = AuditEntry(T0, "U1", "revert abc", "denied")
    assert list(stores[1].audit_entries()) == [old, replace(ENTRY, at=T0 + timedelta(minutes=1)), old]
    for each in stores:
        each.close()
    SqlStore(url).close()
    first.dispose()


def test_a_database_that_does_not_answer_is_one_sentence_without_its_password(tmp_path):
    with pytest.raises(StoreError, match="check store: or DATABASE_URL") as raised:
        SqlStore(f"postgresql+psycopg://bot:hunter2@/nothing?host={tmp_path}&connect_timeout=1")
    assert "hunter2" not in str(raised.value)


# ---------------------------------------------------------------- judgements


def judgement(number, **told):
    sha = f"{number:040x}"
    made = Judgement(f"p@{sha}", "p", "main", sha, None, "Subject", "Ana", T0, "f" * 40, number, T0)
    return replace(made, **told)


def test_judgements_move_with_the_head_they_were_made_for(store):
    assert store.judged_head("p") is None
    assert store.advance_judged("p", None, "a" * 40, [])
    assert not store.advance_judged("p", None, "b" * 40, [judgement(1)])
    assert not store.advance_judged("p", "c" * 40, "b" * 40, [judgement(1)])
    assert store.judgements() == []
    assert store.advance_judged("p", "a" * 40, "b" * 40, [judgement(2), judgement(1)])
    assert store.judged_head("p") == "b" * 40
    assert store.judgements() == [judgement(1), judgement(2)]


def test_a_batch_is_read_whole_until_all_of_it_is_settled(store):
    store.advance_judged("p", None, "a" * 40, [judgement(1), judgement(2, alert="p?1", verdict=ApprovalStatus.DIRECT)])
    store.save_judgements([judgement(1, verdict=ApprovalStatus.APPROVED, why=SILENT)], settled={judgement(1).id})
    found = store.judgements()
    assert [each.verdict for each in found] == [ApprovalStatus.APPROVED, ApprovalStatus.DIRECT]
    assert Translator(Language.SPANISH).told(found[0].why).startswith("El cluster")
    store.settle("p?1")
    assert store.judgements() == []
    assert len(store.judgements_of("p", [judgement(1).sha, judgement(2).sha])) == 2
    assert store.judgements_of("q", [judgement(1).sha]) == []


def test_every_judgement_is_read_in_the_order_the_commits_came(store, monkeypatch):
    monkeypatch.setattr(store_module, "_PAGE", 2)
    later = [judgement(number, seen_at=T0 + timedelta(hours=1)) for number in range(5)]
    earlier = [judgement(number, seen_at=T0) for number in range(10, 13)]
    store.advance_judged("p", None, "a" * 40, [*later[::-1], *earlier])
    assert list(store.judgements_since()) == [*earlier, *later]
    assert list(store.judgements_since(T0 + timedelta(minutes=1))) == later
    assert list(store.judgements_since(T0)) == [*earlier, *later]


def test_what_has_ended_is_found_by_when_it_ended_settled_or_not(store):
    hours = [T0 + timedelta(hours=number) for number in range(4)]
    for number, at in enumerate(hours):
        name = f"shop-{number}"
        over = replace(INCIDENT, id=name, application=name, state=IncidentState.RESOLVED, resolved_at=at)
        store.exchange_incident(None, over)
        store.save_rollout(replace(rollout(str(number) * 40), state=RolloutState.LIVE, ended_at=at))
        store.save_pull_request(replace(PULL, id=f"platform#{number}", number=number, state="merged", ended_at=at))
        for id_ in (name, f"platform@{str(number) * 40}", f"platform#{number}"):
            store.settle(id_)
    store.exchange_incident(None, INCIDENT)
    store.save_rollout(rollout("f" * 40))
    store.save_pull_request(PULL)
    elsewhere = hours[1].astimezone(timezone(timedelta(hours=5)))
    assert [each.resolved_at for each in store.ended_incidents(elsewhere, 9)] == hours[:0:-1]
    assert [each.ended_at for each in store.ended_rollouts(hours[1], 9)] == hours[:0:-1]
    assert [each.number for each in store.ended_pull_requests(hours[1], 2)] == [3, 2]


def test_a_home_is_confirmed_by_who_published_it_last(store):
    assert store.home("U1") is None
    store.save_home(Home("U1", T0, "", T0))
    store.save_home(Home("U2", T0 + timedelta(hours=1), "", T0))
    assert store.confirm_home("U1", T0, "digest")
    assert store.home("U1") == Home("U1", T0, "digest", T0)
    store.save_home(Home("U1", T0, "", T0 + timedelta(seconds=1)))
    assert not store.confirm_home("U1", T0, "older")
    assert store.home("U1").digest == ""
    assert [each.user for each in store.homes(T0, 9)] == ["U2", "U1"]
    assert [each.user for each in store.homes(T0, 1)] == ["U2"]
    assert [each.user for each in store.homes(T0 + timedelta(minutes=1), 9)] == ["U2"]

"""What a database must keep and cannot, and a database that fails."""

import json
import os
import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.adapters.database import engine, records, tables
from bot.adapters.database import store as store_module
from bot.adapters.database.locks import MIGRATION
from bot.adapters.database.records import Records, storable
from bot.adapters.database.store import SqlStore
from bot.core.access.audit import AuditEntry, Origin
from bot.core.applications.discovery import ApplicationInventory
from bot.core.drift.model import Check, FieldDrift, ObjectDrift, Status
from bot.core.incidents.alerting import AlertPolicy
from bot.core.incidents.incident import Incident
from bot.core.leases import LEADER
from bot.handlers.incidents.record import apply_timers_to_all, resolve_unwatched_incidents
from bot.handlers.queries.status import status
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.handlers.slack.cards import CardReconciler
from bot.i18n.catalogue.set_aside import BOTH_RULES
from bot.i18n.language import ENGLISH, join_texts
from bot.ports.store import StoreError
from tests.common.clock import Clock
from tests.common.samples import T0, application, check, incident
from tests.common.slack import DEPLOYS, cards, slack_chat
from tests.common.wait import wait_for


def nested(depth):
    value = "bottom"
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


def differing(live, desired=1):
    field = FieldDrift("changed", "spec.x", desired, live, "kubectl", T0)
    return (ObjectDrift("example.com/v1", "Thing", "shop", "thing", "modified", (field,)),)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def store(request, tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('store')}/state.db"
    store = SqlStore(url if request.param == "sqlite" else request.getfixturevalue("postgresql").url)
    yield store
    store.close()


@pytest.fixture
def empty_store(store):
    with store.database.begin() as connection:
        for table in reversed(tables.metadata.sorted_tables):
            connection.execute(table.delete())
    return store


STRANGE = {
    **{f"nested {depth} deep": nested(depth) for depth in (100, 199, 200, 247, 256, 900, 5000)},
    "a lone surrogate": "a\ud800b",
    "a lone surrogate as a key": {"\udfff": 1},
    "NUL": "a\0b",
    "an integer of 5,000 digits": 10**5000,
    "no number": [float("nan"), float("inf")],
    "bytes": b"\xff\xfe",
}


@pytest.mark.parametrize("live", STRANGE.values(), ids=STRANGE)
def test_whatever_a_value_is_all_checks_and_incidents_are_kept(empty_store, live):
    store = empty_store
    drift = differing(live)
    store.checks.save([check("before"), check("odd", drift=drift), check("after")])
    assert {name: saved.status for name, saved in store.checks.latest().items()} == {
        "before": Status.SYNCED,
        "odd": Status.OUT_OF_SYNC,
        "after": Status.SYNCED,
    }
    assert store.incidents.exchange(None, incident("odd", drift=drift, worst=drift))
    kept = store.incidents.open_for("odd")
    assert store.incidents.exchange(kept, replace(kept, checked_at=T0 + timedelta(hours=1)))
    assert store.incidents.unsettled()[0].drift[0].fields[0].path == "spec.x"


TEXT = st.text(st.characters(codec=None), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=VALUES, text=TEXT, depth=st.integers(0, 1000))
def test_any_value_and_any_text_can_be_stored(store, value, text, depth):
    for _ in range(depth):
        value = [value]
    store.checks.save([check("odd", drift=differing(value), error=text)])
    assert "odd" in store.checks.latest()
    store.audit_log.append(AuditEntry(T0, "U1", text, text, Origin.COMMAND))
    assert store.claims.claim(text, T0) or not store.claims.claim(text, T0)
    assert storable(storable(value)) == storable(value) or "nan" in repr(value)


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (json.loads("[" * 100 + "]" * 100), json.loads("[" * 100 + "]" * 100)),
        (json.loads("[" * 101 + "]" * 101), json.loads("[" * 100 + '"…"' + "]" * 100)),
        ([2**63 - 1, -(2**63)], [2**63 - 1, -(2**63)]),
        ([2**63, -(2**63) - 1], ["0x8000000000000000", "-0x8000000000000001"]),
    ],
    ids=["nested", "nested more", "integers", "larger integers"],
)
def test_a_value_is_stored_up_to_its_bounds(value, stored):
    assert storable(value) == stored


@pytest.mark.parametrize("number", [2, 100, 1_000])
def test_an_incident_ends_for_any_number_of_reasons(store, number):
    reason = join_texts(BOTH_RULES, [f"rule {rule}" for rule in range(number)])
    store.incidents.exchange(None, replace(incident(f"reasons-{number}"), ended_reason=reason))
    stored = next(stored for stored in store.incidents.unsettled() if stored.application == f"reasons-{number}")
    assert str(stored.ended_reason).endswith(f"; rule {number - 1}")


def test_a_row_is_read_once_and_the_records_in_memory_have_a_bound(monkeypatch):
    monkeypatch.setattr(records, "CACHED_BYTES", 1_000)
    numbers = Records(list[int])
    bodies = [numbers.dump([number] * 90) for number in range(20)]
    assert numbers.load(bodies[0]) is numbers.load(bodies[0])
    assert numbers.load_all(bodies) == [[number] * 90 for number in range(20)]
    assert numbers.load(numbers.dump([1] * 900)) == [1] * 900
    assert sum(size for _, size in numbers._cache.values()) <= 1_000


def test_rows_that_nobody_can_read_are_left_out_and_an_incident_makes_room(empty_store):
    store = empty_store
    for name in ("shop", "cart"):
        store.checks.save([check(name)])
        store.incidents.exchange(None, incident(name))
    with store.database.begin() as connection:
        for table in (tables.checks, tables.incidents):
            connection.execute(table.update().where(table.c.application == "shop").values(body="{}"))
    assert list(store.checks.latest()) == ["cart"]
    assert [kept.application for kept in store.incidents.unsettled()] == ["cart"]
    assert store.incidents.open_for("shop") is None
    assert store.incidents.exchange(None, incident("shop", id="shop@2"))
    assert store.incidents.open_for("shop").id == "shop@2"


def test_a_row_of_an_earlier_version_that_pydantic_cannot_read_is_read(empty_store):
    store = empty_store
    store.checks.save([check("odd", drift=differing("HERE"))])
    with store.database.begin() as connection:
        body = connection.execute(sa.text("SELECT body FROM checks")).scalar()
        deep = body.replace('"HERE"', json.dumps(nested(240)))
        connection.execute(sa.text("UPDATE checks SET body = :body"), {"body": deep})
    assert store.checks.latest()["odd"].drift[0].fields[0].live == nested(240)


def test_a_key_that_postgresql_refuses_stops_no_other_card(empty_postgresql, slack):
    channel = "C" + "".join(sha256(bytes([number])).hexdigest() for number in range(100)).upper()  # can't be compressed
    with closing(SqlStore(empty_postgresql)) as store:
        store.leases.renew({LEADER})
        reconciler = CardReconciler(
            store, slack_chat(slack), Clock(T0), lambda _: ENGLISH, AlertPolicy(), default_channel=DEPLOYS
        )
        first = replace(incident(), id="other@1", application="other", channel=channel)
        for stored in (first, incident()):
            assert store.incidents.exchange(None, stored)
        for _ in range(2):
            reconciler.reconcile()
    assert [card.text[:20] for card in cards(slack)] == ["Minor drift in shop "]


def test_a_database_that_restarts_is_used_again(postgresql):
    store = SqlStore(postgresql.url)
    try:
        postgresql.stop()
        with pytest.raises(StoreError, match="is not responding"):
            store.checks.save([check("shop")])
        with pytest.raises(StoreError, match="is not responding"):
            store.leases.renew({LEADER})
        postgresql.start()
        store.checks.save([check("shop")])
        assert store.leases.renew({LEADER}) == {LEADER}
        # A connection that breaks in the pool is replaced before it is used.
        with store.database.begin() as connection:
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND pid > 0"
            connection.execute(sa.text(f"{others} AND backend_type = 'client backend'"))
        assert "shop" in store.checks.latest()
        assert store.leases.renew({LEADER}) == set()
        assert store.leases.get(LEADER)
    finally:
        store.close()


@pytest.mark.parametrize(
    ("bound", "statement", "kind"),
    [
        ("STATEMENT_SECONDS", "SELECT pg_sleep(60)", "QueryCanceled"),
        ("LOCK_SECONDS", "LOCK TABLE checks", "LockNotAvailable"),
    ],
)
def test_postgresql_gives_a_statement_up(postgresql, monkeypatch, bound, statement, kind):
    monkeypatch.setattr(engine, bound, 1)
    store = SqlStore(postgresql.url)
    try:
        with store.database.begin() as other:
            other.execute(sa.text("LOCK TABLE checks"))
            with pytest.raises(StoreError, match=kind), store.database.begin() as connection:
                connection.execute(sa.text(statement))
    finally:
        store.close()


PROCESS = sa.text("SELECT pg_backend_pid()")


def test_a_connection_whose_server_hangs_is_replaced(postgresql, monkeypatch):
    """As after a failover behind a proxy: old connections get no response, and new ones work."""
    monkeypatch.setattr(engine, "RESPONSE_SECONDS", 0.5)
    monkeypatch.setattr(store_module, "LEASE_SECONDS", 0.5)
    store = SqlStore(postgresql.url)
    processes = []

    def hang(process):
        processes.append(process)
        os.kill(process, signal.SIGSTOP)

    def hang_in_transaction(database):
        with database.begin() as connection:
            hang(connection.execute(PROCESS).scalar())
            connection.execute(PROCESS)

    try:
        store.leases.renew({LEADER})
        for database in (store.database, store.leases._database):
            with pytest.raises(StoreError, match="ConnectionTimeout"):
                hang_in_transaction(database)
            hang(database.scalar(PROCESS))  # while it's in the pool
        store.checks.save([check("shop")])
        store.leases.renew({LEADER})
        assert store.leases.held({LEADER}) == [LEADER]
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)
        store.close()


def test_a_migration_may_take_longer_than_other_statements(postgresql, monkeypatch):
    """It waits for another replica that migrates the same database."""
    monkeypatch.setattr(engine, "RESPONSE_SECONDS", 0.3)
    SqlStore(postgresql.url).close()
    other = sa.create_engine(postgresql.url, poolclass=sa.pool.NullPool)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory' AND now() - query_start > '0.6 s'"

    def has_waited():
        with other.begin() as connection:
            return connection.execute(sa.text(waiting)).scalar()

    with ThreadPoolExecutor(1) as pool:
        with other.begin() as connection:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION)))
            started = pool.submit(SqlStore, postgresql.url)
            wait_for(lambda: started.done() or has_waited())
        started.result().close()
    other.dispose()


def read_only_sqlite(tmp_path, _):
    path = tmp_path / "state.db"
    store = SqlStore(f"sqlite:///{path}")
    store.checks.save([check("shop")])

    def forbid():
        # Root may write to any file, so the file itself says no.
        store.database.close()
        with store.database.begin() as connection:
            connection.exec_driver_sql("PRAGMA query_only = ON")

    return store, forbid


def read_only_postgresql(_, postgresql):
    store = SqlStore(postgresql.url)
    store.checks.save([check("shop")])

    def forbid():
        with store.database.begin() as connection:
            connection.execute(sa.text("ALTER DATABASE postgres SET default_transaction_read_only = on"))
        store.database.close()

    return store, forbid


@pytest.mark.parametrize(
    ("make", "kind"),
    [(read_only_sqlite, "SQLITE_READONLY"), (read_only_postgresql, "ReadOnlySqlTransaction")],
    ids=["sqlite", "postgresql"],
)
def test_a_read_only_database_is_still_read(tmp_path, postgresql, make, kind):
    store, forbid = make(tmp_path, postgresql)
    try:
        forbid()
        assert store.checks.latest()["shop"] == check("shop")
        with pytest.raises(StoreError, match=kind):
            store.checks.save([check("shop", objects=7)])
    finally:
        with store.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if store.database.is_shared:
                connection.execute(sa.text("SET default_transaction_read_only = off"))
                connection.execute(sa.text("ALTER DATABASE postgres RESET default_transaction_read_only"))
        store.close()


@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_database_file_that_is_removed_or_replaced_is_not_written_to(tmp_path, is_replaced):
    path = tmp_path / "state.db"
    with closing(SqlStore(f"sqlite:///{path}")) as store:
        store.checks.save([check("shop")])
        if is_replaced:
            shutil.copy(path, tmp_path / "backup.db")
            (tmp_path / "backup.db").replace(path)
        else:
            path.unlink()
        for use in (store.checks.latest, lambda: store.checks.save([check("web")])):
            with pytest.raises(StoreError, match=r"state\.db, was removed or replaced .* Restart the bot"):
                use()


def test_a_database_of_a_later_version_is_left_alone(tmp_path):
    url = f"sqlite:///{tmp_path}/state.db"
    with closing(SqlStore(url)) as store, store.database.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="A later version of gitops-bot has changed the state database"):
        SqlStore(url)


class CountingChat:
    """Takes every message."""

    def __init__(self):
        self.posts = 0

    def post(self, *_, **__):
        self.posts += 1
        return f"{self.posts}.0"


def test_timers_and_ends_block_other_writes_only_for_one_card_at_a_time(empty_store, monkeypatch):
    cards = {"a": "C1/cluster/1@0", "b": "C1/cluster/1@0", "c": "C1/cluster/2@0", "d": None, "e": None}
    for name, card in cards.items():
        empty_store.incidents.exchange(None, incident(name, group=card, opened_at=T0))
    begin, changes = empty_store.transaction, []

    @contextmanager
    def transaction():
        before = empty_store.incidents.unsettled()
        with begin():
            yield
        changed = [item.application for item in empty_store.incidents.unsettled() if item not in before]
        changes.append("".join(changed))

    monkeypatch.setattr(empty_store, "transaction", transaction)
    now = T0 + timedelta(hours=2)
    apply_timers_to_all(empty_store, now, AlertPolicy(remind_every=timedelta(hours=1)))
    resolve_unwatched_incidents(empty_store, set(), now, lambda *_: True, lambda _: True, lambda *_: False)
    assert changes == ["ab", "c", "d", "e"] * 2


def test_a_thousand_open_incidents_take_few_statements(tmp_path):
    """On 50 shared cards, which Slack shows: neither an incident, an application nor a card takes one of its own."""
    store, chat = SqlStore(f"sqlite:///{tmp_path}/state.db"), CountingChat()
    names = [f"app-{number:05}" for number in range(1_000)]
    opened, checked = Records(Incident).dump(incident("NAME", group="GROUP")), Records(Check).dump(check("NAME"))
    incidents = [
        {
            "id": f"{name}@1",
            "application": name,
            "resolved": False,
            "settled": False,
            "body": opened.replace("NAME", name).replace("GROUP", f"C1/cluster/{number % 50}@{T0.isoformat()}"),
        }
        for number, name in enumerate(names)
    ]
    checks = [{"application": name, "body": checked.replace("NAME", name)} for name in names]
    with store.database.begin() as connection:
        connection.execute(tables.incidents.insert(), incidents)
        connection.execute(tables.checks.insert(), checks)
    reconciler = CardReconciler(store, chat, lambda: T0, lambda _: ENGLISH, AlertPolicy())
    reconciler.reconcile()
    assert chat.posts == 50
    applications = [application(name) for name in names]
    ports = SimpleNamespace(store=store, forges={}, clock=lambda: T0)
    inventory = ApplicationInventory({}, {})
    statements = []
    sa.event.listen(store.database.engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    reconciler.reconcile()
    apply_timers_to_all(store, T0, AlertPolicy())
    cache = ManifestCache()
    answer = status(ENGLISH, ports, cache, applications, [], inventory, interval=timedelta(minutes=5), everything=False)
    store.close()
    assert answer.text.startswith("1,000 applications: ")
    assert len(statements) < 12

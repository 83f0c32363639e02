"""Leases on a real PostgreSQL: each changes hands once, and what an earlier holder writes afterwards is rejected."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.adapters.database import engine
from bot.adapters.database.engine import Database
from bot.adapters.database.leases import SqlLeases
from bot.adapters.database.store import SqlStore
from bot.adapters.database.tables import replicas
from bot.core.leases import LEADER
from bot.ports.leases import LeaseLostError
from bot.ports.store import Posted, StoreError
from tests.common.samples import check, incident
from tests.common.wait import wait_for

T0 = datetime(2026, 3, 1, 2, 47, tzinfo=UTC)
NAMES = {LEADER, "cluster/dev", "cluster/prod"}


@pytest.fixture
def make_store(empty_postgresql):
    """Makes the store of one more replica."""
    stores = []

    def make_store():
        stores.append(SqlStore(empty_postgresql))
        return stores[-1]

    yield make_store
    for store in stores:
        store.close()


@pytest.fixture
def old(make_store):
    """The store of a replica that holds every lease."""
    store = make_store()
    assert store.leases.renew(NAMES) == NAMES
    return store


@pytest.fixture
def new(make_store):
    """The store of a replica that has not asked for leases yet."""
    return make_store()


def expire(old, new):
    """Let the time pass in which a replica should have renewed its leases, as `new` sees it."""
    past = sa.func.clock_timestamp() - timedelta(seconds=1)
    with new.database.begin() as connection:
        connection.execute(replicas.update().where(replicas.c.id == old.leases.replica).values(expires_at=past))


def test_the_leases_of_a_replica_that_stops_renewing_are_taken_over(old, new, caplog):
    caplog.set_level("INFO")
    assert new.leases.renew(NAMES) == set()
    expire(old, new)
    assert new.leases.renew(NAMES) == NAMES
    assert new.leases.held(NAMES) == sorted(NAMES)
    assert f"took cluster/prod over from replica {old.leases.replica}" in caplog.text
    assert old.leases.renew(NAMES) == set()
    assert not old.leases.held(NAMES)
    assert "lost the lease cluster/prod" in caplog.text


def test_leases_that_are_released_are_free_at_once(old, new):
    old.close()
    assert new.leases.unheld(NAMES) == sorted(NAMES)
    assert new.leases.renew(NAMES) == NAMES


def test_replicas_that_race_take_each_lease_once(make_store):
    names = {f"cluster/{number}" for number in range(20)}
    stores = [make_store() for _ in range(3)]
    with ThreadPoolExecutor(len(stores)) as pool:
        for _ in range(len(names)):
            list(pool.map(lambda store: store.leases.renew(names), stores))
            held = Counter(name for store in stores for name in store.leases.held(names))
            assert not held or max(held.values()) == 1
    assert held.keys() == names
    assert sorted(len(store.leases.held(names)) for store in stores) == [6, 7, 7]


WRITES = {
    "checks": lambda store: store.checks.save([check("shop")]),
    "incidents": lambda store: store.incidents.exchange(None, incident("shop")),
    "card": lambda store: store.cards.save("key", Posted("C1", "1.2", "digest", T0)),
    "deleted card": lambda store: store.cards.delete("key"),
    "rollouts": lambda store: store.rollouts.advance("platform", None, "a" * 40, []),
    "approvals": lambda store: store.approvals.advance("platform", None, "a" * 40, []),
    "settled": lambda store: store.settle(incident("shop")),
    "events": lambda store: store.events.prune(T0),
    "actors": lambda store: store.cluster_writes.prune("prod", T0, 10),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_what_an_old_holder_writes_is_rejected_and_the_new_one_writes(old, new, write):
    """Its process was paused, so by its own clock it still holds the lease."""
    lease = old.leases.get("cluster/prod")
    expire(old, new)
    assert "cluster/prod" in new.leases.renew(NAMES)
    assert old.leases.get("cluster/prod") == lease
    with (
        pytest.raises(LeaseLostError, match="Another replica has taken over the lease cluster/prod"),
        old.leases.work("cluster/prod"),
    ):
        write(old)
    assert not old.leases.get("cluster/prod")
    assert old.checks.latest() == {}
    with new.leases.work("cluster/prod") as taken:
        assert taken.token > lease.token
        WRITES["checks"](new)
    WRITES["card"](old)  # outside of work under a lease, such as what a person asks for


def test_a_lease_changes_hands_only_between_two_transactions_of_its_holder(old, new):
    with old.leases.work("cluster/prod"), old.transaction():
        expire(old, new)
        assert new.leases.renew(NAMES) == NAMES - {"cluster/prod"}
        old.checks.save([check("shop")])
    assert new.leases.renew(NAMES) == {"cluster/prod"}
    assert "shop" in new.checks.latest()


def leave_unread(store):
    """Ask for more than the kernel buffers, and read nothing, so that the server waits as for a paused process."""
    with store.database.read() as connection:
        client = connection.connection.driver_connection.pgconn
        client.send_query(b"SELECT repeat('x', 1000000) FROM generate_series(1, 200)")
        wait_for(lambda: client.flush() == 0)


@pytest.mark.parametrize("pause", [lambda store: None, leave_unread], ids=["between statements", "in a result"])
def test_a_transaction_of_a_paused_replica_ends(make_store, monkeypatch, pause):
    monkeypatch.setattr(engine, "LEASE_SECONDS", 0.1)
    paused = make_store()
    paused.leases.renew(NAMES)
    new = make_store()

    def write():
        with paused.leases.work(LEADER), paused.transaction():
            paused.checks.save([check("shop")])
            pause(paused)
            expire(paused, new)
            wait_for(lambda: LEADER in new.leases.renew(NAMES))
            paused.checks.save([check("cart")])

    with pytest.raises(StoreError):
        write()
    assert new.leases.get(LEADER)
    assert new.checks.latest() == {}


def test_a_replica_stops_using_its_leases_before_they_expire_in_the_database(empty_postgresql):
    now = 1_000.0
    own = SqlLeases(Database(empty_postgresql), duration=8, monotonic=lambda: now)
    own.renew(NAMES)
    now += 7
    assert own.held(NAMES) == sorted(NAMES)
    now += 0.5
    assert own.held(NAMES) == []
    with own.work(LEADER) as lease:
        assert lease is None
    assert own.renew(NAMES) == NAMES  # nobody has taken them
    own.close()


def can_work(store, name):
    with store.leases.work(name) as lease:
        return lease is not None


def test_a_lease_is_given_up_once_nothing_runs_under_it(old, new):
    with old.leases.work(LEADER), old.leases.work("cluster/prod"), old.leases.work("cluster/dev"):
        new.leases.renew(NAMES)
        old.leases.renew(NAMES)
        with old.leases.work("cluster/dev") as same:
            assert same
        with ThreadPoolExecutor() as pool:  # in a thread of its own, it's other work
            names = ["cluster/dev", "cluster/prod"]
            assert list(pool.map(lambda name: can_work(old, name), names)) == [False, True]
        assert new.leases.renew(NAMES) == set()
    old.leases.renew(NAMES)
    assert new.leases.renew(NAMES) == {"cluster/dev"}
    assert old.leases.held(NAMES) == ["cluster/prod", LEADER]


def fail_after(store, write):
    """Write in a transaction that fails afterwards."""

    def write_and_fail():
        with store.transaction():
            write()
            WRITES["checks"](store)
            assert store.checks.latest()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()


def test_a_transaction_is_seen_as_a_whole_or_not_at_all(old, new):
    with old.transaction():
        WRITES["incidents"](old)
        WRITES["checks"](old)
        assert (new.incidents.unsettled(), new.checks.latest()) == ([], {})
    version = new.incidents.version()
    assert (len(new.incidents.unsettled()), len(new.checks.latest())) == (1, 1)
    fail_after(old, lambda: old.settle(incident("shop")))
    assert new.incidents.version() == version
    old.settle(incident("shop"))
    assert new.incidents.version() != version


def test_a_transaction_that_fails_leaves_nothing_in_sqlite(store):
    fail_after(store, lambda: WRITES["incidents"](store))
    assert (store.incidents.unsettled(), store.checks.latest()) == ([], {})


def test_a_database_of_its_own_needs_no_leases(store):
    assert store.leases.held(NAMES) == sorted(NAMES)
    with store.leases.work(LEADER) as lease:
        assert lease
    assert store.leases.unheld(NAMES) == []

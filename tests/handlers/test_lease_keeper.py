"""Which replica leads, with real leases on PostgreSQL."""

from collections import Counter

from bot.adapters.database.store import SqlStore
from bot.core.leases import LEADER
from bot.handlers import lease_keeper
from bot.handlers.lease_keeper import LeaseKeeper
from tests.common.wait import wait_for

DEV, PROD, TEST = CLUSTERS = ("cluster/dev", "cluster/prod", "cluster/test")
NAMES = {LEADER, *CLUSTERS}


def test_a_leader_that_cannot_lead_gives_up_only_that_while_clusters_are_checked(empty_postgresql, monkeypatch):
    """The other replica keeps it, although it then has too many leases, and its clusters are busy."""
    monkeypatch.setattr(lease_keeper, "RENEW_SECONDS", 0.05)
    monkeypatch.setattr(lease_keeper, "ASIDE_SECONDS", 0.5)
    is_cut_off = False
    stores = a, b = [SqlStore(empty_postgresql) for _ in range(2)]
    taken = Counter[tuple[str, str]]()
    renewals = Counter[str]()

    def keeper(name, store, cannot_lead):
        renew = store.leases.renew

        def count(names):
            renewals[name] += 1
            return renew(names)

        monkeypatch.setattr(store.leases, "renew", count)
        return LeaseKeeper(store.leases, NAMES, lambda lease: taken.update([(name, lease)]), cannot_lead)

    keepers = [keeper("a", a, lambda: is_cut_off), keeper("b", b, lambda: False)]
    try:
        keepers[0].start()
        wait_for(lambda: a.leases.held(NAMES) == sorted(NAMES))
        keepers[1].start()
        wait_for(lambda: a.leases.held(NAMES) == [TEST, LEADER] and b.leases.held(NAMES) == [DEV, PROD])
        with a.leases.work(TEST) as lease, b.leases.work(DEV), b.leases.work(PROD):
            is_cut_off = True
            wait_for(lambda: b.leases.get(LEADER))
            until = renewals["a"] + 20  # longer than it stands aside
            wait_for(lambda: renewals["a"] > until)
            assert b.leases.held(NAMES) == [DEV, PROD, LEADER]
            assert a.leases.get(TEST) == lease
        wait_for(lambda: len(a.leases.held(NAMES)) == len(b.leases.held(NAMES)) == 2)
        assert b.leases.get(LEADER)
        assert taken["a", LEADER] == taken["b", LEADER] == 1
        assert taken["a", TEST] == 1
    finally:
        for running in keepers:
            running.stop()
        for store in stores:
            store.close()

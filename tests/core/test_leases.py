"""Whatever replicas do, every lease ends up held once, and no replica holds two more than another."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from bot.core.leases import LEADER, LeaseChanges, rebalance

REPLICAS = "abcd"


class Replicas:
    """Replicas that decide on what they last read, which may be out of date."""

    def __init__(self, leases):
        self.holders = dict.fromkeys([LEADER, *(f"cluster/{number}" for number in range(leases - 1))])
        self.tokens = dict.fromkeys(self.holders, 0)
        self.running = {"a"}
        self.seen = {}

    def read(self, replica):
        self.seen[replica] = dict(self.holders), dict(self.tokens), frozenset(self.running)

    def act(self, replica):
        """Change what is still as it was read, as the store does."""
        holders, tokens, running = self.seen.pop(replica, ({}, {}, frozenset()))
        if replica not in running & self.running:
            return
        changes = rebalance(holders, running, replica)
        for name in changes.take:
            if self.tokens[name] == tokens[name] and self.holders[name] is None:
                self.holders[name] = replica
                self.tokens[name] += 1
        for name in changes.give_up:
            assert holders[name] == replica
            if self.holders[name] == replica:
                self.holders[name] = None

    def stop(self, replica):
        """Killed, or paused until its leases have expired."""
        if len(self.running) > 1:
            self.running.discard(replica)
            for name, holder in self.holders.items():
                if holder == replica:
                    self.holders[name] = None


@given(
    st.integers(1, 9),
    st.lists(st.tuples(st.sampled_from(["start", "stop", "read", "act"]), st.sampled_from(REPLICAS)), max_size=40),
    st.permutations(REPLICAS),
)
def test_every_lease_is_held_and_the_shares_are_equal(leases, steps, order):
    replicas = Replicas(leases)
    for step, replica in steps:
        match step:
            case "start":
                replicas.running.add(replica)
            case "stop":
                replicas.stop(replica)
            case "read":
                replicas.read(replica)
            case "act":
                replicas.act(replica)
    replicas.seen.clear()
    for _ in range(leases + 2):  # each replica gives up one at a time
        for replica in order:  # all decide on the same state
            replicas.read(replica)
        for replica in order:
            replicas.act(replica)
    counts = Counter(replicas.holders.values())
    assert set(counts) <= replicas.running
    assert max(counts.values()) - min(counts[replica] for replica in replicas.running) <= 1


def test_what_runs_is_given_up_last_and_the_leader_never():
    holders = {LEADER: "a", "cluster/dev": "a", "cluster/prod": "a", "cluster/test": "a"}
    assert rebalance(holders, "ab", "a", busy={"cluster/dev"}).give_up == ("cluster/prod", "cluster/test")
    assert rebalance(holders, "abcd", "a", busy=holders.keys() - {"cluster/prod"}).give_up == (
        "cluster/prod",
        "cluster/dev",
        "cluster/test",
    )
    assert rebalance({LEADER: "a", "cluster/dev": "a"}, "ab", "a", busy={"cluster/dev"}).give_up == ("cluster/dev",)


def test_a_replica_leads_if_nobody_does_whatever_its_share():
    assert rebalance({LEADER: None, "cluster/dev": "a"}, "ab", "a").take == (LEADER,)
    assert rebalance({LEADER: None, "cluster/dev": "a", "cluster/prod": "a"}, "abc", "a") == LeaseChanges(
        take=(LEADER,), give_up=("cluster/dev",)
    )

"""How replicas share out leases: which ones a replica takes, and which ones it gives up.

Whoever holds a lease does the work that the lease names: `leader`, or one for each cluster or shard of a cluster.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

LEADER: Final = "leader"


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease that a replica holds. `token` rises each time that a lease changes hands."""

    name: str
    token: int


@dataclass(frozen=True, slots=True)
class LeaseChanges:
    """The names of the free leases to take and of the own leases to give up."""

    take: tuple[str, ...] = ()
    give_up: tuple[str, ...] = ()


def rebalance(
    holders: Mapping[str, str | None], replicas: Collection[str], replica: str, busy: Collection[str] = ()
) -> LeaseChanges:
    """What one of the running `replicas` does for every lease to be held, and for none to hold two more than another.

    `holders` has the running replica that holds each lease; None if it's free. The replica gives up leases that are not
    `busy` first, and never the leader's: so the one that leads goes on, whatever its share. If nobody leads, every
    replica wants to. If several decide at once, they may want the same lease, or give up too many: one of them then
    takes it, and the next decisions correct the rest.
    """
    counts = Counter(dict.fromkeys(replicas, 0) | Counter(filter(None, holders.values())))
    share, extra = divmod(len(holders), len(replicas))
    own = [name for name, holder in holders.items() if holder == replica]
    free = [name for name, holder in holders.items() if holder is None]
    needed_by_others = sum(max(0, share - count) for name, count in counts.items() if name != replica)
    largest = share + 1 if extra else share
    surplus = wanted = 0
    if len(own) > largest:
        surplus = len(own) - largest
    elif len(own) > share and needed_by_others > len(free):
        surplus = 1
    else:
        spare = max(0, len(free) - needed_by_others)
        wanted = max(share - len(own), min(largest - len(own), spare))
    free.sort(key=lambda name: (name != LEADER, name))
    own.sort(key=lambda name: (name == LEADER, name in busy, name))
    return LeaseChanges(take=tuple(free[: max(wanted, LEADER in free)]), give_up=tuple(own[:surplus]))

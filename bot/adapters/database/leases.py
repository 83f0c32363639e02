"""Leases as rows: who holds which one, with a token that rises each time that it changes hands.

A lease is valid for as long as its holder's row in `replicas`, so one statement renews all leases of a replica. Only
the database's clock decides whether a row has expired. Writes under a lease lock its row FOR SHARE (engine.py), so it
changes hands only between two transactions of its holder.
"""

import logging
import math
import secrets
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from bot.adapters.database.bounds import LEASE_SECONDS
from bot.adapters.database.engine import Database
from bot.adapters.database.tables import leases, replicas
from bot.core.leases import Lease, rebalance
from bot.ports.leases import CURRENT_LEASE, LeaseLostError
from bot.ports.store import StoreError

_log = logging.getLogger(__name__)

_ATTEMPTS: Final = 5  # to take leases that other replicas take at the same time
_LOCAL_SHARE: Final = 0.9  # of the duration: this replica stops using its leases before they expire in the database
_FORGET_AFTER: Final = timedelta(hours=1)  # since a replica expired


class _Row(NamedTuple):
    """A lease in the database. `last_holder` may have stopped running; `holder` is None then."""

    token: int
    holder: str | None
    last_holder: str | None


class SqlLeases:
    """`ports.leases.Leases` on PostgreSQL. Thread-safe; one thread calls `renew`."""

    is_shared = True

    def __init__(
        self,
        database: Database,
        *,
        duration: float | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.replica = f"{socket.gethostname()}-{secrets.token_hex(3)}"
        self._database = database
        self._duration = LEASE_SECONDS if duration is None else duration
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._own: dict[str, Lease] = {}
        self._valid_until = -math.inf  # by the monotonic clock
        self._giving_up: frozenset[str] = frozenset()
        self._running: Counter[str] = Counter()

    def get(self, name: str) -> Lease | None:
        with self._lock:
            return self._get(name)

    @contextmanager
    def work(self, name: str) -> Iterator[Lease | None]:
        current = CURRENT_LEASE.get()
        with self._lock:
            if current and current.name == name:  # within a block that already runs under it
                lease: Lease | None = current
            else:
                lease = None if name in self._giving_up else self._get(name)
            self._running[name] += lease is not None
        if lease is None:
            yield None
            return
        reset = CURRENT_LEASE.set(lease)
        try:
            yield lease
        except LeaseLostError:
            with self._lock:
                if self._own.get(name) == lease:
                    del self._own[name]
            raise
        finally:
            CURRENT_LEASE.reset(reset)
            with self._lock:
                self._running[name] -= 1

    def held(self, names: Iterable[str]) -> list[str]:
        return sorted(name for name in names if self.get(name))

    def unheld(self, names: Iterable[str]) -> list[str]:
        held = {name for name, row in self._read(names).items() if row.holder}
        return sorted(set(names) - held)

    def has_others(self) -> bool:
        is_other = (replicas.c.id != self.replica) & (replicas.c.expires_at > sa.func.clock_timestamp())
        return bool(self._database.scalars(sa.select(replicas.c.id).where(is_other)))

    def renew(self, names: Collection[str]) -> Collection[str]:
        now = self._monotonic()
        with self._lock:
            before = {name: lease for name in self._own if (lease := self._get(name))}
        running = self._renew_replica()
        self._release(before.keys() - names)
        for _ in range(_ATTEMPTS):
            rows = self._read(names)
            if len(rows) < len(names):
                self._create(names - rows.keys())
                continue
            self._set_own(rows, now)
            with self._lock:
                busy = {name for name, count in self._running.items() if count}
            changes = rebalance({name: row.holder for name, row in rows.items()}, running, self.replica, busy)
            self._give_up(changes.give_up)
            if not changes.take:
                break
            self._take({name: rows[name] for name in changes.take})
        with self._lock:
            own = dict(self._own)
        for name in (before.keys() & names) - own.keys() - self._giving_up:
            _log.warning("lost the lease %s", name)
        return {name for name, lease in own.items() if before.get(name) != lease}

    def close(self) -> None:
        """Release every lease, so that other replicas need not wait until they expire."""
        with self._lock:
            has_renewed = self._valid_until > -math.inf
            self._own, self._valid_until = {}, -math.inf
        if has_renewed:
            with suppress(StoreError), self._database.begin() as connection:
                connection.execute(leases.update().where(leases.c.holder == self.replica).values(holder=None))
                connection.execute(replicas.delete().where(replicas.c.id == self.replica))
        self._database.close()

    def _get(self, name: str) -> Lease | None:
        return self._own.get(name) if self._monotonic() < self._valid_until else None

    def _renew_replica(self) -> Collection[str]:
        """Renew this replica's row; the IDs of all replicas that are running."""
        now = sa.func.clock_timestamp(type_=sa.DateTime(timezone=True))
        expires_at = now + timedelta(seconds=self._duration)
        row = insert(replicas).values(id=self.replica, expires_at=expires_at)
        with self._database.begin() as connection:
            connection.execute(
                row.on_conflict_do_update(index_elements=[replicas.c.id], set_={"expires_at": row.excluded.expires_at})
            )
            connection.execute(replicas.delete().where(replicas.c.expires_at < now - _FORGET_AFTER))
        with self._database.read() as connection:
            running = connection.execute(sa.select(replicas.c.id).where(replicas.c.expires_at > now)).scalars()
            return {self.replica, *running}

    def _read(self, names: Iterable[str]) -> dict[str, _Row]:
        is_running = (replicas.c.id == leases.c.holder) & (replicas.c.expires_at > sa.func.clock_timestamp())
        query = (
            sa.select(leases.c.name, leases.c.token, replicas.c.id.label("running"), leases.c.holder)
            .outerjoin_from(leases, replicas, is_running)
            .where(leases.c.name.in_(list(names)))
        )
        with self._database.read() as connection:
            return {row.name: _Row(row.token, row.running, row.holder) for row in connection.execute(query)}

    def _create(self, names: Iterable[str]) -> None:
        rows = [{"name": name, "token": 0} for name in sorted(names)]
        with self._database.begin() as connection:
            connection.execute(insert(leases).on_conflict_do_nothing(), rows)

    def _set_own(self, rows: Mapping[str, _Row], renewed_at: float) -> None:
        with self._lock:
            self._own = {name: Lease(name, row.token) for name, row in rows.items() if row.holder == self.replica}
            self._valid_until = renewed_at + self._duration * _LOCAL_SHARE

    def _take(self, rows: Mapping[str, _Row]) -> None:
        """Take those that still have these tokens and that no transaction of an earlier holder uses."""
        with self._database.begin() as connection:
            for name, row in rows.items():
                is_same = (leases.c.name == name) & (leases.c.token == row.token)
                unlocked = sa.select(leases.c.name).where(is_same).with_for_update(skip_locked=True)
                taken = leases.update().where(leases.c.name.in_(unlocked))
                if connection.execute(taken.values(holder=self.replica, token=row.token + 1)).rowcount:
                    origin = f" over from replica {row.last_holder}" if row.last_holder else ""
                    _log.info("replica %s took %s%s", self.replica, name, origin)

    def _give_up(self, names: Collection[str]) -> None:
        """Release those of these leases under which nothing runs; no new work begins under the others."""
        with self._lock:
            self._giving_up = frozenset(names)
            idle = [name for name in names if not self._running[name]]
            for name in idle:
                del self._own[name]
        self._release(idle)

    def _release(self, names: Collection[str]) -> None:
        if names:
            released = leases.update().where(leases.c.name.in_(list(names)) & (leases.c.holder == self.replica))
            with self._database.begin() as connection:
                connection.execute(released.values(holder=None))
            _log.info("replica %s gave up %s", self.replica, ", ".join(names))


class SoleLeases:
    """`ports.leases.Leases` where no other process uses the database."""

    is_shared = False

    def get(self, name: str) -> Lease | None:
        return Lease(name, 0)

    @contextmanager
    def work(self, name: str) -> Iterator[Lease | None]:
        yield Lease(name, 0)

    def held(self, names: Iterable[str]) -> list[str]:
        return sorted(names)

    def unheld(self, names: Iterable[str]) -> list[str]:
        del names
        return []

    def has_others(self) -> bool:
        return False

    def renew(self, names: Collection[str]) -> Collection[str]:
        del names
        return ()

    def close(self) -> None:
        """Do nothing."""

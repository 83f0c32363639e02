"""The events to send to the configured receiver."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from bot.adapters.database.engine import Database, insert_new
from bot.adapters.database.records import Records
from bot.adapters.database.tables import events, instant
from bot.core.events import Event, QueuedEvent

_QUEUED = Records(QueuedEvent)
_ENABLED = "enabled"  # the row with the time since when events are enabled; no event has this ID


class SqlEvents:
    """`ports.store.Events`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def enabled_at(self, now: datetime) -> datetime:
        at = self._database.scalar(sa.select(events.c.at).where(events.c.id == _ENABLED))
        if at is None:
            with self._database.begin() as connection:
                insert_new(connection, events, id=_ENABLED, at=instant(now), order=0, waiting=False, body="")
        return datetime.fromisoformat(at) if at else now

    def add(self, new: Sequence[Event]) -> None:
        if not new:
            return
        with self._database.begin() as connection:
            newest = connection.execute(sa.select(sa.func.max(events.c.order))).scalar() or 0
            for order, event in enumerate(new, newest + 1):
                body = _QUEUED.dump(QueuedEvent(event))
                insert_new(
                    connection, events, id=event.id, at=instant(event.time), order=order, waiting=True, body=body
                )

    def waiting(self) -> list[QueuedEvent]:
        bodies = sa.select(events.c.body).where(events.c.waiting).order_by(events.c.order)
        return _QUEUED.load_all(self._database.scalars(bodies))

    def waiting_count(self) -> int:
        with self._database.read() as connection:
            count = sa.select(sa.func.count()).select_from(events).where(events.c.waiting)
            return int(connection.execute(count).scalar_one())

    def save(self, queued: QueuedEvent) -> None:
        self._update(queued.event.id, body=_QUEUED.dump(queued))

    def finish(self, id_: str) -> None:
        self._update(id_, waiting=False)

    def prune(self, before: datetime) -> None:
        with self._database.begin() as connection:
            old = (events.c.at < instant(before)) & ~events.c.waiting & (events.c.id != _ENABLED)
            connection.execute(events.delete().where(old))

    def _update(self, id_: str, **values: object) -> None:
        with self._database.begin() as connection:
            connection.execute(events.update().where(events.c.id == id_).values(**values))

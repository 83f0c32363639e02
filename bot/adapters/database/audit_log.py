"""Every request, who made it, and the result: append-only."""

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa

from bot.adapters.database.engine import PAGE, TO_THE_SECOND, Database
from bot.adapters.database.tables import audit_log, instant, intents
from bot.core.access.audit import AuditEntry, Origin


class SqlAuditLog:
    """`ports.store.AuditLog`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, entry: AuditEntry, *, finishes: str | None = None) -> None:
        with self._database.begin() as connection:
            connection.execute(intents.delete().where(intents.c.id == finishes))
            connection.execute(
                audit_log.insert().values(
                    at=instant(entry.at),
                    who=entry.who,
                    what=entry.what,
                    result=entry.result,
                    applications=" ".join(entry.applications),
                    origin=entry.origin.value,
                    channel=entry.channel,
                )
            )

    def entries(self, since: datetime | None = None) -> Iterator[AuditEntry]:
        page = sa.select(audit_log).order_by(audit_log.c.id).limit(PAGE)
        if since:
            page = page.where(sa.func.substr(audit_log.c.at, 1, TO_THE_SECOND) >= instant(since)[:TO_THE_SECOND])
        last = 0
        while True:
            # One transaction per page, so that a slow reader doesn't block others.
            with self._database.read() as connection:
                rows = connection.execute(page.where(audit_log.c.id > last)).all()
            if not rows:
                return
            for row in rows:
                yield AuditEntry(
                    at=datetime.fromisoformat(row.at),
                    who=row.who,
                    what=row.what,
                    result=row.result,
                    applications=tuple(row.applications.split()),
                    origin=Origin(row.origin),
                    channel=row.channel,
                )
            last = rows[-1].id

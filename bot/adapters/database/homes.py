"""The users who opened their Home tab, and what it shows."""

from datetime import datetime

import sqlalchemy as sa

from bot.adapters.database.engine import Database, put
from bot.adapters.database.tables import homes, instant
from bot.ports.store import Home


class SqlHomeTabs:
    """`ports.store.HomeTabs`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, user: str) -> Home | None:
        return next(iter(self._select(homes.c.user == user, 1)), None)

    def seen_since(self, since: datetime, limit: int) -> list[Home]:
        return self._select(homes.c.seen >= instant(since), limit)

    def save(self, home: Home) -> None:
        with self._database.begin() as connection:
            put(connection, homes, user=home.user, seen=instant(home.seen), digest=home.digest, at=instant(home.at))

    def confirm(self, user: str, at: datetime, digest: str) -> bool:
        with self._database.begin() as connection:
            published = (homes.c.user == user) & (homes.c.at == instant(at))
            return connection.execute(homes.update().where(published).values(digest=digest)).rowcount == 1

    def _select(self, where: sa.ColumnElement[bool], limit: int) -> list[Home]:
        latest = sa.select(homes).where(where).order_by(homes.c.seen.desc()).limit(limit)
        with self._database.read() as connection:
            rows = connection.execute(latest).all()
        return [
            Home(row.user, datetime.fromisoformat(row.seen), row.digest, datetime.fromisoformat(row.at)) for row in rows
        ]

"""What Slack was last given for each card."""

from datetime import datetime

import sqlalchemy as sa

from bot.adapters.database.engine import Database, put
from bot.adapters.database.tables import cards
from bot.ports.store import Posted


class SqlCards:
    """`ports.store.Cards`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key: str) -> Posted | None:
        with self._database.begin() as connection:
            row = connection.execute(sa.select(cards).where(cards.c.key == key)).first()
        return None if row is None else Posted(row.channel, row.ts, row.digest, datetime.fromisoformat(row.at))

    def save(self, key: str, posted: Posted) -> None:
        at = posted.at.isoformat()
        with self._database.begin() as connection:
            put(connection, cards, key=key, channel=posted.channel, ts=posted.ts, digest=posted.digest, at=at)

    def delete(self, key: str) -> None:
        with self._database.begin() as connection:
            connection.execute(cards.delete().where(cards.c.key == key))

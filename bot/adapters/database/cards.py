"""The message of each card in Slack."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from bot.adapters.database.bounds import KEYS
from bot.adapters.database.engine import Database, put
from bot.adapters.database.tables import cards
from bot.ports.store import Posted


class SqlCards:
    """`ports.store.Cards`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key: str) -> Posted | None:
        return self.get_all([key]).get(key)

    def get_all(self, keys: Sequence[str]) -> dict[str, Posted]:
        return self._where(*(cards.c.key.in_(keys[start : start + KEYS]) for start in range(0, len(keys), KEYS)))

    def with_prefix(self, prefix: str) -> dict[str, Posted]:
        return self._where(cards.c.key.startswith(prefix, autoescape=True))

    def _where(self, *conditions: sa.ColumnElement[bool]) -> dict[str, Posted]:
        posted: dict[str, Posted] = {}
        with self._database.read() as connection:
            for condition in conditions:
                for row in connection.execute(sa.select(cards).where(condition)):
                    posted[row.key] = Posted(row.channel, row.ts, row.digest, datetime.fromisoformat(row.at))
        return posted

    def save(self, key: str, posted: Posted) -> None:
        at = posted.at.isoformat()
        with self._database.begin() as connection:
            put(connection, cards, key=key, channel=posted.channel, ts=posted.ts, digest=posted.digest, at=at)

    def outdate(self, key: str, ts: str) -> None:
        with self._database.begin() as connection:
            is_same = (cards.c.key == key) & (cards.c.ts == ts)
            connection.execute(cards.update().where(is_same).values(digest=""))

    def delete(self, key: str) -> None:
        with self._database.begin() as connection:
            connection.execute(cards.delete().where(cards.c.key == key))

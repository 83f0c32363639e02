"""Keys of Slack payloads and webhooks, claimed so that only one replica handles each."""

from datetime import datetime, timedelta

from bot.adapters.database.engine import Database, insert_new
from bot.adapters.database.tables import claims, instant

_TTL = timedelta(days=1)


class SqlClaims:
    """`ports.store.Claims`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, key: str, at: datetime) -> bool:
        with self._database.begin() as connection:
            connection.execute(claims.delete().where(claims.c.at < instant(at - _TTL)))
            return insert_new(connection, claims, key=key, at=instant(at))

"""Intents: requests that open a pull request, until they have an audit entry."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from pydantic import TypeAdapter
from pydantic_core import from_json, to_json

from bot.adapters.database.engine import Database, put
from bot.adapters.database.records import storable
from bot.adapters.database.revert_requests import EXCLUDED_FIELDS, dump_change, load_change
from bot.adapters.database.tables import intents
from bot.core.pull_requests.intent import Intent
from bot.core.pull_requests.revert import RevertRequest
from bot.ports.isolation import skip_unexpected

_INTENT = TypeAdapter(Intent)
_SHARED_LEASE: Final = timedelta(minutes=10)  # longer than a revert takes


class SqlIntents:
    """`ports.store.Intents`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # If the database is not shared, no other process works on its intents.
        self.lease = _SHARED_LEASE if database.is_shared else timedelta(0)

    def now(self, local: datetime) -> datetime:
        if not self._database.is_shared:
            return local
        with self._database.read() as connection:
            now: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
        return now.astimezone(UTC)

    def save(self, intent: Intent) -> None:
        body = _INTENT.dump_python(storable(intent), mode="json", exclude={"request": EXCLUDED_FIELDS})
        if isinstance(intent.request, RevertRequest):
            dump_change(body["request"], intent.request)
        with self._database.begin() as connection:
            put(connection, intents, id=intent.id, body=to_json(body).decode())

    def unfinished(self) -> list[Intent]:
        unfinished = []
        for body in self._database.scalars(sa.select(intents.c.body)):
            with skip_unexpected("reading an intent"):
                unfinished.append(_load(body))
        return sorted(unfinished, key=lambda intent: intent.asked_at)


def _load(body: str) -> Intent:
    fields: dict[str, Any] = from_json(body)
    if "text" in fields["request"]:
        load_change(fields["request"])
    return _INTENT.validate_python(fields)

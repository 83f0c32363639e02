"""Reverts that wait for the forge."""

from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from pydantic_core import from_json, to_json

from bot.adapters.database.engine import Database, put, settle
from bot.adapters.database.records import storable
from bot.adapters.database.revert_requests import EXCLUDED_FIELDS, dump_change, load_change
from bot.adapters.database.tables import queued_reverts
from bot.core.pull_requests.queued import QueuedRevert
from bot.ports.isolation import skip_unexpected

_QUEUED_REVERT = TypeAdapter(QueuedRevert)


class SqlQueuedReverts:
    """`ports.store.QueuedReverts`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, revert: QueuedRevert) -> None:
        with self._database.begin() as connection:
            put(connection, queued_reverts, id=revert.id, settled=False, body=_dump(revert))

    def settle(self, revert: QueuedRevert) -> None:
        with self._database.begin() as connection:
            settle(connection, queued_reverts, revert.id, lambda body: _dump(_load(body)) == _dump(revert))

    def unsettled(self) -> list[QueuedRevert]:
        bodies = sa.select(queued_reverts.c.body).where(queued_reverts.c.settled.is_(False))
        reverts = []
        for body in self._database.scalars(bodies):
            with skip_unexpected("reading a queued revert"):
                reverts.append(_load(body))
        return sorted(reverts, key=lambda revert: revert.asked_at)


def _dump(revert: QueuedRevert) -> str:
    fields = _QUEUED_REVERT.dump_python(storable(revert), mode="json", exclude={"request": EXCLUDED_FIELDS})
    dump_change(fields["request"], revert.request)
    return to_json(fields).decode()


def _load(body: str) -> QueuedRevert:
    fields: dict[str, Any] = from_json(body)
    load_change(fields["request"])
    return _QUEUED_REVERT.validate_python(fields)

"""The latest drift check of each application."""

from collections.abc import Sequence

import sqlalchemy as sa
from pydantic import TypeAdapter

from bot.adapters.database.engine import Database, put
from bot.adapters.database.tables import checks
from bot.core.drift.model import Check

_CHECK = TypeAdapter(Check)


class SqlChecks:
    """`ports.store.Checks`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, latest: Sequence[Check]) -> None:
        with self._database.begin() as connection:
            for check in latest:
                body = _CHECK.dump_json(check, exclude={"set_aside"}).decode()
                put(connection, checks, application=check.application, body=body)

    def latest(self) -> dict[str, Check]:
        bodies = self._database.scalars(sa.select(checks.c.body))
        return {check.application: check for check in map(_CHECK.validate_json, bodies)}

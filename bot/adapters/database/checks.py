"""The latest drift check of each application."""

from collections.abc import Collection, Container, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from bot.adapters.database.engine import Database, put
from bot.adapters.database.records import Records
from bot.adapters.database.tables import checks
from bot.core.drift.model import Check, Status
from bot.ports.isolation import UnexpectedError, unexpected_as_port_error

_MAX_PRUNED: Final = 1_000  # at once

_CHECKS = Records(Check, exclude={"set_aside"})


class SqlChecks:
    """`ports.store.Checks`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, latest: Sequence[Check]) -> None:
        bodies = {check.application: _stored(check) for check in latest}
        with self._database.begin() as connection:
            for application, body in bodies.items():
                put(connection, checks, application=application, body=body)

    def latest(self, applications: Collection[str] | None = None) -> dict[str, Check]:
        query = sa.select(checks.c.body)
        if applications is not None:
            query = query.where(checks.c.application.in_(applications))
        bodies = self._database.scalars(query)
        return {check.application: check for check in _CHECKS.load_all(bodies)}

    def prune(self, before: datetime, *, watched: Container[str]) -> None:
        names = self._database.scalars(sa.select(checks.c.application))
        unwatched = [name for name in names if name not in watched][:_MAX_PRUNED]
        is_unwatched = checks.c.application.in_(unwatched)
        bodies = self._database.scalars(sa.select(checks.c.body).where(is_unwatched)) if unwatched else ()
        for body in bodies:
            if all(check.at < before for check in _CHECKS.load_all([body])):
                with self._database.begin() as connection:  # unless it has been saved again
                    connection.execute(checks.delete().where(is_unwatched & (checks.c.body == body)))


def _stored(check: Check) -> str:
    """The JSON of a check. If it cannot be stored, that of an UNKNOWN check with the error."""
    try:
        with unexpected_as_port_error(f"storing the check of {check.application}"):
            return _CHECKS.dump(check)
    except UnexpectedError as error:
        return _CHECKS.dump(replace(check, status=Status.UNKNOWN, error=error.text, drift=(), notes=()))

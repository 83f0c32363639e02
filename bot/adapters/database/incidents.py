"""Incidents: at most one unresolved per application, across all replicas."""

from dataclasses import asdict
from datetime import datetime
from functools import partial

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.exc import IntegrityError

from bot.adapters.database.engine import Database, ended_at, put, settle
from bot.adapters.database.locks import INCIDENT_EXCHANGE
from bot.adapters.database.records import Records
from bot.adapters.database.tables import incident_records, incidents
from bot.core.delivery.incident_record import IncidentRecord, record_of
from bot.core.incidents.incident import Incident, IncidentState

_INCIDENTS = Records(Incident)


class SqlIncidents:
    """`ports.store.Incidents`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open_for(self, application: str) -> Incident | None:
        unresolved = (incidents.c.application == application) & incidents.c.resolved.is_(False)
        for body in self._database.scalars(sa.select(incidents.c.body).where(unresolved)):
            for incident in _INCIDENTS.load_all([body]):
                return incident
            self._give_up(unresolved & (incidents.c.body == body))
        return None

    def exchange(self, before: Incident | None, after: Incident | None) -> bool:
        with self._database.begin() as connection:
            if self._database.is_shared:  # otherwise two replicas that find none would both insert one
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(INCIDENT_EXCHANGE)))
            exchanged = _exchange(connection, before, after)
            if exchanged and after is not None and after.state is not IncidentState.SUSPECTED:
                put(connection, incident_records, **asdict(record_of(after)))
            return exchanged

    def version(self) -> str:
        # PostgreSQL gives a row a new xmin whenever it's written. SQLite is not shared, so no replica asks.
        row = incidents.c.id + ":" + sa.cast(sa.literal_column("xmin"), sa.Text)
        rows = sa.func.md5(sa.func.string_agg(row, aggregate_order_by(sa.literal(","), incidents.c.id)))
        return self._database.scalar(sa.select(rows).where(incidents.c.settled.is_(False))) or ""

    def unsettled(self) -> list[Incident]:
        bodies = sa.select(incidents.c.body).where(incidents.c.settled.is_(False)).order_by(incidents.c.id)
        return _INCIDENTS.load_all(self._database.scalars(bodies))

    def ended(self, since: datetime, limit: int) -> list[Incident]:
        return _INCIDENTS.load_all(self._database.ended(incidents, since, limit))

    def records(self, since: datetime) -> list[IncidentRecord]:
        resolved_at = incident_records.c.resolved_at
        current = sa.select(incident_records).where(resolved_at.is_(None) | (resolved_at >= since))
        with self._database.read() as connection:
            return [IncidentRecord(**row) for row in connection.execute(current).mappings()]

    def settle(self, incident: Incident) -> None:
        with self._database.begin() as connection:
            settle(connection, incidents, incident.id, partial(_INCIDENTS.is_stored_as, incident))

    def _give_up(self, unreadable: sa.ColumnElement[bool]) -> None:
        """Resolve an incident that cannot be read, and keep it. The next drift opens a new one."""
        with self._database.begin() as connection:
            given_up = sa.select(incidents.c.id).where(unreadable)
            connection.execute(incident_records.delete().where(incident_records.c.id.in_(given_up)))
            connection.execute(incidents.update().where(unreadable).values(resolved=True, settled=True))


def _exchange(connection: sa.Connection, before: Incident | None, after: Incident | None) -> bool:
    if before is None:
        return after is not None and _insert(connection, after)
    body = connection.execute(sa.select(incidents.c.body).where(incidents.c.id == before.id)).scalar()
    if body is None or not _INCIDENTS.is_stored_as(before, body):
        return False
    unchanged = (incidents.c.id == before.id) & (incidents.c.body == body)
    if after is not None and after.id == before.id:
        return connection.execute(incidents.update().where(unchanged).values(**_row(after))).rowcount == 1
    deleted = connection.execute(incidents.delete().where(unchanged)).rowcount == 1
    return deleted and (after is None or _insert(connection, after))


def _row(incident: Incident) -> dict[str, object]:
    return {
        "application": incident.application,
        "resolved": incident.state is IncidentState.RESOLVED,
        "settled": False,
        "body": _INCIDENTS.dump(incident),
        "ended": ended_at(incident.resolved_at),
    }


def _insert(connection: sa.Connection, incident: Incident) -> bool:
    """Insert an incident; False if its application has an unresolved one."""
    row = {"id": incident.id, **_row(incident)}
    unresolved = (incidents.c.application == incident.application) & incidents.c.resolved.is_(False)
    columns = [incidents.c[name] for name in row]
    values = sa.select(*(sa.literal(value, column.type) for column, value in zip(columns, row.values(), strict=True)))
    # The row count of an INSERT is kept only on request: https://docs.sqlalchemy.org/20/core/connections.html
    statement = (
        incidents.insert()
        .from_select(list(row), values.where(~sa.exists().where(unresolved)))
        .execution_options(preserve_rowcount=True)
    )
    try:
        with connection.begin_nested():
            return connection.execute(statement).rowcount == 1
    except IntegrityError:
        return False  # its id already exists

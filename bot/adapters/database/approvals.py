"""Approval records of the commits on tracked branches, and the head up to which commits are recorded."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial

import sqlalchemy as sa

from bot.adapters.database.engine import PAGE, TO_THE_SECOND, Database, put, settle
from bot.adapters.database.heads import Heads
from bot.adapters.database.records import Records
from bot.adapters.database.tables import approval_heads, approvals, instant
from bot.core.approvals.alert import ApprovalAlert
from bot.core.approvals.approval import ApprovalRecord

_RECORDS = Records(ApprovalRecord)


class SqlApprovals:
    """`ports.store.Approvals`."""

    def __init__(self, database: Database, sources: Mapping[str, tuple[str, str]]) -> None:
        self._database = database
        self._heads = Heads(database, approval_heads, sources)

    def head(self, repository: str) -> str | None:
        return self._heads.get(repository)

    def advance(self, repository: str, expected: str | None, sha: str, records: Sequence[ApprovalRecord]) -> bool:
        with self._database.begin() as connection:
            moved = self._heads.advance(connection, repository, expected, sha)
            for record in records if moved else ():
                _put(connection, record, settled=False)
            return moved

    def save(self, records: Sequence[ApprovalRecord], *, settled: Collection[str] = ()) -> None:
        with self._database.begin() as connection:
            for record in records:
                _put(connection, record, settled=record.id in settled)

    def settle(self, alert: ApprovalAlert) -> None:
        with self._database.begin() as connection:
            for record in alert.reported:
                settle(connection, approvals, record.id, partial(_RECORDS.is_stored_as, record))

    def unsettled(self) -> list[ApprovalRecord]:
        batches = sa.select(approvals.c.batch).where(approvals.c.settled.is_(False))
        bodies = sa.select(approvals.c.body).where(approvals.c.batch.in_(batches)).order_by(approvals.c.at)
        return _RECORDS.load_all(self._database.scalars(bodies))

    def of_commits(self, repository: str, shas: Sequence[str]) -> list[ApprovalRecord]:
        commits = (approvals.c.repository == repository) & approvals.c.sha.in_(shas)
        bodies = sa.select(approvals.c.body).where(commits).order_by(approvals.c.at)
        return _RECORDS.load_all(self._database.scalars(bodies))

    def since(self, since: datetime | None = None) -> Iterator[ApprovalRecord]:
        page = sa.select(approvals.c.at, approvals.c.id, approvals.c.body)
        page = page.order_by(approvals.c.at, approvals.c.id).limit(PAGE)
        last = (instant(since)[:TO_THE_SECOND] if since else "", "")
        while True:
            after = sa.tuple_(approvals.c.at, approvals.c.id) > last
            with self._database.read() as connection:
                rows = connection.execute(page.where(after)).all()
            if not rows:
                return
            yield from _RECORDS.load_all(row.body for row in rows)
            last = (rows[-1].at, rows[-1].id)


def _put(connection: sa.Connection, record: ApprovalRecord, *, settled: bool) -> None:
    put(
        connection,
        approvals,
        id=record.id,
        repository=record.repository,
        sha=record.sha,
        batch=record.batch,
        at=f"{instant(record.seen_at)} {record.order:06}",
        alert=record.alert,
        settled=settled,
        body=_RECORDS.dump(record),
    )

"""State in any database SQLAlchemy speaks to: SQLite by default, PostgreSQL for more than one replica."""

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from pydantic_core import from_json, to_json
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from bot.adapters.database import sentences
from bot.adapters.database.migration import create_or_extend
from bot.core.access.audit import AuditEntry, Origin
from bot.core.approvals.approval import Judgement
from bot.core.drift.model import Check
from bot.core.incidents.incident import Incident, IncidentState
from bot.core.pull_requests.queued import QueuedRevert
from bot.core.pull_requests.revert_pull import RevertPullRequest
from bot.core.rollouts.rollout import Rollout
from bot.i18n.catalogue import store as texts
from bot.i18n.language import LocalizedText
from bot.ports.store import Home, Posted, StoreError

_tables = sa.MetaData()

_heads = sa.Table(
    "heads", _tables, sa.Column("repository", sa.Text, primary_key=True), sa.Column("sha", sa.Text, nullable=False)
)
_checks = sa.Table(
    "checks", _tables, sa.Column("application", sa.Text, primary_key=True), sa.Column("body", sa.Text, nullable=False)
)
_incidents = sa.Table(
    "incidents",
    _tables,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("application", sa.Text, nullable=False, index=True),
    sa.Column("resolved", sa.Boolean, nullable=False),
    sa.Column("settled", sa.Boolean, nullable=False, index=True),
    sa.Column("body", sa.Text, nullable=False),
    # Later than the others: when it ended, "" until then.
    sa.Column("ended", sa.Text, nullable=False, server_default="", index=True),
)
_rollouts = sa.Table(
    "rollouts",
    _tables,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("revision", sa.Text, nullable=False, index=True),
    sa.Column("order", sa.Integer, nullable=False),
    sa.Column("settled", sa.Boolean, nullable=False, index=True),
    sa.Column("body", sa.Text, nullable=False),
    # Later than the others: when it ended, "" until then.
    sa.Column("ended", sa.Text, nullable=False, server_default="", index=True),
)
_pulls = sa.Table(
    "pulls",
    _tables,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("settled", sa.Boolean, nullable=False, index=True),
    sa.Column("body", sa.Text, nullable=False),
    # Later than the others: when it ended, "" until then.
    sa.Column("ended", sa.Text, nullable=False, server_default="", index=True),
)
_judged_heads = sa.Table(
    "judged_heads",
    _tables,
    sa.Column("repository", sa.Text, primary_key=True),
    sa.Column("sha", sa.Text, nullable=False),
)
_judgements = sa.Table(
    "judgements",
    _tables,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("repository", sa.Text, nullable=False),
    sa.Column("sha", sa.Text, nullable=False, index=True),
    sa.Column("batch", sa.Text, nullable=False, index=True),
    # Of the first sight, then of the place in the batch: texts that compare as the commits came.
    sa.Column("at", sa.Text, nullable=False, index=True),
    sa.Column("alert", sa.Text, nullable=True, index=True),
    sa.Column("settled", sa.Boolean, nullable=False, index=True),
    sa.Column("body", sa.Text, nullable=False),
)
_queued = sa.Table(
    "queued",
    _tables,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("settled", sa.Boolean, nullable=False, index=True),
    sa.Column("body", sa.Text, nullable=False),
)
_cards = sa.Table(
    "cards",
    _tables,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("ts", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
)
_audit = sa.Table(
    "audit",
    _tables,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("result", sa.Text, nullable=False),
    # Later than the others. Names of applications hold no space.
    sa.Column("applications", sa.Text, nullable=False, server_default=""),
    sa.Column("origin", sa.Text, nullable=False, server_default=""),
    sa.Column("channel", sa.Text, nullable=False, server_default=""),
)
_claims = sa.Table(
    "claims",
    _tables,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("at", sa.Text, nullable=False, index=True),
)

_homes = sa.Table(
    "homes",
    _tables,
    sa.Column("user", sa.Text, primary_key=True),
    sa.Column("seen", sa.Text, nullable=False, index=True),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
)

_PAGE = 500  # entries of the audit log read at once
_CLAIMED_FOR = timedelta(days=1)

# The advisory lock of the replica that leads; any number that nobody else takes in this database.
_LEADER = 0x6769_746F_7073
# The one that is held while an incident is exchanged for another.
_EXCHANGING = 0x6769_746F_7074

_CHECK = TypeAdapter(Check)
_INCIDENT = TypeAdapter(Incident)
_ROLLOUT = TypeAdapter(Rollout)
_PULL = TypeAdapter(RevertPullRequest)
_QUEUED = TypeAdapter(QueuedRevert)
_JUDGEMENT = TypeAdapter(Judgement)


class SqlStore:
    """Fulfils `bot.ports.Store`. Creates its tables; StoreError when the database cannot be opened."""

    def __init__(self, url: str) -> None:
        # Pooled for SQLite too: with its last connection closed it writes its log back and syncs, for every operation.
        backend = sa.make_url(url).get_backend_name()
        sqlite = backend == "sqlite"
        self._shared = backend == "postgresql"
        self._electing = threading.Lock()
        self._leading: sa.Connection | None = None
        self._engine = sa.create_engine(url, pool_pre_ping=True)
        if sqlite:
            sa.event.listen(self._engine, "connect", _prepare_sqlite)
        with self._begin() as connection:
            create_or_extend(connection, _tables)

    def close(self) -> None:
        """Give every connection back, and the lead."""
        with self._electing:
            if self._leading is not None:
                # Closing would do, but a moment later: when the server notices that the connection has ended.
                with suppress(SQLAlchemyError):
                    self._leading.execute(sa.select(sa.func.pg_advisory_unlock_all()))
                self._leading.close()
                self._leading = None
        self._engine.dispose()

    def head(self, repository: str) -> str | None:
        return self._one(sa.select(_heads.c.sha).where(_heads.c.repository == repository))

    def advance_head(self, repository: str, known: str | None, sha: str, rollouts: Sequence[Rollout]) -> bool:
        with self._begin() as connection:
            moved = _move(connection, _heads, repository, known, sha)
            for rollout in rollouts if moved else ():
                _put_rollout(connection, rollout)
            return moved

    def judged_head(self, repository: str) -> str | None:
        return self._one(sa.select(_judged_heads.c.sha).where(_judged_heads.c.repository == repository))

    def advance_judged(self, repository: str, known: str | None, sha: str, judgements: Sequence[Judgement]) -> bool:
        with self._begin() as connection:
            moved = _move(connection, _judged_heads, repository, known, sha)
            for judgement in judgements if moved else ():
                _put_judgement(connection, judgement, settled=False)
            return moved

    def save_judgements(self, judgements: Sequence[Judgement], *, settled: Collection[str] = ()) -> None:
        with self._begin() as connection:
            for judgement in judgements:
                _put_judgement(connection, judgement, settled=judgement.id in settled)

    def judgements(self) -> list[Judgement]:
        open_ones = sa.select(_judgements.c.batch).where(_judgements.c.settled.is_(False))
        wanted = sa.select(_judgements.c.body).where(_judgements.c.batch.in_(open_ones)).order_by(_judgements.c.at)
        return [_read_judgement(body) for body in self._all(wanted)]

    def judgements_of(self, repository: str, shas: Sequence[str]) -> list[Judgement]:
        mine = (_judgements.c.repository == repository) & _judgements.c.sha.in_(shas)
        return [_read_judgement(body) for body in self._all(sa.select(_judgements.c.body).where(mine))]

    def judgements_since(self, since: datetime | None = None) -> Iterator[Judgement]:
        wanted = sa.select(_judgements.c.at, _judgements.c.id, _judgements.c.body)
        wanted = wanted.order_by(_judgements.c.at, _judgements.c.id).limit(_PAGE)
        last = (_instant(since)[:_TO_THE_SECOND] if since else "", "")
        while True:
            after = sa.tuple_(_judgements.c.at, _judgements.c.id) > last
            with self._begin() as connection:
                rows = connection.execute(wanted.where(after)).all()
            if not rows:
                return
            yield from (_read_judgement(row.body) for row in rows)
            last = (rows[-1].at, rows[-1].id)

    def lead(self) -> bool:
        if not self._shared:
            return True
        with self._electing:
            try:
                if self._leading is None or self._leading.closed:
                    self._leading = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                # Taken again by its holder it is held twice, which does no harm: it is given up with the connection.
                return bool(self._leading.execute(sa.select(sa.func.pg_try_advisory_lock(_LEADER))).scalar())
            except SQLAlchemyError:
                if self._leading is not None:
                    self._leading.invalidate()
                    self._leading = None
                return False

    def save_checks(self, checks: Sequence[Check]) -> None:
        with self._begin() as connection:
            for check in checks:
                _put(connection, _checks, application=check.application, body=_check_body(check))

    def checks(self) -> dict[str, Check]:
        found = map(_read_check, self._all(sa.select(_checks.c.body)))
        return {check.application: check for check in found}

    def incident(self, application: str) -> Incident | None:
        wanted = sa.select(_incidents.c.body).where(
            _incidents.c.application == application, _incidents.c.resolved.is_(False)
        )
        body = self._one(wanted)
        return None if body is None else _read_incident(body)

    def exchange_incident(self, before: Incident | None, after: Incident | None) -> bool:
        with self._begin() as connection:
            if self._shared:  # two that find none would both put one there
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_EXCHANGING)))
            if before is None:
                return after is not None and _insert_incident(connection, after)
            body = connection.execute(sa.select(_incidents.c.body).where(_incidents.c.id == before.id)).scalar()
            if body is None or _body(_read_incident(body)) != _body(before):
                return False
            still = (_incidents.c.id == before.id) & (_incidents.c.body == body)
            if after is not None and after.id == before.id:
                values = _incident_row(after)
                return connection.execute(_incidents.update().where(still).values(**values)).rowcount == 1
            gone = connection.execute(_incidents.delete().where(still)).rowcount == 1
            return gone and (after is None or _insert_incident(connection, after))

    def incidents(self) -> list[Incident]:
        wanted = sa.select(_incidents.c.body).where(_incidents.c.settled.is_(False)).order_by(_incidents.c.id)
        return [_read_incident(body) for body in self._all(wanted)]

    def ended_incidents(self, since: datetime, most: int) -> list[Incident]:
        return [_read_incident(body) for body in self._ended(_incidents, since, most)]

    def save_rollout(self, rollout: Rollout) -> None:
        with self._begin() as connection:
            _put_rollout(connection, rollout)

    def rollouts(self) -> list[Rollout]:
        wanted = sa.select(_rollouts.c.body).where(_rollouts.c.settled.is_(False)).order_by(_rollouts.c.order)
        return [_read_rollout(body) for body in self._all(wanted)]

    def ended_rollouts(self, since: datetime, most: int) -> list[Rollout]:
        return [_read_rollout(body) for body in self._ended(_rollouts, since, most)]

    def rollouts_of(self, revisions: Sequence[str]) -> list[Rollout]:
        wanted = sa.select(_rollouts.c.body).where(_rollouts.c.revision.in_(revisions))
        return [_read_rollout(body) for body in self._all(wanted)]

    def save_pull_request(self, pull: RevertPullRequest) -> None:
        with self._begin() as connection:
            body = _PULL.dump_json(pull).decode()
            _put(connection, _pulls, id=pull.id, settled=False, body=body, ended=_ended_at(pull.ended_at))

    def pull_requests(self) -> list[RevertPullRequest]:
        wanted = sa.select(_pulls.c.body).where(_pulls.c.settled.is_(False)).order_by(_pulls.c.id)
        return [_PULL.validate_json(body) for body in self._all(wanted)]

    def save_queued(self, revert: QueuedRevert) -> None:
        body = _QUEUED.dump_python(revert, mode="json")
        body |= {"reason": sentences.dump(revert.reason), "result": sentences.dump(revert.result)}
        with self._begin() as connection:
            _put(connection, _queued, id=revert.id, settled=False, body=to_json(body).decode())

    def queued(self) -> list[QueuedRevert]:
        wanted = sa.select(_queued.c.body).where(_queued.c.settled.is_(False))
        return sorted(map(_read_queued, self._all(wanted)), key=lambda each: each.asked_at)

    def ended_pull_requests(self, since: datetime, most: int) -> list[RevertPullRequest]:
        return [_PULL.validate_json(body) for body in self._ended(_pulls, since, most)]

    def settle(self, id_: str) -> None:
        with self._begin() as connection:
            for table in (_incidents, _rollouts, _pulls, _queued):
                connection.execute(table.update().where(table.c.id == id_).values(settled=True))
            connection.execute(_judgements.update().where(_judgements.c.alert == id_).values(settled=True))

    def card(self, key: str) -> Posted | None:
        with self._begin() as connection:
            row = connection.execute(
                sa.select(_cards.c.channel, _cards.c.ts, _cards.c.digest, _cards.c.at).where(_cards.c.key == key)
            ).first()
        if row is None:
            return None
        return Posted(row.channel, row.ts, row.digest, datetime.fromisoformat(row.at))

    def save_card(self, key: str, posted: Posted) -> None:
        with self._begin() as connection:
            at = posted.at.isoformat()
            _put(connection, _cards, key=key, channel=posted.channel, ts=posted.ts, digest=posted.digest, at=at)

    def drop_card(self, key: str) -> None:
        with self._begin() as connection:
            connection.execute(_cards.delete().where(_cards.c.key == key))

    def home(self, user: str) -> Home | None:
        found = self._homes(_homes.c.user == user)
        return found[0] if found else None

    def homes(self, seen_since: datetime, most: int) -> list[Home]:
        return self._homes(_homes.c.seen >= _instant(seen_since), most)

    def save_home(self, home: Home) -> None:
        with self._begin() as connection:
            _put(connection, _homes, user=home.user, seen=_instant(home.seen), digest=home.digest, at=_instant(home.at))

    def confirm_home(self, user: str, at: datetime, digest: str) -> bool:
        with self._begin() as connection:
            mine = (_homes.c.user == user) & (_homes.c.at == _instant(at))
            return connection.execute(_homes.update().where(mine).values(digest=digest)).rowcount == 1

    def audit(self, entry: AuditEntry) -> None:
        with self._begin() as connection:
            connection.execute(
                _audit.insert().values(
                    at=_instant(entry.at),
                    who=entry.who,
                    what=entry.what,
                    result=entry.result,
                    applications=" ".join(entry.applications),
                    origin=entry.origin.value,
                    channel=entry.channel,
                )
            )

    def audit_entries(self, since: datetime | None = None) -> Iterator[AuditEntry]:
        wanted = sa.select(_audit).order_by(_audit.c.id).limit(_PAGE)
        if since:
            wanted = wanted.where(sa.func.substr(_audit.c.at, 1, _TO_THE_SECOND) >= _instant(since)[:_TO_THE_SECOND])
        last = 0
        while True:
            # A page an operation: whoever reads may be slow, and nobody waits for them.
            with self._begin() as connection:
                rows = connection.execute(wanted.where(_audit.c.id > last)).all()
            if not rows:
                return
            for row in rows:
                yield AuditEntry(
                    at=datetime.fromisoformat(row.at),
                    who=row.who,
                    what=row.what,
                    result=row.result,
                    applications=tuple(row.applications.split()),
                    origin=Origin(row.origin),
                    channel=row.channel,
                )
            last = rows[-1].id

    def claim(self, key: str, at: datetime) -> bool:
        with self._begin() as connection:
            connection.execute(_claims.delete().where(_claims.c.at < _instant(at - _CLAIMED_FOR)))
            return _insert_new(connection, _claims, key=key, at=_instant(at))

    def _homes(self, which: sa.ColumnElement[bool], most: int = 1) -> list[Home]:
        with self._begin() as connection:
            rows = connection.execute(sa.select(_homes).where(which).order_by(_homes.c.seen.desc()).limit(most)).all()
        return [
            Home(row.user, datetime.fromisoformat(row.seen), row.digest, datetime.fromisoformat(row.at)) for row in rows
        ]

    def _ended(self, table: sa.Table, since: datetime, most: int) -> list[str]:
        """The bodies of those that have ended since then, the newest `most`, newest first."""
        newest = sa.select(table.c.body).where(table.c.ended >= _instant(since)).order_by(table.c.ended.desc())
        return self._all(newest.limit(most))

    def _one(self, wanted: sa.Select[str]) -> str | None:
        with self._begin() as connection:
            return connection.execute(wanted).scalar()

    def _all(self, wanted: sa.Select[str]) -> list[str]:
        with self._begin() as connection:
            return list(connection.execute(wanted).scalars())

    @contextmanager
    def _begin(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            # The driver's own text may hold the URL's password: only its kind is passed on.
            raise StoreError(LocalizedText(texts.SILENT, kind=type(error).__name__)) from error


_TO_THE_SECOND = len("2026-11-01T00:00:00")


def _instant(at: datetime) -> str:
    """In UTC and always of one form, so that texts compare as instants do."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _ended_at(at: datetime | None) -> str:
    return _instant(at) if at else ""


def _put(connection: sa.Connection, table: sa.Table, **values: object) -> None:
    key = next(iter(table.primary_key.columns))
    changed = connection.execute(table.update().where(key == values[key.name]).values(**values))
    if changed.rowcount == 0:
        connection.execute(table.insert().values(**values))


def _insert_new(connection: sa.Connection, table: sa.Table, **values: object) -> bool:
    """Insert a row; False when its key is there already."""
    try:
        with connection.begin_nested():
            connection.execute(table.insert().values(**values))
    except IntegrityError:
        return False
    return True


def _move(connection: sa.Connection, heads: sa.Table, repository: str, known: str | None, sha: str) -> bool:
    """Move a repository's head from `known`; False when it is not there any more."""
    if known is None:
        return _insert_new(connection, heads, repository=repository, sha=sha)
    still = (heads.c.repository == repository) & (heads.c.sha == known)
    return connection.execute(heads.update().where(still).values(sha=sha)).rowcount == 1


def _put_judgement(connection: sa.Connection, judgement: Judgement, *, settled: bool) -> None:
    body = {**_JUDGEMENT.dump_python(judgement, mode="json"), "why": sentences.dump(judgement.why)}
    _put(
        connection,
        _judgements,
        id=judgement.id,
        repository=judgement.repository,
        sha=judgement.sha,
        batch=judgement.batch,
        at=f"{_instant(judgement.seen_at)} {judgement.order:06}",
        alert=judgement.alert,
        settled=settled,
        body=to_json(body).decode(),
    )


def _read_judgement(body: str) -> Judgement:
    told: dict[str, Any] = from_json(body)
    why = sentences.load(told.pop("why"))
    return replace(_JUDGEMENT.validate_python(told), why=why)


def _incident_row(incident: Incident) -> dict[str, object]:
    resolved = incident.state is IncidentState.RESOLVED
    return {
        "application": incident.application,
        "resolved": resolved,
        "settled": False,
        "body": _body(incident),
        "ended": _ended_at(incident.resolved_at),
    }


def _body(incident: Incident) -> str:
    body = _INCIDENT.dump_python(incident, mode="json")
    return to_json({**body, "blind": sentences.dump(incident.blind)}).decode()


def _insert_incident(connection: sa.Connection, incident: Incident) -> bool:
    """One more; False when its application has one that is not resolved."""
    row = {"id": incident.id, **_incident_row(incident)}
    open_one = sa.exists().where((_incidents.c.application == incident.application) & _incidents.c.resolved.is_(False))
    columns = [_incidents.c[name] for name in row]
    row_of_it = sa.select(
        *(sa.literal(value, column.type) for column, value in zip(columns, row.values(), strict=True))
    )
    # An INSERT's count is kept only when asked for: https://docs.sqlalchemy.org/20/core/connections.html
    new = (
        _incidents.insert().from_select(list(row), row_of_it.where(~open_one)).execution_options(preserve_rowcount=True)
    )
    try:
        with connection.begin_nested():
            return connection.execute(new).rowcount == 1
    except IntegrityError:
        return False  # its id is there already


def _read_incident(body: str) -> Incident:
    """An incident as it was written, also before it had a history: all that was not suspected had a card then.

    The replies of then keep their keys, so that none is told again.
    """
    told: dict[str, Any] = from_json(body)
    if "events" not in told:
        grown = told.pop("grown", [])
        told["history"] = [{"id": f"grown-{n}", "kind": "grew", **growth} for n, growth in enumerate(grown)]
        if told["state"] != "suspected":
            told["announced_at"] = told["opened_at"] = told["since"]
        if told["state"] == "resolved":
            told["history"].append({"id": "ended", "kind": "resolved", "at": told["resolved_at"]})
    blind = sentences.load(told.pop("blind", None))
    return replace(_INCIDENT.validate_python(told), blind=blind)


def _read_queued(body: str) -> QueuedRevert:
    told: dict[str, Any] = from_json(body)
    reason, result = (sentences.load(told.pop(name)) or "" for name in ("reason", "result"))
    return replace(_QUEUED.validate_python({**told, "reason": ""}), reason=reason, result=result)


def _check_body(check: Check) -> str:
    body = _CHECK.dump_python(check, mode="json", exclude={"set_aside"})
    notes = [sentences.dump(note) for note in check.notes]
    return to_json({**body, "error": sentences.dump(check.error), "notes": notes}).decode()


def _read_check(body: str) -> Check:
    told: dict[str, Any] = from_json(body)
    error, notes = sentences.load(told["error"]), tuple(map(sentences.load, told.get("notes", ())))
    return replace(_CHECK.validate_python({**told, "error": None, "notes": ()}), error=error, notes=notes)


def _rollout_body(rollout: Rollout) -> str:
    body = _ROLLOUT.dump_python(rollout, mode="json")
    for written, part in zip(body["parts"], rollout.parts, strict=True):
        written["error"] = sentences.dump(part.error)
        if part.change:
            written["change"]["why"] = sentences.dump(part.change.why)
    return to_json(body).decode()


def _read_rollout(body: str) -> Rollout:
    told: dict[str, Any] = from_json(body)
    errors = [sentences.load(part.pop("error", None)) for part in told["parts"]]
    reasons = [sentences.load((part.get("change") or {}).pop("why", None)) for part in told["parts"]]
    rollout = _ROLLOUT.validate_python(told)
    parts = tuple(
        replace(part, error=error, change=part.change and replace(part.change, why=why))
        for part, error, why in zip(rollout.parts, errors, reasons, strict=True)
    )
    return replace(rollout, parts=parts)


def _put_rollout(connection: sa.Connection, rollout: Rollout) -> None:
    known = connection.execute(sa.select(_rollouts.c.order).where(_rollouts.c.id == rollout.id)).scalar()
    newest = connection.execute(sa.select(sa.func.max(_rollouts.c.order))).scalar() or 0
    _put(
        connection,
        _rollouts,
        id=rollout.id,
        revision=rollout.revision,
        order=known or newest + 1,
        settled=False,
        body=_rollout_body(rollout),
        ended=_ended_at(rollout.ended_at),
    )


def _prepare_sqlite(connection: Any, _: object) -> None:
    # WAL: readers do not wait for the one writer. https://www.sqlite.org/wal.html
    for pragma in ("busy_timeout=10000", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()

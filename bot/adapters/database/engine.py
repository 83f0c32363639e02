"""The database connection that all parts of the store share, and their common statements."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError

from bot.adapters.database.bounds import (
    CONNECT_SECONDS,
    LEASE_SECONDS,
    LOCK_SECONDS,
    RESPONSE_SECONDS,
    STATEMENT_SECONDS,
)
from bot.adapters.database.tables import instant, leases
from bot.i18n.catalogue import store as texts
from bot.i18n.language import LocalizedText
from bot.ports.leases import CURRENT_LEASE, LeaseLostError
from bot.ports.store import StoreError

PAGE = 500  # rows of a long table read at once
_FULL: Final = ("SQLITE_FULL", "DiskFull")  # of SQLite, and of psycopg
_TOO_LARGE: Final = "ProgramLimitExceeded"  # psycopg's name for a key that is too large for an index
TO_THE_SECOND = len("2026-11-01T00:00:00")


# Detect a lost server within this time, instead of when TCP gives up after minutes.
# https://www.postgresql.org/docs/current/libpq-connect.html
_POSTGRESQL_OPTIONS: Final = {
    "connect_timeout": CONNECT_SECONDS,
    "tcp_user_timeout": STATEMENT_SECONDS * 1000,
    "keepalives_idle": CONNECT_SECONDS,
    "keepalives_interval": CONNECT_SECONDS,
}


class RefusedValueError(ValueError):
    """The database is available, but can't store this value: a defect that concerns only one record."""


class Database:
    """A connection pool. `is_shared` is whether other replicas may use the same database (PostgreSQL).

    A PostgreSQL server that doesn't end a statement within `response_seconds` loses the connection.

    Raises StoreError if the URL's driver is missing or a statement fails.
    """

    def __init__(self, url: str, response_seconds: float | None = None) -> None:
        parsed = sa.make_url(url)
        self.is_shared = parsed.get_backend_name() == "postgresql"
        self._file = None if self.is_shared or not parsed.database else _DatabaseFile(Path(parsed.database))
        # Pooled for SQLite too: closing the last connection checkpoints and syncs the log, on every operation.
        options = _POSTGRESQL_OPTIONS if self.is_shared else {}
        self.engine = sa.create_engine(url, pool_pre_ping=True, pool_timeout=STATEMENT_SECONDS, connect_args=options)
        if self.is_shared:
            connect = partial(_connect, RESPONSE_SECONDS if response_seconds is None else response_seconds)
            sa.event.listen(self.engine, "do_connect", connect)
        sa.event.listen(self.engine, "connect", _prepare_postgresql if self.is_shared else _prepare_sqlite)
        self._local = threading.local()  # its `connection` is that of the transaction that the thread is in

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One transaction for everything that this thread writes and reads within the block. Raises as `begin` does."""
        with self.begin() as connection:
            if not self.is_shared:
                connection.exec_driver_sql("BEGIN IMMEDIATE")  # sqlite3 itself begins one later, at the first write
            self._local.connection = connection
            try:
                yield
            finally:
                self._local.connection = None

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """One transaction; within that of the thread, a savepoint.

        Raises StoreError, and LeaseLostError if another replica has taken the lease of the current work.
        """
        with self.read() as connection:
            if connection is self._joined:
                with connection.begin_nested():
                    yield connection
            else:
                self._verify_lease(connection)
                yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that only reads, for which no lease is needed. Raises StoreError."""
        try:
            if self._joined is not None:
                yield self._joined
            else:
                if self._file:
                    self._file.verify()
                with self.engine.begin() as connection:
                    yield connection
        except SQLAlchemyError as error:
            # The driver's text may contain the URL's password, so only the kind of error is passed on.
            kind = _kind(error)
            if isinstance(error, DataError) or kind == _TOO_LARGE:
                raise RefusedValueError(f"the state database refuses a value ({kind})") from None
            raise StoreError(LocalizedText(texts.FULL if kind in _FULL else texts.SILENT, kind=kind)) from error

    def scalar(self, statement: sa.Select[str]) -> str | None:
        """The first column of the first row; None if there is none."""
        with self.read() as connection:
            return connection.execute(statement).scalar()

    def scalars(self, statement: sa.Select[str]) -> list[str]:
        """The first column of every row."""
        with self.read() as connection:
            return list(connection.execute(statement).scalars())

    def ended(self, table: sa.Table, since: datetime, limit: int) -> list[str]:
        """The bodies of at most `limit` rows that ended since then, newest first."""
        newest = sa.select(table.c.body).where(table.c.ended >= instant(since)).order_by(table.c.ended.desc())
        return self.scalars(newest.limit(limit))

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @property
    def _joined(self) -> sa.Connection | None:
        """The connection of the transaction that this thread is in."""
        return getattr(self._local, "connection", None)

    def _verify_lease(self, connection: sa.Connection) -> None:
        """Keep the lease of the current work from changing hands before this transaction ends."""
        lease = CURRENT_LEASE.get()
        if lease is None or not self.is_shared:
            return
        is_valid = (leases.c.name == lease.name) & (leases.c.token == lease.token)
        if connection.execute(sa.select(leases.c.name).where(is_valid).with_for_update(read=True)).scalar() is None:
            raise LeaseLostError(lease.name)


class _DatabaseFile:
    """The file of an SQLite database. SQLite would write into a deleted file without an error."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened: tuple[int, int] | None = None  # its device and inode

    def verify(self) -> None:
        """StoreError if the file was removed or replaced."""
        try:
            status = self._path.stat()
        except OSError:
            current = None
        else:
            current = status.st_dev, status.st_ino
        if self._opened is None:
            self._opened = current
        elif current != self._opened:
            raise StoreError(LocalizedText(texts.REPLACED, file=str(self._path)))


def ended_at(at: datetime | None) -> str:
    """The value of the column `ended`."""
    return instant(at) if at else ""


def put(connection: sa.Connection, table: sa.Table, **values: object) -> None:
    """Insert or replace the row with this primary key."""
    key = next(iter(table.primary_key.columns))
    changed = connection.execute(table.update().where(key == values[key.name]).values(**values))
    if changed.rowcount == 0:
        connection.execute(table.insert().values(**values))


def settle(connection: sa.Connection, table: sa.Table, id_: str, is_reported: Callable[[str], bool]) -> None:
    """Settle a row, unless its body is no longer the one that was reported."""
    body = connection.execute(sa.select(table.c.body).where(table.c.id == id_)).scalar()
    if body is not None and is_reported(body):
        connection.execute(table.update().where((table.c.id == id_) & (table.c.body == body)).values(settled=True))


def insert_new(connection: sa.Connection, table: sa.Table, **values: object) -> bool:
    """Insert a row; False if its key already exists."""
    try:
        with connection.begin_nested():
            connection.execute(table.insert().values(**values))
    except IntegrityError:
        return False
    return True


def _kind(error: SQLAlchemyError) -> str:
    """The driver's name for an error, such as SQLITE_READONLY or ReadOnlySqlTransaction; else SQLAlchemy's."""
    cause = error.orig if isinstance(error, DBAPIError) else None
    return getattr(cause, "sqlite_errorname", None) or type(cause or error).__name__


def _prepare_sqlite(connection: Any, _: object) -> None:
    # WAL: readers don't wait for the writer. https://www.sqlite.org/wal.html
    for pragma in (f"busy_timeout={LOCK_SECONDS}000", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _connect(
    response_seconds: float, _: object, __: object, arguments: Sequence[Any], options: Mapping[str, Any]
) -> Any:
    from bot.adapters.database.postgresql import BoundedConnection  # noqa: PLC0415 - the driver is optional

    connection = BoundedConnection.connect(*arguments, **options)
    connection.response_seconds = response_seconds
    return connection


def _prepare_postgresql(connection: Any, _: object) -> None:
    settings = {
        "lock_timeout": LOCK_SECONDS,
        "statement_timeout": STATEMENT_SECONDS,
        # The transaction of a replica that is paused must not keep others from taking its leases: neither between two
        # statements, nor while the server waits for the replica to read a result, which only TCP ends.
        "idle_in_transaction_session_timeout": LEASE_SECONDS,
        "tcp_user_timeout": LEASE_SECONDS,
    }
    for name, seconds in settings.items():
        connection.execute(f"SET {name} = '{seconds * 1000:.0f}ms'")
    connection.commit()

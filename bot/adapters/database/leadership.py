"""Leader election among replicas on one PostgreSQL database, with an advisory lock."""

import threading
from contextlib import suppress

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from bot.adapters.database.engine import Database
from bot.adapters.database.locks import LEADERSHIP


class SqlLeadership:
    """`ports.store.Leadership`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._connection: sa.Connection | None = None

    def acquire(self) -> bool:
        if not self._database.is_shared:
            return True
        with self._lock:
            try:
                if self._connection is None or self._connection.closed:
                    self._connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                # The holder may take it again without harm: it is released with the connection.
                return bool(self._connection.execute(sa.select(sa.func.pg_try_advisory_lock(LEADERSHIP))).scalar())
            except SQLAlchemyError:
                if self._connection is not None:
                    self._connection.invalidate()
                    self._connection = None
                return False

    def release(self) -> None:
        """Let another replica lead."""
        with self._lock:
            if self._connection is None:
                return
            # Closing the connection would release it later, once the server notices.
            with suppress(SQLAlchemyError):
                self._connection.execute(sa.select(sa.func.pg_advisory_unlock_all()))
            self._connection.close()
            self._connection = None

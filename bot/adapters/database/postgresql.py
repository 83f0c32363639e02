"""Connections to PostgreSQL that a server cannot block by hanging."""

from typing import Any, Final, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.errors import ConnectionTimeout
from psycopg.pq import TransactionStatus

_POLL_SECONDS: Final = 0.1

_Result = TypeVar("_Result")


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that is closed when the server doesn't end a statement within `response_seconds`.

    The server measures `statement_timeout`, and its kernel acknowledges TCP packets, so neither ends if only its
    processes hang, or if a proxy has lost the server.
    """

    response_seconds: float | None = None

    def wait(self, gen: PQGen[_Result], interval: float = _POLL_SECONDS, timeout: float | None = None) -> _Result:
        """Like that of psycopg, for at most `response_seconds`. Raises ConnectionTimeout after that."""
        try:
            return super().wait(gen, interval, self.response_seconds if timeout is None else timeout)
        except psycopg.OperationalError as error:
            if self.info.transaction_status is not TransactionStatus.ACTIVE:
                raise  # the server's own error
            self.close()
            raise ConnectionTimeout(str(error)) from error

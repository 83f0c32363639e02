"""The pull requests that the bot opened."""

from datetime import datetime
from functools import partial

import sqlalchemy as sa

from bot.adapters.database.engine import Database, ended_at, put, settle
from bot.adapters.database.records import Records
from bot.adapters.database.tables import pull_requests
from bot.core.pull_requests.tracked_pull_request import TrackedPullRequest

_PULL_REQUESTS = Records(TrackedPullRequest)


class SqlPullRequests:
    """`ports.store.PullRequests`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, pull: TrackedPullRequest) -> None:
        body = _PULL_REQUESTS.dump(pull)
        with self._database.begin() as connection:
            put(connection, pull_requests, id=pull.id, settled=False, body=body, ended=ended_at(pull.ended_at))

    def settle(self, pull: TrackedPullRequest) -> None:
        with self._database.begin() as connection:
            settle(connection, pull_requests, pull.id, partial(_PULL_REQUESTS.is_stored_as, pull))

    def unsettled(self) -> list[TrackedPullRequest]:
        bodies = sa.select(pull_requests.c.body).where(pull_requests.c.settled.is_(False)).order_by(pull_requests.c.id)
        return _PULL_REQUESTS.load_all(self._database.scalars(bodies))

    def get(self, id_: str) -> TrackedPullRequest | None:
        bodies = self._database.scalars(sa.select(pull_requests.c.body).where(pull_requests.c.id == id_))
        return next(iter(_PULL_REQUESTS.load_all(bodies)), None)

    def ended(self, since: datetime, limit: int) -> list[TrackedPullRequest]:
        return _PULL_REQUESTS.load_all(self._database.ended(pull_requests, since, limit))

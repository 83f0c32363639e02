"""The pull requests the bot opened."""

from datetime import datetime

import sqlalchemy as sa
from pydantic import TypeAdapter

from bot.adapters.database.engine import Database, ended_at, put
from bot.adapters.database.tables import pull_requests
from bot.core.pull_requests.tracked_pull_request import TrackedPullRequest

_PULL_REQUEST = TypeAdapter(TrackedPullRequest)


class SqlPullRequests:
    """`ports.store.PullRequests`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, pull: TrackedPullRequest) -> None:
        body = _PULL_REQUEST.dump_json(pull).decode()
        with self._database.begin() as connection:
            put(connection, pull_requests, id=pull.id, settled=False, body=body, ended=ended_at(pull.ended_at))

    def unsettled(self) -> list[TrackedPullRequest]:
        bodies = sa.select(pull_requests.c.body).where(pull_requests.c.settled.is_(False)).order_by(pull_requests.c.id)
        return [_PULL_REQUEST.validate_json(body) for body in self._database.scalars(bodies)]

    def get(self, id_: str) -> TrackedPullRequest | None:
        body = self._database.scalar(sa.select(pull_requests.c.body).where(pull_requests.c.id == id_))
        return _PULL_REQUEST.validate_json(body) if body else None

    def ended(self, since: datetime, most: int) -> list[TrackedPullRequest]:
        return [_PULL_REQUEST.validate_json(body) for body in self._database.ended(pull_requests, since, most)]

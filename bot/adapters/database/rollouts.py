"""Rollouts, and the head of each tracked branch up to which they were created."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial

import sqlalchemy as sa

from bot.adapters.database.engine import Database, ended_at, put, settle
from bot.adapters.database.heads import Heads
from bot.adapters.database.records import Records
from bot.adapters.database.tables import deployments, rollout_heads, rollouts
from bot.core.delivery.deployment import Deployment, DeploymentOutcome, deployments_of
from bot.core.rollouts.rollout import Rollout

_ROLLOUTS = Records(Rollout)


class SqlRollouts:
    """`ports.store.Rollouts`."""

    def __init__(self, database: Database, sources: Mapping[str, tuple[str, str]]) -> None:
        self._database = database
        self._heads = Heads(database, rollout_heads, sources)

    def head(self, repository: str) -> str | None:
        return self._heads.get(repository)

    def advance(self, repository: str, expected: str | None, sha: str, started: Sequence[Rollout]) -> bool:
        with self._database.begin() as connection:
            moved = self._heads.advance(connection, repository, expected, sha)  # and locks it
            if moved and expected == sha:
                known = rollouts.c.id.in_([rollout.id for rollout in started])
                moved = connection.execute(sa.select(rollouts.c.id).where(known)).first() is None
            for rollout in started if moved else ():
                _put(connection, rollout)
            return moved

    def save(self, rollout: Rollout) -> None:
        with self._database.begin() as connection:
            _put(connection, rollout)

    def settle(self, rollout: Rollout) -> None:
        with self._database.begin() as connection:
            settle(connection, rollouts, rollout.id, partial(_ROLLOUTS.is_stored_as, rollout))

    def unsettled(self) -> list[Rollout]:
        bodies = sa.select(rollouts.c.body).where(rollouts.c.settled.is_(False)).order_by(rollouts.c.order)
        return _ROLLOUTS.load_all(self._database.scalars(bodies))

    def ended(self, since: datetime, limit: int) -> list[Rollout]:
        return _ROLLOUTS.load_all(self._database.ended(rollouts, since, limit))

    def of_revisions(self, revisions: Sequence[str]) -> list[Rollout]:
        bodies = sa.select(rollouts.c.body).where(rollouts.c.revision.in_(revisions))
        return _ROLLOUTS.load_all(self._database.scalars(bodies))

    def deployments(self, since: datetime) -> list[Deployment]:
        merged_since = sa.select(deployments).where(deployments.c.merged_at >= since)
        with self._database.read() as connection:
            rows = connection.execute(merged_since).mappings()
            return [Deployment(**{**row, "outcome": DeploymentOutcome(row["outcome"])}) for row in rows]


def _put(connection: sa.Connection, rollout: Rollout) -> None:
    order = connection.execute(sa.select(rollouts.c.order).where(rollouts.c.id == rollout.id)).scalar()
    newest = connection.execute(sa.select(sa.func.max(rollouts.c.order))).scalar() or 0
    put(
        connection,
        rollouts,
        id=rollout.id,
        revision=rollout.revision,
        order=order or newest + 1,
        settled=False,
        body=_ROLLOUTS.dump(rollout),
        ended=ended_at(rollout.ended_at),
    )
    connection.execute(deployments.delete().where(deployments.c.rollout == rollout.id))
    if rollout.parts:
        connection.execute(deployments.insert(), [asdict(deployment) for deployment in deployments_of(rollout)])

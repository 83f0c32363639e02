"""Requests that changed objects of clusters, from the clusters' audit logs."""

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa

from bot.adapters.database.bounds import KEYS
from bot.adapters.database.engine import Database, insert_new, put
from bot.adapters.database.records import Records
from bot.adapters.database.tables import cluster_writes, instant
from bot.core.cluster_audit.write import ClusterWrite, ObjectKey

_WRITES = Records(ClusterWrite)


class SqlClusterWrites:
    """`ports.store.ClusterWrites`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, cluster: str, writes: Sequence[ClusterWrite]) -> None:
        with self._database.begin() as connection:
            for write in writes:
                store = put if write.is_exact else insert_new
                store(
                    connection,
                    cluster_writes,
                    id=f"{cluster}/{write.id}",
                    cluster=cluster,
                    object=_object(write.key),
                    at=instant(write.time),
                    body=_WRITES.dump(write),
                )

    def of_objects(self, cluster: str, keys: Collection[ObjectKey]) -> list[ClusterWrite]:
        bodies: list[str] = []
        names = list(map(_object, keys))
        for start in range(0, len(names), KEYS):
            condition = cluster_writes.c.object.in_(names[start : start + KEYS]) & (cluster_writes.c.cluster == cluster)
            bodies += self._database.scalars(sa.select(cluster_writes.c.body).where(condition))
        return _WRITES.load_all(bodies)

    def prune(self, cluster: str, before: datetime, limit: int) -> None:
        of_cluster = cluster_writes.c.cluster == cluster
        surplus = sa.select(cluster_writes.c.at).where(of_cluster).order_by(cluster_writes.c.at.desc()).offset(limit)
        newest_surplus = self._database.scalar(surplus.limit(1)) or ""
        with self._database.begin() as connection:
            is_old = (cluster_writes.c.at < instant(before)) | (cluster_writes.c.at <= newest_surplus)
            connection.execute(cluster_writes.delete().where(of_cluster & is_old))


def _object(key: ObjectKey) -> str:
    """The key as one text. None of its parts contains a slash."""
    return f"{key.group}/{key.resource}/{key.namespace}/{key.name}"

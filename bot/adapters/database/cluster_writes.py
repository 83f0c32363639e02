"""Requests that changed objects of clusters, from the clusters' audit logs."""

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa

from bot.adapters.database.bounds import KEYS, WRITES_BYTES, WRITES_OF_OBJECT
from bot.adapters.database.engine import Database, insert_new, put
from bot.adapters.database.records import Records
from bot.adapters.database.tables import cluster_writes, instant
from bot.core.cluster_audit.write import UNREADABLE, ClusterWrite, ObjectKey

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
            bodies += self._database.scalars(_newest(cluster, names[start : start + KEYS]))
        return _WRITES.load_all(bodies)

    def prune(self, cluster: str, before: datetime, limit: int) -> None:
        of_cluster = cluster_writes.c.cluster == cluster
        surplus = sa.select(cluster_writes.c.at).where(of_cluster).order_by(cluster_writes.c.at.desc()).offset(limit)
        newest_surplus = self._database.scalar(surplus.limit(1)) or ""
        with self._database.begin() as connection:
            is_old = (cluster_writes.c.at < instant(before)) | (cluster_writes.c.at <= newest_surplus)
            connection.execute(cluster_writes.delete().where(of_cluster & is_old))


def _newest(cluster: str, objects: Sequence[str]) -> sa.Select[str]:
    """The bodies of the newest requests for each object, up to WRITES_BYTES.

    All requests that cannot be read count, since the oldest makes as much uncertain as the newest.
    """
    table = cluster_writes.c
    age = sa.func.row_number().over(partition_by=table.object, order_by=(table.at.desc(), table.id)).label("age")
    condition = table.object.in_(objects) & (table.cluster == cluster)
    ranked = sa.select(table.id, table.object, age).where(condition).subquery()
    is_new = (ranked.c.age <= WRITES_OF_OBJECT) | (ranked.c.object == _object(UNREADABLE))
    size = sa.func.sum(sa.func.length(table.body)).over(order_by=(ranked.c.age, ranked.c.id)).label("size")
    sized = sa.select(ranked.c.id, size).join(ranked, table.id == ranked.c.id).where(is_new).subquery()
    return sa.select(table.body).join(sized, table.id == sized.c.id).where(sized.c.size <= WRITES_BYTES)


def _object(key: ObjectKey) -> str:
    """The key as one text. None of its parts contains a slash."""
    return f"{key.group}/{key.resource}/{key.namespace}/{key.name}"

"""Requests that changed objects of clusters, from the clusters' audit logs."""

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa

from bot.adapters.database.bounds import KEYS, WRITES_BYTES, WRITES_OF_OBJECT
from bot.adapters.database.engine import Database, insert_new, put
from bot.adapters.database.records import Records
from bot.adapters.database.tables import cluster_writes, instant
from bot.core.cluster_audit.write import UNREADABLE, ClusterWrite, ObjectKey, unread_writes

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
        unread: list[ClusterWrite] = []
        by_name = {_object(key): key for key in keys}
        names = list(by_name)
        for start in range(0, len(names), KEYS):
            read, cut = _newest(cluster, names[start : start + KEYS])
            with self._database.read() as connection:
                bodies += connection.execute(read).scalars()
                rows = connection.execute(cut).all()
            unread += [unread_writes(by_name[name], datetime.fromisoformat(at)) for name, at in rows]
        return _WRITES.load_all(bodies) + unread

    def prune(self, cluster: str, before: datetime, limit: int) -> None:
        of_cluster = cluster_writes.c.cluster == cluster
        surplus = sa.select(cluster_writes.c.at).where(of_cluster).order_by(cluster_writes.c.at.desc()).offset(limit)
        newest_surplus = self._database.scalar(surplus.limit(1)) or ""
        with self._database.begin() as connection:
            is_old = (cluster_writes.c.at < instant(before)) | (cluster_writes.c.at <= newest_surplus)
            connection.execute(cluster_writes.delete().where(of_cluster & is_old))

    def prune_all(self, before: datetime) -> None:
        with self._database.begin() as connection:
            connection.execute(cluster_writes.delete().where(cluster_writes.c.at < instant(before)))


def _newest(cluster: str, objects: Sequence[str]) -> tuple[sa.Select[str], sa.Select[str, str]]:
    """The bodies of the newest requests for each object, up to WRITES_BYTES, and when the newest other was received.

    All requests that cannot be read count, since the oldest makes as much uncertain as the newest. `retention` bounds
    their number.
    """
    table = cluster_writes.c
    number = sa.func.row_number().over(partition_by=table.object, order_by=(table.at.desc(), table.id))
    age = sa.case((table.object == _object(UNREADABLE), 0), else_=number).label("age")
    condition = table.object.in_(objects) & (table.cluster == cluster)
    ranked = sa.select(table.id, age).where(condition).subquery()
    length = sa.case((ranked.c.age == 0, 0), else_=sa.func.length(table.body))
    size = sa.func.sum(length).over(order_by=(ranked.c.age, ranked.c.id)).label("size")
    sized = (
        sa.select(ranked.c.id, table.object, table.at, ranked.c.age, size)
        .join(ranked, table.id == ranked.c.id)
        .where(ranked.c.age <= WRITES_OF_OBJECT + 1)  # the first one that isn't read, too
        .subquery()
    )
    is_read = (sized.c.age <= WRITES_OF_OBJECT) & (sized.c.size <= WRITES_BYTES)
    read = sa.select(table.body).join(sized, table.id == sized.c.id).where(is_read)
    cut = sa.select(sized.c.object, sa.func.max(sized.c.at)).where(~is_read).group_by(sized.c.object)
    return read, cut


def _object(key: ObjectKey) -> str:
    """The key as one text. None of its parts contains a slash."""
    return f"{key.group}/{key.resource}/{key.namespace}/{key.name}"

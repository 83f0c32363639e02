"""The heads of tracked branches up to which commits were recorded."""

from collections.abc import Mapping

import sqlalchemy as sa

from bot.adapters.database.engine import Database, insert_new
from bot.core.git.repository_ref import RepositoryRef


class Heads:
    """The heads in a table, by the key of a RepositoryRef. A head of another branch or URL doesn't count.

    `sources` are the URL and the branch of each configured repository, by name. Without one, any head counts.
    """

    def __init__(self, database: Database, table: sa.Table, sources: Mapping[str, tuple[str, str]]) -> None:
        self._database = database
        self._table = table
        self._sources = sources

    def get(self, key: str) -> str | None:
        """The recorded head. If a version of the bot that stored no source stored it, it is taken to be of this one."""
        name, source = self._source(key)
        columns = self._table.c
        query = sa.select(columns.repository, columns.sha).where(columns.repository.in_([key, name]))
        with self._database.read() as connection:
            stored = {row.repository: row.sha for row in connection.execute(query)}
        if source and key in stored and name not in stored:
            with self._database.begin() as connection:
                insert_new(connection, self._table, repository=name, sha=source)
        return stored.get(key) if not source or stored.get(name, source) == source else None

    def advance(self, connection: sa.Connection, key: str, expected: str | None, sha: str) -> bool:
        """Move a head from `expected` to `sha`; False if another replica has moved it."""
        table, columns = self._table, self._table.c
        if expected is not None:
            unmoved = (columns.repository == key) & (columns.sha == expected)
            return connection.execute(table.update().where(unmoved).values(sha=sha)).rowcount == 1
        name, source = self._source(key)
        of_another = (columns.repository == name) & (columns.sha != source)
        if source and connection.execute(table.update().where(of_another).values(sha=source)).rowcount:
            connection.execute(table.delete().where(columns.repository == key))
        elif source:
            insert_new(connection, table, repository=name, sha=source)
        return insert_new(connection, table, repository=key, sha=sha)

    def _source(self, key: str) -> tuple[str, str]:
        """What to store about the source of a head, and as which row, which is not the key of any repository."""
        ref = RepositoryRef.parse(key)
        url, branch = self._sources.get(ref.name, ("", ""))
        return f"source of {key}", f"{url} {branch}" if url and not ref.target_revision else url

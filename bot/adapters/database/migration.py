"""Brings the tables of an earlier version along: what is missing is added, and nothing is changed or dropped.

An earlier version can go on with the result: a new column has a default, so what knows nothing of it can still insert.
"""

import sqlalchemy as sa

# Any number that nobody else takes in this database for an advisory lock.
_LOCK = 0x6769_746F_7074


def create_or_extend(connection: sa.Connection, tables: sa.MetaData) -> None:
    """Create the tables, columns and indexes that are missing. Those who start at once take turns."""
    match connection.dialect.name:
        case "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        case "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
    tables.create_all(connection)
    found = sa.inspect(connection)
    quote = connection.dialect.identifier_preparer
    for table in tables.sorted_tables:
        have = {column["name"] for column in found.get_columns(table.name)}
        for column in table.columns:
            if column.name not in have:
                definition = sa.schema.CreateColumn(column).compile(dialect=connection.dialect)
                connection.exec_driver_sql(f"ALTER TABLE {quote.format_table(table)} ADD COLUMN {definition}")
        for index in table.indexes:
            index.create(connection, checkfirst=True)

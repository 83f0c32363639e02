"""The schema before versioning: creates it, or adds what an older database lacks.

The tables are copied here instead of imported, since those of the store keep changing.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_schema = sa.MetaData()

sa.Table(
    "heads", _schema, sa.Column("repository", sa.Text, primary_key=True), sa.Column("sha", sa.Text, nullable=False)
)
sa.Table(
    "checks", _schema, sa.Column("application", sa.Text, primary_key=True), sa.Column("body", sa.Text, nullable=False)
)
sa.Table(
    "incidents",
    _schema,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("application", sa.Text, nullable=False, index=True),
    sa.Column("resolved", sa.Boolean, nullable=False),
    sa.Column("settled", sa.Boolean, nullable=False, index=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("ended", sa.Text, nullable=False, server_default="", index=True),
)
sa.Table(
    "rollouts",
    _schema,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("revision", sa.Text, nullable=False, index=True),
    sa.Column("order", sa.Integer, nullable=False),
    sa.Column("settled", sa.Boolean, nullable=False, index=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("ended", sa.Text, nullable=False, server_default="", index=True),
)
sa.Table(
    "pulls",
    _schema,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("settled", sa.Boolean, nullable=False, index=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("ended", sa.Text, nullable=False, server_default="", index=True),
)
sa.Table(
    "judged_heads",
    _schema,
    sa.Column("repository", sa.Text, primary_key=True),
    sa.Column("sha", sa.Text, nullable=False),
)
sa.Table(
    "judgements",
    _schema,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("repository", sa.Text, nullable=False),
    sa.Column("sha", sa.Text, nullable=False, index=True),
    sa.Column("batch", sa.Text, nullable=False, index=True),
    sa.Column("at", sa.Text, nullable=False, index=True),
    sa.Column("alert", sa.Text, nullable=True, index=True),
    sa.Column("settled", sa.Boolean, nullable=False, index=True),
    sa.Column("body", sa.Text, nullable=False),
)
sa.Table(
    "queued",
    _schema,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("settled", sa.Boolean, nullable=False, index=True),
    sa.Column("body", sa.Text, nullable=False),
)
sa.Table(
    "cards",
    _schema,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("ts", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
)
sa.Table(
    "audit",
    _schema,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("result", sa.Text, nullable=False),
    sa.Column("applications", sa.Text, nullable=False, server_default=""),
    sa.Column("origin", sa.Text, nullable=False, server_default=""),
    sa.Column("channel", sa.Text, nullable=False, server_default=""),
)
sa.Table(
    "claims",
    _schema,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("at", sa.Text, nullable=False, index=True),
)

sa.Table(
    "homes",
    _schema,
    sa.Column("user", sa.Text, primary_key=True),
    sa.Column("seen", sa.Text, nullable=False, index=True),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
)


def upgrade() -> None:
    """Create the tables, columns and indexes that are missing."""
    connection = op.get_bind()
    inspector = sa.inspect(connection)
    existing = set(inspector.get_table_names())
    _schema.create_all(connection)
    for table in _schema.sorted_tables:
        if table.name not in existing:
            continue
        columns = {column["name"] for column in inspector.get_columns(table.name)}
        for column in table.columns:
            if column.name not in columns:
                op.add_column(table.name, sa.Column(column.name, column.type, nullable=False, server_default=""))
        for index in table.indexes:
            index.create(connection, checkfirst=True)

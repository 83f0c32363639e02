"""The tables of the store. Each column's form in an existing database is changed only by a migration."""

import sqlalchemy as sa

metadata = sa.MetaData()

rollout_heads = sa.Table(
    "rollout_heads",
    metadata,
    sa.Column("repository", sa.Text, primary_key=True),
    sa.Column("sha", sa.Text, nullable=False),
)
checks = sa.Table(
    "checks", metadata, sa.Column("application", sa.Text, primary_key=True), sa.Column("body", sa.Text, nullable=False)
)
incidents = sa.Table(
    "incidents",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("application", sa.Text, nullable=False, index=True),
    sa.Column("resolved", sa.Boolean, nullable=False),
    sa.Column("settled", sa.Boolean, nullable=False, index=True),
    sa.Column("body", sa.Text, nullable=False),
    # When it ended; "" until then.
    sa.Column("ended", sa.Text, nullable=False, server_default="", index=True),
)
rollouts = sa.Table(
    "rollouts",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("revision", sa.Text, nullable=False, index=True),
    sa.Column("order", sa.Integer, nullable=False),
    sa.Column("settled", sa.Boolean, nullable=False, index=True),
    sa.Column("body", sa.Text, nullable=False),
    # When it ended; "" until then.
    sa.Column("ended", sa.Text, nullable=False, server_default="", index=True),
)
pull_requests = sa.Table(
    "pull_requests",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("settled", sa.Boolean, nullable=False, index=True),
    sa.Column("body", sa.Text, nullable=False),
    # When it ended; "" until then.
    sa.Column("ended", sa.Text, nullable=False, server_default="", index=True),
)
approval_heads = sa.Table(
    "approval_heads",
    metadata,
    sa.Column("repository", sa.Text, primary_key=True),
    sa.Column("sha", sa.Text, nullable=False),
)
approvals = sa.Table(
    "approvals",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("repository", sa.Text, nullable=False),
    sa.Column("sha", sa.Text, nullable=False, index=True),
    sa.Column("batch", sa.Text, nullable=False, index=True),
    # When it was first seen, then its place in the batch: texts that sort in the order of the commits.
    sa.Column("at", sa.Text, nullable=False, index=True),
    sa.Column("alert", sa.Text, nullable=True, index=True),
    sa.Column("settled", sa.Boolean, nullable=False, index=True),
    sa.Column("body", sa.Text, nullable=False),
)
queued_reverts = sa.Table(
    "queued_reverts",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("settled", sa.Boolean, nullable=False, index=True),
    sa.Column("body", sa.Text, nullable=False),
)
intents = sa.Table(
    "intents", metadata, sa.Column("id", sa.Text, primary_key=True), sa.Column("body", sa.Text, nullable=False)
)
cards = sa.Table(
    "cards",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("ts", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
)
audit_log = sa.Table(
    "audit_log",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("result", sa.Text, nullable=False),
    # Separated by spaces, which names of applications do not contain.
    sa.Column("applications", sa.Text, nullable=False, server_default=""),
    sa.Column("origin", sa.Text, nullable=False, server_default=""),
    sa.Column("channel", sa.Text, nullable=False, server_default=""),
)
claims = sa.Table(
    "claims",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("at", sa.Text, nullable=False, index=True),
)

homes = sa.Table(
    "homes",
    metadata,
    sa.Column("user", sa.Text, primary_key=True),
    sa.Column("seen", sa.Text, nullable=False, index=True),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
)

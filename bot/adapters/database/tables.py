"""The tables of the store. A change to them needs a migration."""

import json
from datetime import UTC, datetime

import sqlalchemy as sa


def storable_text(text: str) -> str:
    """The text in a form that every database accepts: PostgreSQL refuses NUL, and lone surrogates are not UTF-8."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


def instant(at: datetime) -> str:
    """In UTC and in a fixed format, so that text sorts chronologically."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


class Text(sa.types.TypeDecorator[str]):
    """Text of any length and any content."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """See `storable_text`."""
        del dialect
        return None if value is None else storable_text(value)


class Instant(sa.types.TypeDecorator[datetime]):
    """A time as text: see `instant`."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> str | None:
        """As stored."""
        del dialect
        return None if value is None else instant(value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> datetime | None:
        """As read."""
        del dialect
        return None if value is None else datetime.fromisoformat(value)


class Texts(sa.types.TypeDecorator[tuple[str, ...]]):
    """Several texts, as a JSON list."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: sa.Dialect) -> str | None:
        """As stored."""
        del dialect
        return None if value is None else json.dumps([storable_text(text) for text in value], ensure_ascii=False)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> tuple[str, ...] | None:
        """As read."""
        del dialect
        return None if value is None else tuple(json.loads(value))


metadata = sa.MetaData()

rollout_heads = sa.Table(
    "rollout_heads",
    metadata,
    sa.Column("repository", Text, primary_key=True),
    sa.Column("sha", Text, nullable=False),
)
checks = sa.Table(
    "checks", metadata, sa.Column("application", Text, primary_key=True), sa.Column("body", Text, nullable=False)
)
incidents = sa.Table(
    "incidents",
    metadata,
    sa.Column("id", Text, primary_key=True),
    sa.Column("application", Text, nullable=False, index=True),
    sa.Column("resolved", sa.Boolean, nullable=False),
    sa.Column("settled", sa.Boolean, nullable=False, index=True),
    sa.Column("body", Text, nullable=False),
    # When it ended; "" until then.
    sa.Column("ended", Text, nullable=False, server_default="", index=True),
)
rollouts = sa.Table(
    "rollouts",
    metadata,
    sa.Column("id", Text, primary_key=True),
    sa.Column("revision", Text, nullable=False, index=True),
    sa.Column("order", sa.Integer, nullable=False),
    sa.Column("settled", sa.Boolean, nullable=False, index=True),
    sa.Column("body", Text, nullable=False),
    # When it ended; "" until then.
    sa.Column("ended", Text, nullable=False, server_default="", index=True),
)
# What the delivery metrics need from rollouts and incidents, since reading 10,000 bodies takes seconds.
deployments = sa.Table(
    "deployments",
    metadata,
    sa.Column("rollout", Text, primary_key=True),
    sa.Column("application", Text, primary_key=True),
    sa.Column("cluster", Text, nullable=False),
    sa.Column("revision", Text, nullable=False),
    sa.Column("merged_at", Instant, nullable=False, index=True),
    sa.Column("outcome", Text, nullable=False),
    sa.Column("first_commit_at", Instant, nullable=True),
    sa.Column("live_at", Instant, nullable=True),
    sa.Column("failed_at", Instant, nullable=True),
    sa.Column("recovered_at", Instant, nullable=True),
    sa.Column("reverts", Texts, nullable=False),
    sa.Column("merges", sa.Integer, nullable=False),
)
incident_records = sa.Table(
    "incident_records",
    metadata,
    sa.Column("id", Text, primary_key=True),
    sa.Column("application", Text, nullable=False),
    sa.Column("cluster", Text, nullable=False),
    sa.Column("since", Instant, nullable=False),
    sa.Column("announced_at", Instant, nullable=True),
    sa.Column("acknowledged_at", Instant, nullable=True),
    sa.Column("resolved_at", Instant, nullable=True, index=True),
    sa.Column("ended", Text, nullable=True),
    sa.Column("tools", Texts, nullable=False),
)
pull_requests = sa.Table(
    "pull_requests",
    metadata,
    sa.Column("id", Text, primary_key=True),
    sa.Column("settled", sa.Boolean, nullable=False, index=True),
    sa.Column("body", Text, nullable=False),
    # When it ended; "" until then.
    sa.Column("ended", Text, nullable=False, server_default="", index=True),
)
approval_heads = sa.Table(
    "approval_heads",
    metadata,
    sa.Column("repository", Text, primary_key=True),
    sa.Column("sha", Text, nullable=False),
)
approvals = sa.Table(
    "approvals",
    metadata,
    sa.Column("id", Text, primary_key=True),
    sa.Column("repository", Text, nullable=False),
    sa.Column("sha", Text, nullable=False, index=True),
    sa.Column("batch", Text, nullable=False, index=True),
    # When it was first seen, then its position in the batch, so that text sorts in the order of the commits.
    sa.Column("at", Text, nullable=False, index=True),
    sa.Column("alert", Text, nullable=True, index=True),
    sa.Column("settled", sa.Boolean, nullable=False, index=True),
    sa.Column("body", Text, nullable=False),
)
queued_reverts = sa.Table(
    "queued_reverts",
    metadata,
    sa.Column("id", Text, primary_key=True),
    sa.Column("settled", sa.Boolean, nullable=False, index=True),
    sa.Column("body", Text, nullable=False),
)
intents = sa.Table(
    "intents", metadata, sa.Column("id", sa.Text, primary_key=True), sa.Column("body", sa.Text, nullable=False)
)
cards = sa.Table(
    "cards",
    metadata,
    sa.Column("key", Text, primary_key=True),
    sa.Column("channel", Text, nullable=False),
    sa.Column("ts", Text, nullable=False),
    sa.Column("digest", Text, nullable=False),
    sa.Column("at", Text, nullable=False),
)
audit_log = sa.Table(
    "audit_log",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", Text, nullable=False),
    sa.Column("who", Text, nullable=False),
    sa.Column("what", Text, nullable=False),
    sa.Column("result", Text, nullable=False),
    # Separated by spaces, which application names can't contain.
    sa.Column("applications", Text, nullable=False, server_default=""),
    sa.Column("origin", Text, nullable=False, server_default=""),
    sa.Column("channel", Text, nullable=False, server_default=""),
)
# Requests from the clusters' audit logs; `audit_log` has people's requests to the bot.
cluster_writes = sa.Table(
    "cluster_writes",
    metadata,
    sa.Column("id", Text, primary_key=True),
    sa.Column("cluster", Text, nullable=False),
    sa.Column("object", Text, nullable=False, index=True),
    sa.Column("at", Text, nullable=False, index=True),
    sa.Column("body", Text, nullable=False),
)
# The events to send to a webhook; `at` is when they happened.
events = sa.Table(
    "events",
    metadata,
    sa.Column("id", Text, primary_key=True),
    sa.Column("at", Text, nullable=False, index=True),
    sa.Column("order", sa.Integer, nullable=False),
    sa.Column("waiting", sa.Boolean, nullable=False, index=True),
    sa.Column("body", Text, nullable=False),
)
claims = sa.Table(
    "claims",
    metadata,
    sa.Column("key", Text, primary_key=True),
    sa.Column("at", Text, nullable=False, index=True),
)

homes = sa.Table(
    "homes",
    metadata,
    sa.Column("user", Text, primary_key=True),
    sa.Column("seen", Text, nullable=False, index=True),
    sa.Column("digest", Text, nullable=False),
    sa.Column("at", Text, nullable=False),
)
# The replicas on one PostgreSQL. `expires_at` is by the database's clock.
replicas = sa.Table(
    "replicas",
    metadata,
    sa.Column("id", Text, primary_key=True),
    sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
)
# A lease is valid while its holder has not expired. Rows are never deleted: the token must never fall.
leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", Text, primary_key=True),
    sa.Column("holder", Text, nullable=True),
    sa.Column("token", sa.BigInteger, nullable=False),
)

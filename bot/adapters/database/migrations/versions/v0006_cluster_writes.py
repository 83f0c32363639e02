"""Add the requests from clusters' audit logs."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the table and its indexes."""
    op.create_table(
        "cluster_writes",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("cluster", sa.Text, nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        if_not_exists=True,
    )
    for column in ("object", "at"):
        op.create_index(f"ix_cluster_writes_{column}", "cluster_writes", [column], if_not_exists=True)

"""Rename the tables to match the code."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_RENAMED = {
    "heads": "rollout_heads",
    "pulls": "pull_requests",
    "judged_heads": "approval_heads",
    "judgements": "approvals",
    "queued": "queued_reverts",
    "audit": "audit_log",
}


def upgrade() -> None:
    """Rename the tables and their indexes."""
    inspector = sa.inspect(op.get_bind())
    for old, new in _RENAMED.items():
        indexes = inspector.get_indexes(old)
        op.rename_table(old, new)
        for index in indexes:
            op.drop_index(str(index["name"]))
            columns = [str(column) for column in index["column_names"]]
            op.create_index(f"ix_{new}_{'_'.join(columns)}", new, columns)

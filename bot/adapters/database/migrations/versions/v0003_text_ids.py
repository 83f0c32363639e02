"""Stop storing templates: a text that was stored with its templates becomes the English sentence it was.

From here on a text is stored as the id of its phrase and the values of its placeholders.
"""

import json
import re
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_TABLES = {
    "checks": "application",
    "incidents": "id",
    "rollouts": "id",
    "approvals": "id",
    "queued_reverts": "id",
}


def upgrade() -> None:
    """Rewrite the bodies that hold a template."""
    connection = op.get_bind()
    for name, key in _TABLES.items():
        table = sa.table(name, sa.column(key), sa.column("body"))
        for row in connection.execute(sa.select(table.c[key], table.c.body)).all():
            body = json.dumps(_rendered(json.loads(row.body)), ensure_ascii=False)
            if body != row.body:
                connection.execute(table.update().where(table.c[key] == row[0]).values(body=body))


def _rendered(stored: Any) -> Any:
    if isinstance(stored, list):
        return [_rendered(item) for item in stored]
    if not isinstance(stored, dict):
        return stored
    values = {name: _rendered(value) for name, value in stored.items()}
    if set(values) != {"en", "es", "values"}:
        return values
    return re.sub(r"\{(\w+)\}", lambda place: str(values["values"].get(place[1], place[0])), values["en"])

"""Stop storing templates: replace texts that were stored as templates with the English sentence.

From now on, a text is stored as the id of its phrase and the values of its placeholders.
"""

import json
import re
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_KEYS = {
    "checks": "application",
    "incidents": "id",
    "rollouts": "id",
    "approvals": "id",
    "queued_reverts": "id",
}


def upgrade() -> None:
    """Rewrite the bodies that contain a template."""
    connection = op.get_bind()
    for name, key in _KEYS.items():
        table = sa.table(name, sa.column(key), sa.column("body"))
        candidates = sa.select(table.c[key], table.c.body).where(table.c.body.contains('"es":'))
        for id_, body in connection.execute(candidates).all():
            before = json.loads(body)
            after = _rendered(before)
            if after != before:
                rewritten = json.dumps(after, ensure_ascii=False, separators=(",", ":"))
                connection.execute(table.update().where(table.c[key] == id_).values(body=rewritten))


def _rendered(stored: Any) -> Any:
    match stored:
        case list():
            return [_rendered(item) for item in stored]
        case {"en": str(template), "es": str(), "values": dict(values)} if len(stored) == 3:
            return re.sub(r"\{(\w+)\}", lambda place: str(_rendered(values.get(place[1], place[0]))), template)
        case dict():
            return {name: _rendered(value) for name, value in stored.items()}
        case _:
            return stored

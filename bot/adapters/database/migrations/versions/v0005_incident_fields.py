"""Rename stored fields: `blind` and `told` of incidents, and `lacking` of rollouts."""

import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_Body = dict[str, Any]


def upgrade() -> None:
    """Rewrite the bodies that have a field with an old name."""
    _rewrite("incidents", _incident)
    _rewrite("rollouts", _rollout)


def _rewrite(name: str, renamed: Callable[[_Body], _Body]) -> None:
    connection = op.get_bind()
    table = sa.table(name, sa.column("id"), sa.column("body"))
    for id_, body in connection.execute(sa.select(table.c.id, table.c.body)).all():
        try:
            before = json.loads(body)
        except (ValueError, RecursionError):  # the bot also skips such a row
            continue
        after = renamed(before)
        if after != before:
            rewritten = json.dumps(after, ensure_ascii=False, separators=(",", ":"))
            connection.execute(table.update().where(table.c.id == id_).values(body=rewritten))


def _incident(body: _Body) -> _Body:
    events = [_rename(event, {"told": "in_thread"}) for event in body.get("history") or ()]
    return _rename(body, {"blind": "check_error"}) | ({"history": events} if events else {})


def _rollout(body: _Body) -> _Body:
    parts = [_rename(part, {"lacking": "pending"}) for part in body.get("parts") or ()]
    return body | ({"parts": parts} if parts else {})


def _rename(stored: _Body, names: dict[str, str]) -> _Body:
    return {names.get(name, name): value for name, value in stored.items()}

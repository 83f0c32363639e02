"""Rename stored keys: a pull request's has no revision, and a branch's has its full name.

Also rename `loss` of irreversible changes.
"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_Body = dict[str, Any]


def upgrade() -> None:
    """Rewrite the pull requests, with their cards and events, and the approvals."""
    connection = op.get_bind()
    _rename_pull_requests(connection)
    _rename_branches(connection)


def _rename_pull_requests(connection: sa.Connection) -> None:
    table = sa.table("pull_requests", sa.column("id"), sa.column("body"))
    rows = connection.execute(sa.select(table.c.id, table.c.body)).all()
    ids = {row.id for row in rows}
    for id_, body in rows:
        try:
            before = json.loads(body)
            after = _with_reasons(before)
        except (ValueError, KeyError, TypeError, RecursionError):  # the bot also skips such a row
            continue
        new = f"{id_.partition('@')[0]}#{id_.rpartition('#')[2]}" if "@" in id_ else id_
        if new != id_ and new not in ids:
            ids.add(new)
            after["id"] = new
            _rename_prefix(connection, "cards", "key", f"{id_}#", f"{new}#")
            _rename_prefix(connection, "events", "id", f"{id_}/", f"{new}/")
        if after != before:
            rewritten = json.dumps(after, ensure_ascii=False, separators=(",", ":"))
            connection.execute(table.update().where(table.c.id == id_).values(id=after["id"], body=rewritten))


def _with_reasons(pull: _Body) -> _Body:
    change = pull.get("change") or {}
    effects = [
        effect | {"irreversible": [_with_reason(item) for item in effect["irreversible"]]}
        for effect in change.get("effects") or ()
    ]
    return pull | ({"change": change | {"effects": effects}} if effects else {})


def _with_reason(irreversible: _Body) -> _Body:
    return {"reason" if name == "loss" else name: value for name, value in irreversible.items()}


def _rename_prefix(connection: sa.Connection, name: str, key: str, old: str, new: str) -> None:
    table = sa.table(name, sa.column(key, sa.Text), sa.column("body", sa.Text))
    column = table.c[key]
    values: dict[str, Any] = {key: sa.literal(new) + sa.func.substr(column, len(old) + 1)}
    if name == "events":
        values["body"] = sa.func.replace(table.c.body, f'"id":"{old}', f'"id":"{new}')
    connection.execute(table.update().where(column.startswith(old, autoescape=True)).values(**values))


def _rename_branches(connection: sa.Connection) -> None:
    heads = sa.table("approval_heads", sa.column("repository", sa.Text))
    approvals = sa.table("approvals", sa.column("repository", sa.Text), sa.column("body", sa.Text))
    keys = set(connection.scalars(sa.select(heads.c.repository)))
    for old in sorted(keys):
        new = _full_name(old)
        if new == old:
            continue
        if new not in keys:
            connection.execute(heads.update().where(heads.c.repository == old).values(repository=new))
        body = sa.func.replace(approvals.c.body, f'"repository":"{old}"', f'"repository":"{new}"')
        records = approvals.update().where(approvals.c.repository == old)
        connection.execute(records.values(repository=new, body=body))


def _full_name(key: str) -> str:
    """`platform@refs/heads/release` for `platform@release`; `key` itself for HEAD and patterns."""
    name, at, revision = key.partition("@")
    is_name = at and revision != "HEAD" and "*" not in revision and not revision.startswith("refs/")
    return f"{name}@refs/heads/{revision}" if is_name else key

"""The latest drift check of each application."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from pydantic_core import from_json, to_json

from bot.adapters.database import sentences
from bot.adapters.database.engine import Database, put
from bot.adapters.database.tables import checks
from bot.core.drift.model import Check

_CHECK = TypeAdapter(Check)


class SqlChecks:
    """`ports.store.Checks`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, latest: Sequence[Check]) -> None:
        with self._database.begin() as connection:
            for check in latest:
                put(connection, checks, application=check.application, body=_dump(check))

    def latest(self) -> dict[str, Check]:
        bodies = self._database.scalars(sa.select(checks.c.body))
        return {check.application: check for check in map(_load, bodies)}


def _dump(check: Check) -> str:
    body = _CHECK.dump_python(check, mode="json", exclude={"set_aside"})
    notes = [sentences.dump(note) for note in check.notes]
    return to_json({**body, "error": sentences.dump(check.error), "notes": notes}).decode()


def _load(body: str) -> Check:
    fields: dict[str, Any] = from_json(body)
    error, notes = sentences.load(fields["error"]), tuple(map(sentences.load, fields.get("notes", ())))
    return replace(_CHECK.validate_python({**fields, "error": None, "notes": ()}), error=error, notes=notes)

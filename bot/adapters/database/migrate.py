"""Brings a database's schema up to date with Alembic, at start, before anything else uses it."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot.adapters.database.engine import Database
from bot.adapters.database.locks import MIGRATION
from bot.i18n.catalogue import store as texts
from bot.i18n.language import LocalizedText
from bot.ports.store import StoreError

_MIGRATIONS: Final = Path(__file__).with_name("migrations")


def migrate(database: Database, *, upgrade: bool) -> None:
    """Run the pending migrations; without `upgrade`, only in an empty database.

    Replicas that start at the same time take turns. Raises StoreError, also for a schema of a later version, and
    without `upgrade`, of an earlier one.
    """
    with database.begin() as connection, _without_timeouts(connection):
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION)))
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        current = MigrationContext.configure(connection).get_current_revision()
        if current is not None and current not in _known():
            raise StoreError(LocalizedText(texts.LATER_VERSION))
        if current != _newest():
            # Of all versions, also those before migrations.
            if not upgrade and (current is not None or sa.inspect(connection).has_table("audit")):
                raise StoreError(LocalizedText(texts.EARLIER_VERSION))
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


@contextmanager
def _without_timeouts(connection: sa.Connection) -> Iterator[None]:
    """Migrating a large table takes long, and so does waiting for a replica that does it."""
    if connection.dialect.name != "postgresql":
        yield
        return
    for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
        connection.exec_driver_sql(f"SET LOCAL {name} = 0")
    driver: Any = connection.connection.driver_connection
    seconds, driver.response_seconds = driver.response_seconds, None
    try:
        yield
    finally:
        driver.response_seconds = seconds


@cache
def _newest() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


@cache
def _known() -> frozenset[str]:
    return frozenset(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def _config() -> Config:
    config = Config()
    # A percent sign in a path would be read as interpolation.
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config

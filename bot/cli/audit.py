"""`gitops-bot audit`: reads the audit log and the judged commits from the state database."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import make_url

from bot.adapters.database.store import SqlStore
from bot.config.model import Config
from bot.core.access.audit import AuditEntry
from bot.core.approvals.approval import Judgement
from bot.ports.errors import PortError


def entries(config: Config, since: datetime | None) -> Iterator[AuditEntry]:
    """Audit entries since then, oldest first. PortError when the database is missing or does not respond."""
    _must_exist(config.store)
    with closing(SqlStore(config.store)) as store:
        yield from store.audit_log.entries(since)


def changes(config: Config, since: datetime | None) -> Iterator[Judgement]:
    """Every commit that reached a tracked branch since then, oldest first. PortError as above."""
    _must_exist(config.store)
    with closing(SqlStore(config.store)) as store:
        yield from store.approvals.since(since)


def _must_exist(store: str) -> None:
    """SQLite creates an empty database at a mistyped path, and the log would look empty."""
    url = make_url(store)
    if url.get_backend_name() == "sqlite" and not (url.database and Path(url.database).is_file()):
        raise PortError(
            f"No state database at {url.database or 'store:'}. Run this in the bot's working directory, or"
            " set store: or DATABASE_URL to the bot's database."
        )

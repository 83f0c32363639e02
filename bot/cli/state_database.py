"""The bot's state database, for commands that only read it."""

from pathlib import Path

from sqlalchemy.engine import make_url

from bot.ports.errors import PortError


def require_database(url: str) -> None:
    """PortError if the SQLite file does not exist: at a mistyped path, SQLite would create an empty database."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and not (parsed.database and Path(parsed.database).is_file()):
        raise PortError(
            f"No state database at {parsed.database or url}. Run this in the bot's working directory, or"
            " point the store setting or DATABASE_URL to the bot's database."
        )

"""Alembic migrations, oldest first in `versions`. A migration that has been released is never edited."""

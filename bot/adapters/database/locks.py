"""PostgreSQL advisory locks: one unique number per purpose.

https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
"""

from typing import Final

INCIDENT_EXCHANGE: Final = 0x6769_746F_7074  # held while an incident is replaced
MIGRATION: Final = 0x6769_746F_7075  # held while the schema is brought up to date

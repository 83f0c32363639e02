"""What the store takes and waits for at most; docs/bounds.md says what happens above."""

from typing import Final

JSON_DEPTH: Final = 100  # of a stored value; Kubernetes' own objects stay below 40
CONNECT_SECONDS: Final = 10
STATEMENT_SECONDS: Final = 60
LOCK_SECONDS: Final = 10  # that a statement waits for another replica, or on SQLite for another thread
KEYS: Final = 500  # that one statement asks for
LEASE_SECONDS: Final = 8.0  # that a replica's leases are valid after it has renewed them

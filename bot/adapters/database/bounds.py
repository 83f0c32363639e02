"""The bounds of the store; docs/bounds.md explains what happens above them."""

from typing import Final

JSON_DEPTH: Final = 100  # of a stored value; Kubernetes' own objects stay below 40
CACHED_BYTES: Final = 8 * 2**20  # of records in memory, for each type: an estimate
CONNECT_SECONDS: Final = 10
STATEMENT_SECONDS: Final = 60
RESPONSE_SECONDS: Final = STATEMENT_SECONDS + 10  # until the bot closes the connection of a statement
LOCK_SECONDS: Final = 10  # a statement waits for another replica, or on SQLite for another thread
KEYS: Final = 500  # in one statement
WRITES_OF_OBJECT: Final = 200  # the newest requests in a cluster's audit log that are read for one object
WRITES_BYTES: Final = 8 * 2**20  # of those that one statement reads
LEASE_SECONDS: Final = 8.0  # a replica's leases are valid after it has renewed them

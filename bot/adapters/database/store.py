"""The store on any database that SQLAlchemy supports: SQLite by default, PostgreSQL for several replicas."""

from contextlib import AbstractContextManager

from bot.adapters.database.approvals import SqlApprovals
from bot.adapters.database.audit_log import SqlAuditLog
from bot.adapters.database.bounds import LEASE_SECONDS
from bot.adapters.database.cards import SqlCards
from bot.adapters.database.checks import SqlChecks
from bot.adapters.database.claims import SqlClaims
from bot.adapters.database.cluster_writes import SqlClusterWrites
from bot.adapters.database.engine import Database
from bot.adapters.database.events import SqlEvents
from bot.adapters.database.homes import SqlHomeTabs
from bot.adapters.database.incidents import SqlIncidents
from bot.adapters.database.intents import SqlIntents
from bot.adapters.database.leases import SoleLeases, SqlLeases
from bot.adapters.database.migrate import migrate
from bot.adapters.database.pull_requests import SqlPullRequests
from bot.adapters.database.queued_reverts import SqlQueuedReverts
from bot.adapters.database.rollouts import SqlRollouts
from bot.adapters.database.tables import approvals, incidents, pull_requests, queued_reverts, rollouts


class SqlStore:
    """`ports.store.Store`. Migrates the schema; raises StoreError if the database cannot be opened."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        migrate(self.database)
        self.approvals = SqlApprovals(self.database)
        self.audit_log = SqlAuditLog(self.database)
        self.cards = SqlCards(self.database)
        self.checks = SqlChecks(self.database)
        self.claims = SqlClaims(self.database)
        self.cluster_writes = SqlClusterWrites(self.database)
        self.events = SqlEvents(self.database)
        self.homes = SqlHomeTabs(self.database)
        self.incidents = SqlIncidents(self.database)
        self.intents = SqlIntents(self.database)
        # With connections of its own: it must renew its leases also while all others are in use.
        self.leases = SqlLeases(Database(url, LEASE_SECONDS)) if self.database.is_shared else SoleLeases()
        self.pull_requests = SqlPullRequests(self.database)
        self.queued_reverts = SqlQueuedReverts(self.database)
        self.rollouts = SqlRollouts(self.database)

    def transaction(self) -> AbstractContextManager[None]:
        return self.database.transaction()

    def settle(self, id_: str) -> None:
        with self.database.begin() as connection:
            for table in (incidents, rollouts, pull_requests, queued_reverts):
                connection.execute(table.update().where(table.c.id == id_).values(settled=True))
            connection.execute(approvals.update().where(approvals.c.alert == id_).values(settled=True))

    def close(self) -> None:
        self.leases.close()
        self.database.close()

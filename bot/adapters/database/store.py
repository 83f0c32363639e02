"""The store on any database that SQLAlchemy supports: SQLite by default, PostgreSQL for several replicas."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import MappingProxyType

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
from bot.core.approvals.alert import ApprovalAlert
from bot.core.incidents.incident import Incident
from bot.core.pull_requests.queued import QueuedRevert
from bot.core.pull_requests.tracked_pull_request import TrackedPullRequest
from bot.core.rollouts.rollout import Rollout
from bot.ports.store import StoreError


class SqlStore:
    """`ports.store.Store`. Creates the schema. `sources` are as for Heads.

    Raises StoreError if the database cannot be opened, and without `upgrade`, if its schema is an earlier version's.
    """

    def __init__(
        self, url: str, sources: Mapping[str, tuple[str, str]] = MappingProxyType({}), *, upgrade: bool = True
    ) -> None:
        self.database = Database(url)
        try:
            migrate(self.database, upgrade=upgrade)
        except StoreError:
            self.database.close()
            raise
        self.approvals = SqlApprovals(self.database, sources)
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
        self.rollouts = SqlRollouts(self.database, sources)

    def transaction(self) -> AbstractContextManager[None]:
        return self.database.transaction()

    def settle(self, reported: ApprovalAlert | Incident | QueuedRevert | Rollout | TrackedPullRequest) -> None:
        match reported:
            case ApprovalAlert():
                self.approvals.settle(reported)
            case Incident():
                self.incidents.settle(reported)
            case QueuedRevert():
                self.queued_reverts.settle(reported)
            case Rollout():
                self.rollouts.settle(reported)
            case TrackedPullRequest():
                self.pull_requests.settle(reported)

    def close(self) -> None:
        self.leases.close()
        self.database.close()

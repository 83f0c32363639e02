"""Checks all applications, and updates incidents, rollouts, approvals and cards."""

import logging
import threading
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from datetime import timedelta
from functools import partial

from bot.config.model import Config
from bot.context_pool import ContextThreadPool, run_in_thread
from bot.core.applications.application import Application
from bot.core.applications.discovery import ApplicationInventory
from bot.core.applications.shard import Shard, shard_of
from bot.core.applications.tenants import tenants_by_repository
from bot.core.drift.freshness import is_current
from bot.core.drift.model import Check, Status
from bot.core.git.repository_ref import RepositoryRef
from bot.core.incidents.incident import IncidentState
from bot.core.leases import LEADER, Lease
from bot.handlers.approvals.review import ApprovalReviewer
from bot.handlers.discovery.discover import Discoverer
from bot.handlers.discovery.held_names import HELD_FOR
from bot.handlers.drift.check import check as drift_check
from bot.handlers.drift.comparison_cache import Caches
from bot.handlers.drift.later_sources import Revision
from bot.handlers.incidents.record import apply_timers_to_all, resolve_unwatched_incidents
from bot.handlers.incidents.recorder import CheckRecorder
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.handlers.repository_fetcher import Fetched, RepositoryFetcher
from bot.handlers.rollouts.track import RolloutTracker
from bot.handlers.slack.cards import CardReconciler
from bot.handlers.slack.people import People
from bot.i18n.catalogue import check as check_texts
from bot.i18n.catalogue import status as texts
from bot.i18n.language import LocalizedText, Text
from bot.ports import Ports
from bot.ports.errors import PortError
from bot.ports.isolation import unexpected_as_port_error
from bot.ports.leases import LeaseLostError
from bot.ports.telemetry import CHECK, Outcome

_log = logging.getLogger(__name__)

# A slow cluster does not delay the others in a command.
_MAX_SHARDS = 8
_MAX_RETENTION = timedelta(hours=24)  # of requests in audit logs: the longest that can be configured


class Monitor:
    """Runs every flow that reads git and the clusters. Thread-safe; call `close` when done."""

    def __init__(
        self,
        ports: Ports,
        config: Config,
        *,
        reconciler: CardReconciler,
        discoverer: Discoverer,
        people: People,
        approvals: ApprovalReviewer,
        rollouts: RolloutTracker,
        recorder: CheckRecorder,
        caches: Caches,
    ) -> None:
        self._ports = ports
        self._applications = config.applications
        self._ignore = config.ignore
        self._interactive = config.interactive
        self._shards = config.shards
        self._policy = config.alerts.policy()
        self._interval = config.schedule.drift
        self._translator_for = config.slack.translator
        self._reconciler = reconciler
        self._discoverer = discoverer
        self._approvals = approvals
        self._rollouts = rollouts
        self.recorder = recorder
        self.caches = caches
        self._fetcher = RepositoryFetcher(
            ports,
            config.applications,
            approvals=approvals,
            people=people,
            manifest_cache=caches.manifest_cache,
            has_discovered=discoverer.has_discovered,
        )
        self._timers = threading.Lock()  # or two threads would announce one storm on two cards
        self._late: set[str] = set()  # the applications to check when their fetch ends
        self._incidents_version = ""
        self._checked: dict[Shard, Lease] = {}  # with the lease under which each was checked

    @property
    def heads(self) -> Mapping[str, str]:
        """The last fetched head of each repository, by the key of its RepositoryRef."""
        return self._fetcher.heads

    @property
    def manifest_cache(self) -> ManifestCache:
        """The manifests of the sources, rendered once per tree."""
        return self.caches.manifest_cache

    def check(self, names: Sequence[str], *, explain: bool = False) -> list[Check]:
        """Check these applications now, update the cards, and return the checks in the same order. Raises PortError.

        Checks of applications that another replica checks are not recorded.
        """
        applications = [self._applications[name] for name in names]  # PortError if one no longer exists
        by_shard: dict[Shard, list[Application]] = {}
        for application in applications:
            by_shard.setdefault(self._shard_of(application), []).append(application)
        one_shard = partial(self.check_fetched, revisions=self.fetch(applications), explain=explain)
        with ContextThreadPool(max_workers=min(_MAX_SHARDS, max(1, len(by_shard)))) as pool:
            checks = [check for results in pool.map(one_shard, by_shard.values()) for check in results]
        self.reconcile_cards()
        order = {name: index for index, name in enumerate(names)}
        return sorted(checks, key=lambda check: order[check.application])

    def check_shard(self, shard: Shard) -> None:
        """Check every application of a shard, as scheduled, if this replica holds its lease."""
        with self._ports.store.leases.work(shard.lease) as lease:
            if lease is None:
                return
            applications = self.applications_of(shard)
            self._check_in_time(applications)
            self._checked[shard] = lease
        self.reconcile_cards()

    def prune(self) -> None:
        """Delete old checks of unwatched applications, and old requests from the audit logs of all clusters.

        Raises StoreError.
        """
        self._ports.store.cluster_writes.prune_all(self._ports.clock() - _MAX_RETENTION)
        if self._discoverer.is_complete():
            self._ports.store.checks.prune(self._ports.clock() - HELD_FOR, watched=self._applications)

    def has_checked(self, shard: Shard) -> bool:
        """Whether every application of a shard has been checked since this replica took its lease."""
        return shard in self._checked and self._checked[shard] == self._ports.store.leases.get(shard.lease)

    def recheck_suspected(self, shard: Shard) -> None:
        """Check a shard's suspected incidents again, so that alerts don't wait for the scheduled check."""
        suspected = [
            application
            for incident in self._ports.store.incidents.unsettled()
            if incident.state is IncidentState.SUSPECTED
            and incident.looks  # not held back by a rollout
            and (application := self._applications.get(incident.application))
            and shard.includes(application)
        ]
        if suspected:
            self._check_in_time(suspected)
            self.reconcile_cards()

    def applications_of(self, shard: Shard) -> list[Application]:
        """The applications of a shard."""
        return [application for application in self._all() if shard.includes(application)]

    def poll_repository(self, repository: str) -> None:
        """Fetch one repository and start rollouts for what was merged. Raises PortError."""
        self._poll([repository])

    def poll_all_refs(self, repository: str) -> None:
        """Poll one repository at every revision that an application tracks. Raises the last PortError at the end."""
        tracked = [application.repository for application in self._all()]
        self._poll((repository, *(ref.key for ref in tracked if ref.name == repository)))

    def observe_rollouts(self) -> None:
        """Observe the progress of each rollout, once the applications are discovered."""
        if self._discoverer.has_answered():
            self._rollouts.observe()
        self.reconcile_cards()

    def review_approvals(self) -> None:
        """Review whether the commits on the tracked branches were approved."""
        self._approvals.review()
        self.reconcile_cards()
        with self._ports.store.leases.work(LEADER) as lease:
            if lease:  # or two replicas would share each diff twice
                self._approvals.share_diffs(self._translator_for)

    def reconcile_cards(self) -> None:
        """Apply timers to the stored incidents, and update Slack from the stored state. Only on the leader."""
        try:
            with self._ports.store.leases.work(LEADER) as lease:
                if lease is None:
                    return
                with self._timers:
                    if self._discoverer.has_answered():
                        resolve_unwatched_incidents(
                            self._ports.store,
                            self._applications,
                            self._ports.clock(),
                            self._discoverer.has_read_since,
                            self._discoverer.is_complete,
                            self._is_checked_elsewhere,
                        )
                    apply_timers_to_all(self._ports.store, self._ports.clock(), self._policy)
                self._reconciler.reconcile()
        except LeaseLostError as error:
            _log.warning("cannot update Slack: %s", error)

    def _is_checked_elsewhere(self, check: Check) -> bool:
        """Whether another replica may still make such checks, of an application that is not configured here."""
        return self._ports.store.leases.is_shared and is_current(check, self._ports.clock(), self._interval)

    def reconcile_changed_incidents(self) -> None:
        """Update Slack if an incident has changed since the last call, such as by another replica. Only on the leader.

        That costs one small query otherwise.
        """
        version = self._ports.store.incidents.version()
        if version != self._incidents_version:
            self._incidents_version = version
            self.reconcile_cards()

    def find_suspects(self) -> None:
        """Find the suspects of active incidents that a watch opened."""
        self.recorder.find_suspects(self._applications)

    def close(self) -> None:
        """Start nothing new, and wait a limited time for running observations."""
        self._rollouts.close()

    def problems(self, application: Application | None = None) -> list[Text]:
        """A sentence for each unavailable deployer, replica, or channel, or only for an application's channel.

        What could not be read comes first, since tenants can name any number of channels that the bot isn't in.
        """
        if application:
            return self._reconciler.problems(application.channel)
        return [*self.inventory().notes, *self._unchecked_shards(), *self._reconciler.problems()]

    def _unchecked_shards(self) -> list[Text]:
        shards = {shard.lease: shard for several in self._shards.values() for shard in several}
        unheld = self._ports.store.leases.unheld(shards)
        return [LocalizedText(texts.NOT_CHECKED, cluster=shards[name].name) for name in unheld]

    def why_unknown(self, application: str | None) -> Text | None:
        """Why this application, or any if None, may not be discovered yet."""
        return self._discoverer.why_unknown(application)

    def inventory(self) -> ApplicationInventory:
        """The discovered applications, and what their deployers report."""
        return self._discoverer.inventory()

    def _all(self) -> Iterable[Application]:
        return self._applications.values()

    def _shard_of(self, application: Application) -> Shard:
        return shard_of(application, len(self._shards[application.cluster]))

    def _poll(self, keys: Iterable[str]) -> None:
        revisions = self._fetcher.fetch(dict.fromkeys(keys, ""), must_record=True).all_revisions()
        self.reconcile_cards()
        errors = [revision for revision in revisions.values() if isinstance(revision, PortError)]
        if errors:
            raise errors[-1]

    def fetch(self, applications: Iterable[Application]) -> dict[str, Revision]:
        """Fetch the repositories of some applications, each once, and start rollouts for what was merged.

        A check must use exactly these revisions. A merge that is fetched later has no rollout yet, so its differences
        would be reported as drift.
        """
        revisions = self._fetcher.fetch(tenants_by_repository(applications)).all_revisions()
        self._report(revisions)
        return revisions

    def fetch_in_time(self, applications: Iterable[Application]) -> tuple[list[Application], dict[str, Revision]]:
        """Like `fetch`, but without waiting for slow fetches. Returns the applications to check, and the revisions.

        The other applications are checked when their fetch ends; until then, no call returns them.
        """
        due = [application for application in applications if application.name not in self._late]
        fetched = self._fetcher.fetch(tenants_by_repository(due))
        self._report(fetched.revisions)
        late = _affected_by(fetched.running, due)
        if late:
            _log.warning("still fetching %s", ", ".join(sorted(fetched.running)))
            self._late.update(late)
            try:
                run_in_thread("late-check", self._check_late, late, fetched)
            except RuntimeError:  # no more threads
                self._late.difference_update(late)
                raise
        return [application for application in due if application.name not in late], fetched.revisions

    def _check_in_time(self, applications: Iterable[Application]) -> None:
        in_time, revisions = self.fetch_in_time(applications)
        if in_time:
            self.check_fetched(in_time, revisions=revisions)

    def _check_late(self, waiting: dict[str, Application], fetched: Fetched) -> None:
        """Check applications of one shard, by name, as their fetches end. Those that end during a check are the next.

        One that has never been checked is unknown until then.
        """
        revisions, running = dict(fetched.revisions), dict(fetched.running)
        try:
            with unexpected_as_port_error("a check after a slow fetch"):
                latest = self._ports.store.checks.latest(waiting)
                if unchecked := [application for name, application in waiting.items() if name not in latest]:
                    self.check_fetched(unchecked, revisions=revisions | {key: _still_fetched(key) for key in running})
                while waiting:
                    wait(running.values(), return_when=FIRST_COMPLETED)
                    for key in [key for key, fetch in running.items() if fetch.done()]:
                        revisions[key] = running.pop(key).result()[key]
                        _log_failure(key, revisions[key])
                    left = _affected_by(running, waiting.values())
                    # Meanwhile, one may have been removed, or changed what it declares.
                    ended = [application for name, application in waiting.items() if name not in left]
                    if current := [item for item in ended if self._applications.get(item.name) == item]:
                        self.check_fetched(current, revisions=revisions)
                        self.reconcile_cards()
                    self._late.difference_update(waiting.keys() - left)
                    waiting = left
        except PortError as error:
            _log.warning("cannot check after a slow fetch: %s", error)
        finally:
            self._late.difference_update(waiting)

    def _report(self, revisions: Mapping[str, Revision]) -> None:
        """Report what could not be fetched in the log, and what was merged in Slack."""
        for key, revision in revisions.items():
            _log_failure(key, revision)
        self.reconcile_cards()

    def check_fetched(
        self, applications: Sequence[Application], *, revisions: Mapping[str, Revision], explain: bool = False
    ) -> Sequence[Check]:
        """Check applications of one shard, and record the results if this replica holds the shard's lease."""
        shard = self._shard_of(applications[0])
        began = time.monotonic()
        try:
            with self._ports.store.leases.work(shard.lease) as lease:
                checks = self._compare(shard, applications, revisions, explain=explain)
                if lease:
                    return self.recorder.record(applications, checks, since=began)
        except LeaseLostError as error:
            _log.warning("cannot record a check of %s: %s", shard.name, error)
        return self.recorder.identify_actors(applications, checks)

    def _compare(
        self, shard: Shard, applications: Sequence[Application], revisions: Mapping[str, Revision], *, explain: bool
    ) -> list[Check]:
        telemetry = self._ports.telemetry
        with telemetry.measure(CHECK, cluster=shard.cluster) as operation:
            checks = drift_check(
                applications,
                revisions=revisions,
                repositories=self._ports.repositories,
                cluster=self._ports.clusters[shard.cluster],
                ignore=self._ignore,
                interactive=self._interactive,
                now=self._ports.clock(),
                caches=self.caches,
                explain=explain,
                by_namespace=shard.count > 1,
                telemetry=telemetry,
            )
            if all(check.status is Status.UNKNOWN for check in checks):
                operation.outcome = Outcome.ERROR
        return checks


def _affected_by(running: Collection[str], applications: Iterable[Application]) -> dict[str, Application]:
    """The applications, by name, that need one of these fetches."""
    return {
        application.name: application
        for application in applications
        if any(ref.key in running for ref in application.repositories)
    }


def _log_failure(key: str, revision: Revision) -> None:
    if isinstance(revision, PortError):
        _log.warning("cannot fetch %s: %s", key, revision)


def _still_fetched(key: str) -> PortError:
    return PortError(LocalizedText(check_texts.STILL_FETCHED, repository=RepositoryRef.parse(key).name))

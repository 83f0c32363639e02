"""Drift checks of all applications and what follows from them: incidents, rollouts, approvals and cards."""

import logging
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from bot.config.model import Config
from bot.context_pool import ContextThreadPool
from bot.core.applications.application import Application
from bot.core.applications.discovery import ApplicationInventory
from bot.core.drift.freshness import with_last_complete
from bot.core.drift.model import Check, Status
from bot.core.incidents.incident import IncidentState
from bot.core.rollouts.rollout import rolling_applications
from bot.handlers.approvals.review import ApprovalReviewer
from bot.handlers.cluster_audit.identify import ActorFinder
from bot.handlers.discovery.deployers import syncing_applications
from bot.handlers.discovery.discover import Discoverer
from bot.handlers.drift.check import Revision
from bot.handlers.drift.check import check as drift_check
from bot.handlers.drift.comparison_cache import Caches
from bot.handlers.incidents.record import apply_timers_to_all, record, resolve_unwatched_incidents
from bot.handlers.incidents.suspects import Suspects
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.handlers.rollouts import merges
from bot.handlers.rollouts.track import RolloutTracker
from bot.handlers.slack.cards import CardReconciler
from bot.handlers.slack.people import People
from bot.i18n.language import Text
from bot.ports import Ports
from bot.ports.errors import PortError
from bot.ports.isolation import skip_unexpected, unexpected_as_port_error
from bot.ports.telemetry import CHECK, Outcome

_log = logging.getLogger(__name__)

# A slow cluster does not hold up the others that one command checks.
_MAX_CLUSTERS = 8
_MAX_REPOSITORIES = 4


class Monitor:
    """Runs every flow that reads git and the clusters. Any thread may call; `close` when done."""

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
        suspects: Suspects,
        actors: ActorFinder,
        caches: Caches,
    ) -> None:
        self._ports = ports
        self._applications = config.applications
        self._ignore = config.ignore
        self._interactive = config.interactive
        self._alerts = config.alerts
        self._policy = config.alerts.policy()
        self._translator_for = config.slack.translator
        self._reconciler = reconciler
        self._discoverer = discoverer
        self._people = people
        self._approvals = approvals
        self._rollouts = rollouts
        self._suspects = suspects
        self._actors = actors
        self._caches = caches
        self._recording = threading.Lock()
        self._polling: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)  # by the key of a RepositoryRef

    @property
    def manifest_cache(self) -> ManifestCache:
        """The manifests of the sources, rendered once per tree."""
        return self._caches.manifest_cache

    def check(self, names: Sequence[str], *, explain: bool = False) -> list[Check]:
        """Check these applications now, update the cards, and return the checks in the same order. PortError."""
        applications = [self._applications[name] for name in names]  # PortError for one that no longer exists
        by_cluster: dict[str, list[Application]] = {}
        for application in applications:
            by_cluster.setdefault(application.cluster, []).append(application)
        one_cluster = partial(self._check, revisions=self._fetch(applications), explain=explain)
        with ContextThreadPool(max_workers=min(_MAX_CLUSTERS, max(1, len(by_cluster)))) as pool:
            checks = [check for results in pool.map(one_cluster, by_cluster.values()) for check in results]
        self.reconcile_cards()
        order = {name: index for index, name in enumerate(names)}
        return sorted(checks, key=lambda check: order[check.application])

    def check_cluster(self, cluster: str) -> None:
        """Check every application on one cluster, as scheduled."""
        applications = [application for application in self._all() if application.cluster == cluster]
        if applications:
            self._check(applications, revisions=self._fetch(applications))
        self.reconcile_cards()

    def second_look(self, cluster: str) -> None:
        """Check the suspected incidents of a cluster again, so that an alert does not wait for the scheduled check."""
        suspected = [
            incident.application
            for incident in self._ports.store.incidents.unsettled()
            if incident.state is IncidentState.SUSPECTED
            and (application := self._applications.get(incident.application))
            and application.cluster == cluster
        ]
        if suspected:
            self.check(suspected)

    def poll_repository(self, repository: str) -> None:
        """Fetch one repository and start rollouts for what was merged. PortError."""
        self._poll(repository)
        self.reconcile_cards()

    def poll_all_refs(self, repository: str) -> None:
        """Poll one repository at every revision that an application tracks. The last PortError, after all polls."""
        error = None
        tracked = [application.repository for application in self._all()]
        for key in dict.fromkeys((repository, *(ref.key for ref in tracked if ref.name == repository))):
            try:
                with unexpected_as_port_error(f"poll of {key}"):
                    self._poll(key)
            except PortError as poll_error:
                error = poll_error
        self.reconcile_cards()
        if error:
            raise error

    def observe_rollouts(self) -> None:
        """Observe the progress of each rollout."""
        self._rollouts.observe()
        self.reconcile_cards()

    def review_approvals(self) -> None:
        """Review whether the commits on the tracked branches were approved."""
        self._approvals.review()
        self.reconcile_cards()
        if self._ports.store.leadership.acquire():  # two replicas would share each diff twice
            self._approvals.share_diffs(self._translator_for)

    def reconcile_cards(self) -> None:
        """Apply timers to the stored incidents, and update Slack from the stored state. Only on the leader."""
        if self._ports.store.leadership.acquire():
            with self._recording:  # the incidents of one check are announced together
                if self._discoverer.is_complete():
                    resolve_unwatched_incidents(self._ports.store, self._applications, self._ports.clock())
                apply_timers_to_all(self._ports.store, self._ports.clock(), self._policy)
        self._reconciler.reconcile()

    def close(self) -> None:
        """Start nothing new, and wait a while for running observations."""
        self._rollouts.close()

    def problems(self) -> list[Text]:
        """One sentence for each channel or deployer that is not available."""
        return [*self._reconciler.problems(), *self.inventory().notes]

    def inventory(self) -> ApplicationInventory:
        """The applications that were discovered, and what their deployers report."""
        return self._discoverer.inventory()

    def _all(self) -> Iterable[Application]:
        return self._applications.values()

    def _poll(self, repository: str) -> None:
        with self._polling[repository]:
            self._record_merges(repository, self._ports.repositories[repository].fetch())

    def _fetch(self, applications: Iterable[Application]) -> dict[str, Revision]:
        """Fetch the repositories of some applications, each once, and start rollouts for what was merged.

        A check must compare with exactly these revisions. A merge that is fetched later does not have a rollout yet, so
        the differences that it causes would be reported as drift.
        """
        keys = sorted({application.repository.key for application in applications})
        with ContextThreadPool(_MAX_REPOSITORIES, "fetch") as pool:
            revisions = dict(zip(keys, pool.map(self._fetch_one, keys), strict=True))
        self.reconcile_cards()
        return revisions

    def _fetch_one(self, repository: str) -> Revision:
        with self._polling[repository]:
            try:
                with unexpected_as_port_error(f"fetch of {repository}"):
                    head = self._ports.repositories[repository].fetch()
            except PortError as error:
                _log.warning("cannot fetch %s: %s", repository, error)
                return error
            try:
                with unexpected_as_port_error(f"merges of {repository}"):
                    self._record_merges(repository, head)
            except PortError as error:
                _log.warning("cannot look for merges in %s: %s", repository, error)
            return head

    def _record_merges(self, repository: str, head: str) -> None:
        applications = [application for application in self._all() if application.repository.key == repository]
        manifest_cache, people = self._caches.manifest_cache, self._people
        with skip_unexpected(f"rollouts of {repository}"):
            merges.record_merges(self._ports, repository, head, applications, manifest_cache, people)
        if self._ports.repositories[repository].is_branch:  # another revision moves from tag to tag by design
            self._approvals.record_commits(repository, head)

    def _check(
        self, applications: Sequence[Application], *, revisions: Mapping[str, Revision], explain: bool = False
    ) -> list[Check]:
        """Check applications of one cluster, and record what follows from it."""
        telemetry = self._ports.telemetry
        with telemetry.measure(CHECK, cluster=applications[0].cluster) as operation:
            checks = drift_check(
                applications,
                revisions=revisions,
                repositories=self._ports.repositories,
                cluster=self._ports.clusters[applications[0].cluster],
                ignore=self._ignore,
                interactive=self._interactive,
                now=self._ports.clock(),
                caches=self._caches,
                explain=explain,
                telemetry=telemetry,
            )
            if all(check.status is Status.UNKNOWN for check in checks):
                operation.outcome = Outcome.ERROR
        previous = self._ports.store.checks.latest()
        checks = [with_last_complete(check, previous.get(check.application)) for check in checks]
        with skip_unexpected(f"actors on {applications[0].cluster}"):
            checks = self._actors.identify(checks, previous, self._ports.clock())
        # Outside the lock, so that a cluster that hangs only holds up its own check.
        deploying: frozenset[str] = frozenset()
        with skip_unexpected(f"deployers of {applications[0].cluster}"):
            deploying = self._deploying(applications, checks)
        with self._recording:
            self._record(applications, checks, self._rolling() | deploying)
        self._suspects.find([application.name for application in applications])
        return checks

    def _rolling(self) -> frozenset[str]:
        """The applications with a rollout in progress: they differ from git by design."""
        if not self._alerts.quiet_while_rolling:
            return frozenset()
        return rolling_applications(self._ports.store.rollouts.unsettled())

    def _deploying(self, applications: Sequence[Application], checks: Sequence[Check]) -> frozenset[str]:
        """The applications of one cluster that differ and that their deployer is syncing."""
        if not self._alerts.quiet_while_rolling:
            return frozenset()
        differing = {check.application for check in checks if check.drift}
        drifted = [application for application in applications if application.name in differing]
        return syncing_applications(self._ports.clusters[drifted[0].cluster], drifted) if drifted else frozenset()

    def _record(self, applications: Sequence[Application], checks: Sequence[Check], rolling: frozenset[str]) -> None:
        for application, check in zip(applications, checks, strict=True):
            with skip_unexpected(f"incident of {application.name}"):
                record(
                    self._ports,
                    application,
                    check,
                    rolling=check.application in rolling,
                    looks=self._alerts.looks,
                    manifest_cache=self._caches.manifest_cache,
                )
        self._ports.store.checks.save(checks)  # last, so that no check is visible before its incident

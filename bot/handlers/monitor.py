"""Checks all applications, and updates incidents, rollouts, approvals and cards."""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from bot.config.model import Config
from bot.context_pool import ContextThreadPool
from bot.core.applications.application import Application
from bot.core.applications.discovery import ApplicationInventory
from bot.core.drift.model import Check, Status
from bot.core.incidents.incident import IncidentState
from bot.handlers.approvals.review import ApprovalReviewer
from bot.handlers.discovery.discover import Discoverer
from bot.handlers.drift.check import check as drift_check
from bot.handlers.drift.comparison_cache import Caches
from bot.handlers.drift.desired_state import Revision
from bot.handlers.incidents.record import apply_timers_to_all, resolve_unwatched_incidents
from bot.handlers.incidents.recorder import CheckRecorder
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

# A slow cluster does not delay the others in a command.
_MAX_CLUSTERS = 8
_MAX_REPOSITORIES = 4


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
        self._policy = config.alerts.policy()
        self._translator_for = config.slack.translator
        self._reconciler = reconciler
        self._discoverer = discoverer
        self._people = people
        self._approvals = approvals
        self._rollouts = rollouts
        self.recorder = recorder
        self.caches = caches
        self._polling: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)  # by the key of a RepositoryRef
        self._heads: dict[str, str] = {}
        self._checked_clusters: set[str] = set()

    @property
    def heads(self) -> Mapping[str, str]:
        """The last fetched head of each repository, by the key of its RepositoryRef."""
        return self._heads

    @property
    def manifest_cache(self) -> ManifestCache:
        """The manifests of the sources, rendered once per tree."""
        return self.caches.manifest_cache

    def check(self, names: Sequence[str], *, explain: bool = False) -> list[Check]:
        """Check these applications now, update the cards, and return the checks in the same order. Raises PortError."""
        applications = [self._applications[name] for name in names]  # PortError if one no longer exists
        by_cluster: dict[str, list[Application]] = {}
        for application in applications:
            by_cluster.setdefault(application.cluster, []).append(application)
        one_cluster = partial(self.check_fetched, revisions=self.fetch(applications), explain=explain)
        with ContextThreadPool(max_workers=min(_MAX_CLUSTERS, max(1, len(by_cluster)))) as pool:
            checks = [check for results in pool.map(one_cluster, by_cluster.values()) for check in results]
        self.reconcile_cards()
        order = {name: index for index, name in enumerate(names)}
        return sorted(checks, key=lambda check: order[check.application])

    def check_cluster(self, cluster: str) -> None:
        """Check every application on one cluster, as scheduled."""
        applications = [application for application in self._all() if application.cluster == cluster]
        if applications:
            self.check_fetched(applications, revisions=self.fetch(applications))
        self._checked_clusters.add(cluster)
        self.reconcile_cards()

    def has_checked(self, cluster: str) -> bool:
        """Whether every application on a cluster has been checked since the start."""
        return cluster in self._checked_clusters

    def second_look(self, cluster: str) -> None:
        """Check a cluster's suspected incidents again, so that alerts don't wait for the scheduled check."""
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
        """Fetch one repository and start rollouts for what was merged. Raises PortError."""
        self._poll(repository)
        self.reconcile_cards()

    def poll_all_refs(self, repository: str) -> None:
        """Poll one repository at every revision that an application tracks. Raises the last PortError at the end."""
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
        if self._ports.store.leadership.acquire():  # or two replicas would share each diff twice
            self._approvals.share_diffs(self._translator_for)

    def reconcile_cards(self) -> None:
        """Apply timers to the stored incidents, and update Slack from the stored state. Only on the leader."""
        if self._ports.store.leadership.acquire():
            with self.recorder.lock:  # the incidents of one check are announced together
                if self._discoverer.is_complete():
                    resolve_unwatched_incidents(self._ports.store, self._applications, self._ports.clock())
                apply_timers_to_all(self._ports.store, self._ports.clock(), self._policy)
        self._reconciler.reconcile()

    def find_suspects(self) -> None:
        """Find the suspects of active incidents that a watch opened."""
        self.recorder.find_suspects(self._applications)

    def close(self) -> None:
        """Start nothing new, and wait a limited time for running observations."""
        self._rollouts.close()

    def problems(self, application: Application | None = None) -> list[Text]:
        """A sentence for each unavailable channel or deployer, or only for an application's channel."""
        if application:
            return self._reconciler.problems(application.channel)
        return [*self._reconciler.problems(), *self.inventory().notes]

    def inventory(self) -> ApplicationInventory:
        """The discovered applications, and what their deployers report."""
        return self._discoverer.inventory()

    def _all(self) -> Iterable[Application]:
        return self._applications.values()

    def _poll(self, repository: str) -> None:
        with self._polling[repository]:
            head = self._heads[repository] = self._ports.repositories[repository].fetch()
            self._record_merges(repository, head)

    def fetch(self, applications: Iterable[Application]) -> dict[str, Revision]:
        """Fetch the repositories of some applications, each once, and start rollouts for what was merged.

        A check must use exactly these revisions. A merge that is fetched later has no rollout yet, so its differences
        would be reported as drift.
        """
        keys = sorted({reference.key for application in applications for reference in application.repositories})
        with ContextThreadPool(_MAX_REPOSITORIES, "fetch") as pool:
            revisions = dict(zip(keys, pool.map(self._fetch_one, keys), strict=True))
        self.reconcile_cards()
        return revisions

    def _fetch_one(self, repository: str) -> Revision:
        with self._polling[repository]:
            try:
                with unexpected_as_port_error(f"fetch of {repository}"):
                    head = self._heads[repository] = self._ports.repositories[repository].fetch()
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
        manifest_cache, people = self.caches.manifest_cache, self._people
        with skip_unexpected(f"rollouts of {repository}"):
            merges.record_merges(self._ports, repository, head, applications, manifest_cache, people)
        if self._ports.repositories[repository].is_branch:  # other revisions move from tag to tag by design
            self._approvals.record_commits(repository, head)

    def check_fetched(
        self, applications: Sequence[Application], *, revisions: Mapping[str, Revision], explain: bool = False
    ) -> list[Check]:
        """Check applications of one cluster, and record the results."""
        began = time.monotonic()
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
                caches=self.caches,
                explain=explain,
                telemetry=telemetry,
            )
            if all(check.status is Status.UNKNOWN for check in checks):
                operation.outcome = Outcome.ERROR
        return self.recorder.record(applications, checks, since=began)

"""Watches the configured applications: checks, the alerts that follow from them, and rollouts."""

import logging
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from bot.config.model import Config
from bot.core.applications.application import Application
from bot.core.applications.discovery import ApplicationInventory
from bot.core.drift.freshness import with_last_complete
from bot.core.drift.model import Check
from bot.core.incidents.incident import IncidentState
from bot.core.rollouts.rollout import rolling_applications
from bot.handlers.approvals.review import ApprovalReviewer
from bot.handlers.discovery.deployers import deploying
from bot.handlers.discovery.discover import Discoverer
from bot.handlers.drift.check import Revision
from bot.handlers.drift.check import check as drift_check
from bot.handlers.drift.comparison_cache import Caches
from bot.handlers.incidents.record import end_unwatched, pass_time_of_all, record
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

_log = logging.getLogger(__name__)

# Clusters asked at once for one command: one that is slow does not hold up the others.
_CLUSTERS_AT_ONCE = 8
_REPOSITORIES_AT_ONCE = 4


class Monitor:
    """Every flow that reads git and the clusters. Safe to call from many threads."""

    def __init__(
        self, ports: Ports, config: Config, keeper: CardReconciler, discoverer: Discoverer | None = None
    ) -> None:
        self._discoverer = discoverer or Discoverer(config, ports.clusters, ports.repositories.__getitem__)
        self._ports = ports
        self._applications = config.applications
        self._ignore = config.ignore
        self._interactive = config.interactive
        self._alerts = config.alerts
        self._policy = config.alerts.policy()
        self._reconciler = keeper
        self._translator_for = config.slack.translator
        self._caches = Caches(ManifestCache(ports.renderer))
        self._recording = threading.Lock()
        self._polling: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)  # by the key of a RepositoryRef
        self._people = People(ports.chat, config.slack.people, ports.clock)
        self._approvals = ApprovalReviewer(
            ports,
            {name: settings.approvals for name, settings in config.repositories.items()},
            config.applications,
            self._caches.manifest_cache,
            config.slack.channel,
        )
        self._suspects = Suspects(ports, config.applications, ManifestCache(ports.renderer), config.interactive)
        self._rollouts = RolloutTracker(
            ports,
            config.applications,
            self._caches.manifest_cache,
            self._suspects,
            ignore=config.ignore,
            deadline=config.schedule.rollout_deadline,
            patience=config.schedule.rollout,
        )

    @property
    def manifest_cache(self) -> ManifestCache:
        """What was rendered before, and renders the rest."""
        return self._caches.manifest_cache

    def check(self, names: Sequence[str], *, explain: bool = False) -> list[Check]:
        """One drift check now of the applications named, in their order; what follows from it is told in Slack."""
        applications = [self._applications[name] for name in names]  # PortError for one that is gone by now
        by_cluster: dict[str, list[Application]] = {}
        for application in applications:
            by_cluster.setdefault(application.cluster, []).append(application)
        one_cluster = partial(self._check, revisions=self._fetch(applications), explain=explain)
        with ThreadPoolExecutor(max_workers=min(_CLUSTERS_AT_ONCE, max(1, len(by_cluster)))) as pool:
            checks = [check for results in pool.map(one_cluster, by_cluster.values()) for check in results]
        self.reconcile_cards()
        order = {name: index for index, name in enumerate(names)}
        return sorted(checks, key=lambda check: order[check.application])

    def check_cluster(self, cluster: str) -> None:
        """The scheduled drift check of every application on one cluster."""
        applications = [application for application in self._all() if application.cluster == cluster]
        if applications:
            self._check(applications, revisions=self._fetch(applications))
        self.reconcile_cards()

    def second_look(self, cluster: str) -> None:
        """Look again at what has been seen once on a cluster, so that an alert does not wait for the next check."""
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
        """The same of a repository at every revision of it that an application tracks. PortError of the last."""
        error = None
        tracked = [application.repository for application in self._all()]
        for key in dict.fromkeys((repository, *(ref.key for ref in tracked if ref.name == repository))):
            try:
                with unexpected_as_port_error(f"poll of {key}"):
                    self._poll(key)
            except PortError as failed:
                error = failed
        self.reconcile_cards()
        if error:
            raise error

    def observe_rollouts(self) -> None:
        """See how far each rollout has come."""
        self._rollouts.look()
        self.reconcile_cards()

    def review_approvals(self) -> None:
        """See whether what reached the tracked branches was approved."""
        self._approvals.look()
        self.reconcile_cards()
        if self._ports.store.leadership.acquire():  # as with cards: two replicas would share it twice
            self._approvals.share_diffs(self._translator_for)

    def reconcile_cards(self) -> None:
        """Bring Slack up to date with the stored state, and that with the time. Only the replica that leads does."""
        if self._ports.store.leadership.acquire():
            with self._recording:  # what one check has found is told together
                if self._discoverer.complete():
                    end_unwatched(self._ports.store, self._applications, self._ports.clock())
                pass_time_of_all(self._ports.store, self._ports.clock(), self._policy)
        self._reconciler.reconcile()

    def close(self) -> None:
        """Start nothing new, and let what runs finish for a while."""
        self._rollouts.close()

    def problems(self) -> list[Text]:
        """What is down, a sentence each."""
        return [*self._reconciler.problems(), *self.discovered().notes]

    def discovered(self) -> ApplicationInventory:
        """What deployers were found to say."""
        return self._discoverer.catalogue()

    def _all(self) -> Iterable[Application]:
        return self._applications.values()

    def _poll(self, repository: str) -> None:
        with self._polling[repository]:
            self._record_merges(repository, self._ports.repositories[repository].fetch())

    def _fetch(self, applications: Iterable[Application]) -> dict[str, Revision]:
        """Fetch the repositories of some applications, each once, and start rollouts for what was merged.

        A check must compare with just these revisions: a merge that is fetched later has no rollout yet, and what
        differs only because it is on its way would be taken for drift.
        """
        keys = sorted({application.repository.key for application in applications})
        with ThreadPoolExecutor(_REPOSITORIES_AT_ONCE, "fetch") as pool:
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
        if self._ports.repositories[repository].is_branch:  # what else is followed moves from tag to tag by design
            self._approvals.note(repository, head)

    def _check(
        self, applications: Sequence[Application], *, revisions: Mapping[str, Revision], explain: bool = False
    ) -> list[Check]:
        """Check applications of one cluster, and record what follows from it."""
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
        )
        previous = self._ports.store.checks.latest()
        checks = [with_last_complete(check, previous.get(check.application)) for check in checks]
        # Before the lock: a cluster that hangs holds up its own check and no other.
        at_work: frozenset[str] = frozenset()
        with skip_unexpected(f"deployers of {applications[0].cluster}"):
            at_work = self._at_work(applications, checks)
        with self._recording:
            self._record(applications, checks, self._rolling() | at_work)
        self._suspects.name([application.name for application in applications])
        return checks

    def _rolling(self) -> frozenset[str]:
        """Applications that differ by design just now, since a merge is on its way."""
        if not self._alerts.quiet_while_rolling:
            return frozenset()
        return rolling_applications(self._ports.store.rollouts.unsettled())

    def _at_work(self, applications: Sequence[Application], checks: Sequence[Check]) -> frozenset[str]:
        """Those of one cluster of which their deployer says that it is at work."""
        if not self._alerts.quiet_while_rolling:
            return frozenset()
        differing = {check.application for check in checks if check.drift}
        drifted = [application for application in applications if application.name in differing]
        return deploying(self._ports.clusters[drifted[0].cluster], drifted) if drifted else frozenset()

    def _record(self, applications: Sequence[Application], checks: Sequence[Check], moving: frozenset[str]) -> None:
        for application, check in zip(applications, checks, strict=True):
            with skip_unexpected(f"incident of {application.name}"):
                record(
                    self._ports,
                    application,
                    check,
                    rolling=check.application in moving,
                    looks=self._alerts.looks,
                    manifest_cache=self._caches.manifest_cache,
                )
        self._ports.store.checks.save(checks)  # last: whoever sees a check sees its incident too

"""Tracks rollouts until they are over: describes changes, observes clusters, and relates them to later merges."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import replace
from datetime import datetime, timedelta

from bot.context_pool import ContextThreadPool
from bot.core.applications.application import Application
from bot.core.drift.ignore_rules import IgnoreRule
from bot.core.objects.documents import ManifestError
from bot.core.rollouts.rollout import (
    ENDED_STATES,
    Limits,
    Rollout,
    RolloutState,
    apply_observations,
    mark_reverted,
    relate_to_newer,
)
from bot.core.waiting import is_waiting
from bot.handlers.change_people import reviewed_record
from bot.handlers.discovery.deployers import DeployerReader
from bot.handlers.incidents.suspects import Suspects
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.handlers.rollouts.change import describe
from bot.handlers.rollouts.checks import ChecksReader
from bot.handlers.rollouts.observe import observe
from bot.handlers.rollouts.reverted import undoes
from bot.handlers.tracked_branch import known_branch_key
from bot.ports import Ports
from bot.ports.errors import PortError
from bot.ports.isolation import skip_unexpected, unexpected_as_port_error

_log = logging.getLogger(__name__)

_MAX_CLUSTERS = 8
_WATCH_INTERVAL = timedelta(minutes=1)


class RolloutTracker:
    """Observes clusters and forges in parallel, each at most once at a time. Thread-safe; call `close` when done.

    `timeout` is how long `observe` waits for them. A slower one is recorded when it responds, without delaying others.
    `applications` must be kept up to date; `is_complete` is as for `observe`.
    """

    def __init__(
        self,
        ports: Ports,
        applications: Mapping[str, Application],
        manifest_cache: ManifestCache,
        suspects: Suspects,
        *,
        deployers: DeployerReader,
        ignore: Sequence[IgnoreRule],
        limits: Limits,
        timeout: timedelta,
        is_complete: Callable[[str], bool],
    ) -> None:
        self._ports = ports
        self._applications = applications
        self._rendered = manifest_cache
        self._suspects = suspects
        self._deployers = deployers
        self._ignore = ignore
        self._limits = limits
        self._watch_interval = min(_WATCH_INTERVAL, limits.watch / 30)
        self._checks = ChecksReader(ports)
        self._watched_at: dict[str, datetime] = {}  # by cluster
        self._timeout = timeout.total_seconds()
        self._is_complete = is_complete
        self._writing = threading.Lock()
        self._starting = threading.Lock()
        self._reverts: dict[tuple[str, str], bool] = {}  # by the IDs of a rollout and a later one that may revert it
        self._observations: dict[str, Future[None]] = {}
        self._reading_checks: Future[None] | None = None
        self._pool = ContextThreadPool(_MAX_CLUSTERS + 1, "rollouts")  # and one thread for the forges

    def observe(self) -> None:
        """Observe rollouts in progress and their checks, and find the suspects of late ones. Raises StoreError."""
        with self._writing:
            rollouts = self._in_progress()
            for rollout in rollouts:
                with skip_unexpected(f"rollout {rollout.id}"):
                    self._save(rollout, self._described(rollout))
        clusters = {part.cluster for rollout in rollouts for part in rollout.parts if part.is_observed}
        with self._starting:
            for cluster in sorted(clusters):
                before = self._observations.get(cluster)
                if before is None or before.done():
                    self._observations[cluster] = self._pool.submit(self._observe_cluster, cluster)
            pending = [self._observations[cluster] for cluster in clusters]
            if self._reading_checks is None or self._reading_checks.done():
                self._reading_checks = self._pool.submit(self._read_checks)
            pending.append(self._reading_checks)
        done, _ = wait(pending, timeout=self._timeout)
        for observation in done:
            with skip_unexpected("an observation of rollouts"):
                observation.result()
        self._name_suspects()

    def close(self) -> None:
        """Start nothing new, and wait up to `timeout` for running observations."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        running = [*self._observations.values(), *([self._reading_checks] if self._reading_checks else [])]
        wait(running, timeout=self._timeout)

    def _observe_cluster(self, cluster: str) -> None:
        rollouts = self._due(cluster)
        observations = observe(
            self._ports,
            cluster,
            rollouts,
            self._applications,
            self._rendered,
            self._deployers,
            self._ignore,
            is_complete=self._is_complete,
        )
        with self._writing:
            now = self._ports.clock()
            for rollout in self._in_progress():  # another thread may have changed them in the meantime
                if not observations.get(rollout.id):
                    continue
                with skip_unexpected(f"rollout {rollout.id}"):
                    described = self._described(rollout)  # it may be new and not described yet
                    self._save(
                        rollout,
                        apply_observations(described, observations[rollout.id], now=now, limits=self._limits),
                    )
            self._relate()

    def _name_suspects(self) -> None:
        """Find the suspects of each late rollout once, without a lock, since it takes long to render commits."""
        for stuck in self._in_progress():
            if stuck.state is not RolloutState.LATE or stuck.suspects is not None:
                continue
            waiting = {part.application for part in stuck.parts if part.is_pending}
            if not all(map(self._is_complete, waiting)) and waiting.isdisjoint(self._applications):
                continue  # they may be discovered later
            try:
                with unexpected_as_port_error(f"suspects of {stuck.id}"):
                    suspects = self._suspects.of_rollout(stuck)
            except (PortError, ManifestError) as error:
                _log.warning("cannot find suspects for %s: %s", stuck.id, error)
                suspects = ()
            with self._writing:
                for current in self._in_progress():
                    if current.id == stuck.id:
                        self._save(current, replace(current, suspects=suspects))

    def _read_checks(self) -> None:
        """Read the checks of merges that are due, without a lock, since a forge may be slow."""
        rollouts = self._in_progress()
        self._checks.forget({rollout.id for rollout in rollouts})
        for rollout in rollouts:
            checks = self._checks.read(rollout)
            if checks is None or checks == rollout.checks:
                continue
            with self._writing:
                for current in self._in_progress():
                    if current.id == rollout.id:
                        self._save(current, replace(current, checks=checks))

    def _described(self, rollout: Rollout) -> Rollout:
        branch = known_branch_key(self._ports, rollout.repository) or rollout.repository
        record = reviewed_record(self._ports.store.approvals.of_commits(branch, [rollout.revision]))
        if record and rollout.pull_number:  # approvals of other content than was merged don't count
            rollout = replace(rollout, approved_by=record.approvers)
        return describe(self._ports, rollout, self._applications, self._rendered)

    def _in_progress(self) -> list[Rollout]:
        return [rollout for rollout in self._ports.store.rollouts.unsettled() if not rollout.is_over]

    def _due(self, cluster: str) -> list[Rollout]:
        """The rollouts in progress, and from time to time those that are only watched."""
        now, watched_at = self._ports.clock(), self._watched_at.get(cluster)
        if watched_at is None or not is_waiting(watched_at + self._watch_interval, now, self._watch_interval):
            self._watched_at[cluster] = now
            return self._in_progress()
        return [rollout for rollout in self._in_progress() if rollout.state not in ENDED_STATES]

    def _relate(self) -> None:
        """Mark rollouts that newer merges have reverted, and relate the others to newer merges."""
        rollouts = self._ports.store.rollouts.unsettled()
        for index, rollout in enumerate(rollouts):
            later = {newer.id for newer in rollouts[index + 1 :]}  # a reverted commit can return to the branch
            for reverted in self._ports.store.rollouts.of_revisions(rollout.reverts) if rollout.reverts else ():
                if reverted.id in later or not self._is_reverted(reverted, rollout):
                    continue
                with skip_unexpected(f"rollout {reverted.id}"):
                    self._save(reverted, mark_reverted(reverted, rollout, now=self._ports.clock()))
        rollouts = self._ports.store.rollouts.unsettled()
        for index, older in enumerate(rollouts):
            with skip_unexpected(f"rollout {older.id}"):
                related = older
                for newer in rollouts[index + 1 :]:
                    related = relate_to_newer(related, newer)
                self._save(older, related)

    def _is_reverted(self, older: Rollout, by: Rollout) -> bool:
        """Whether `by`, which reverts the older rollout's last commit, undoes all that the older one changed."""
        repository = self._ports.repositories.get(older.repository)
        if older.rewritten or older.repository != by.repository or repository is None:
            return False  # a rewrite changes more than its revision does
        if older.state is RolloutState.REVERTED:
            return True
        if (older.id, by.id) not in self._reverts:
            try:
                with unexpected_as_port_error(f"revert of {older.id}"):
                    self._reverts[older.id, by.id] = undoes(repository, by, older)
            except PortError as error:
                _log.warning("cannot tell whether %s reverts %s: %s", by.revision, older.id, error)
        return self._reverts.get((older.id, by.id), False)

    def _save(self, before: Rollout, after: Rollout) -> None:
        if after != before:
            self._ports.store.rollouts.save(after)
            if after.state is not before.state and after.state is not RolloutState.ROLLING:
                _log.info("rollout of %s is %s", after.revision, after.state)

"""Follows each rollout until it has ended: what it changes, how far it is on each cluster, what has overtaken it."""

import logging
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import timedelta

from bot.core.applications.application import Application
from bot.core.drift.ignore import IgnoreRule
from bot.core.objects.manifest import ManifestError
from bot.core.rollouts.rollout import ENDED_STATES, Rollout, RolloutState, apply_observations, mark_superseded
from bot.handlers.change_people import judged
from bot.handlers.incidents.suspects import Suspects
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.handlers.rollouts.change import describe
from bot.handlers.rollouts.observe import observe
from bot.ports import Ports
from bot.ports.errors import PortError
from bot.ports.isolation import skip_unexpected, unexpected_as_port_error

_log = logging.getLogger(__name__)

_CLUSTERS_AT_ONCE = 8


class RolloutTracker:
    """Looks at clusters side by side, never twice at once at one. Any thread may call; `close` when done.

    `patience` is how long a look waits for clusters: one that takes longer is told of later and delays no other.
    """

    def __init__(
        self,
        ports: Ports,
        applications: Mapping[str, Application],
        manifest_cache: ManifestCache,
        suspects: Suspects,
        *,
        ignore: Sequence[IgnoreRule],
        deadline: timedelta,
        patience: timedelta,
    ) -> None:
        self._ports = ports
        self._applications = applications
        self._rendered = manifest_cache
        self._suspects = suspects
        self._ignore = ignore
        self._deadline = deadline
        self._patience = patience.total_seconds()
        self._writing = threading.Lock()
        self._starting = threading.Lock()
        self._looks: dict[str, Future[None]] = {}
        self._pool = ThreadPoolExecutor(_CLUSTERS_AT_ONCE, "rollouts")

    def look(self) -> None:
        """See how far each rollout has come."""
        with self._writing:
            rollouts = self._known()
            for rollout in rollouts:
                with skip_unexpected(f"rollout {rollout.id}"):
                    self._keep(rollout, self._described(rollout))
        clusters = {part.cluster for rollout in rollouts for part in rollout.parts if part.live_at is None}
        with self._starting:
            for cluster in sorted(clusters):
                before = self._looks.get(cluster)
                if before is None or before.done():
                    self._looks[cluster] = self._pool.submit(self._look_at, cluster)
            looks = [self._looks[cluster] for cluster in clusters]
        done, _ = wait(looks, timeout=self._patience)
        for look in done:
            with skip_unexpected("a look at rollouts"):
                look.result()
        self._name_suspects()

    def close(self) -> None:
        """Start nothing new; what looks at a cluster just now has the same patience to end."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        wait(self._looks.values(), timeout=self._patience)

    def _look_at(self, cluster: str) -> None:
        seen = observe(self._ports, cluster, self._known(), self._applications, self._rendered, self._ignore)
        with self._writing:
            now = self._ports.clock()
            for rollout in self._known():  # others may have written meanwhile
                if not seen.get(rollout.id):
                    continue
                with skip_unexpected(f"rollout {rollout.id}"):
                    described = self._described(rollout)  # one that was noticed after the look began
                    self._keep(
                        rollout, apply_observations(described, seen[rollout.id], now=now, deadline=self._deadline)
                    )
            self._supersede()

    def _name_suspects(self) -> None:
        """Once for each that is stuck, and with nothing locked: it renders commits."""
        for stuck in self._known():
            if stuck.state is not RolloutState.LATE or stuck.suspects is not None:
                continue
            try:
                with unexpected_as_port_error(f"suspects of {stuck.id}"):
                    suspects = self._suspects.of_rollout(stuck)
            except (PortError, ManifestError) as error:
                _log.warning("cannot find suspects for %s: %s", stuck.id, error)
                suspects = ()
            with self._writing:
                for current in self._known():
                    if current.id == stuck.id:
                        self._keep(current, replace(current, suspects=suspects))

    def _described(self, rollout: Rollout) -> Rollout:
        record = judged(self._ports.store.approvals.of_commits(rollout.repository, [rollout.revision]))
        if record and rollout.pull_number:  # an approval of other content than the merged one has been seen through
            rollout = replace(rollout, approved_by=record.approvers)
        return describe(self._ports, rollout, self._applications, self._rendered)

    def _known(self) -> list[Rollout]:
        return [rollout for rollout in self._ports.store.rollouts.unsettled() if rollout.state not in ENDED_STATES]

    def _supersede(self) -> None:
        rollouts = self._ports.store.rollouts.unsettled()
        for index, older in enumerate(rollouts):
            for newer in rollouts[index + 1 :]:
                if newer.repository == older.repository and older.state not in ENDED_STATES:
                    with skip_unexpected(f"rollout {older.id}"):
                        self._keep(older, mark_superseded(older, newer, now=self._ports.clock()))

    def _keep(self, before: Rollout, after: Rollout) -> None:
        if after != before:
            self._ports.store.rollouts.save(after)
            if after.state is not before.state and after.state is not RolloutState.ROLLING:
                _log.info("rollout of %s is %s", after.revision, after.state)

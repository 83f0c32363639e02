"""Records checks, with who made each difference, and updates the incidents."""

import threading
from collections import deque
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from time import monotonic
from typing import Final

from bot.config.sections.alerts import AlertsConfig
from bot.core.applications.application import Application
from bot.core.drift.bounded import bounded_check
from bot.core.drift.freshness import with_last_complete
from bot.core.drift.merge import ObjectKey, among, with_objects
from bot.core.drift.model import Check, Status
from bot.core.incidents.incident import ACTIVE_STATES, UNKNOWN_RESOLUTION, Resolution
from bot.core.rollouts.rollout import rolling_applications
from bot.handlers.cluster_audit.identify import ActorFinder
from bot.handlers.discovery.deployers import DeployerReader
from bot.handlers.drift.object_check import ObjectResults
from bot.handlers.incidents.record import record, resolution_of
from bot.handlers.incidents.suspects import Suspects
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.ports import Ports
from bot.ports.isolation import skip_unexpected

_MAX_NEWER: Final = 1_000
_EVERYTHING: Final[Mapping[str, Container[ObjectKey]]] = {}


@dataclass(frozen=True, slots=True)
class _Newer:
    """Objects that were checked separately, the check with only their drift, and when, by time.monotonic()."""

    monotonic: float
    objects: frozenset[ObjectKey]
    check: Check


class CheckRecorder:
    """Records the checks of applications on one cluster at a time. Thread-safe.

    All incidents of a check are stored in one transaction, so that they are announced together.
    """

    def __init__(
        self,
        ports: Ports,
        alerts: AlertsConfig,
        longest_hold: timedelta,
        *,
        actors: ActorFinder,
        deployers: DeployerReader,
        suspects: Suspects,
        manifest_cache: ManifestCache,
    ) -> None:
        self._lock = threading.Lock()
        self._ports = ports
        self._alerts = alerts
        self._longest_hold = longest_hold  # how long rollouts can hold back a difference
        self._actors = actors
        self._deployers = deployers
        self._suspects = suspects
        self._manifest_cache = manifest_cache
        self._newer: deque[_Newer] = deque(maxlen=_MAX_NEWER)

    def record(self, applications: Sequence[Application], checks: Sequence[Check], *, since: float) -> list[Check]:
        """Record checks, in the order of their applications, begun at `since` (time.monotonic()).

        Returns them with all differences, of which only the most severe are stored.
        Raises StoreError, and LeaseLostError if another replica has taken over since: nothing is recorded then.
        """
        checks, previous = self._with_last_complete(checks)
        checks, deploying = self._in_context(applications, checks, previous)
        with self._lock:
            checks = [self._with_newer_objects(check, since) for check in checks]
            bounded = [bounded_check(check) for check in checks]
            resolutions = self._resolutions(applications, bounded)
            with self._ports.store.transaction():
                rolling = self._rolling() | deploying
                for application, check in zip(applications, bounded, strict=True):
                    self._apply(application, check, rolling, resolutions, looks=self._alerts.looks)
                self._ports.store.checks.save(bounded)
        self.find_suspects([application.name for application in applications])
        return checks

    def identify_actors(self, applications: Sequence[Application], checks: Sequence[Check]) -> Sequence[Check]:
        """The checks as `record` returns them, without recording anything. Raises StoreError."""
        checks, previous = self._with_last_complete(checks)
        return self._in_context(applications, checks, previous)[0]

    def record_objects(
        self,
        applications: Sequence[Application],
        results: Mapping[str, ObjectResults],
        latest: Mapping[str, Check],
        *,
        settled: Collection[str],
    ) -> frozenset[str]:
        """Record results for some objects of applications that are newer than their `latest` checks. Raises StoreError.

        In the applications in `settled`, a difference opens an incident at once. Returns the names of the applications
        whose results were not recorded because another check was recorded in the meantime.
        """
        now = self._ports.clock()
        checks: Sequence[Check] = [
            with_objects(latest[name], results[name].objects, results[name].drift, now, results[name].set_aside)
            for name in (application.name for application in applications)
        ]
        checks, deploying = self._in_context(applications, checks, latest)
        outdated: set[str] = set()
        with self._lock:
            bounded = [bounded_check(check) for check in checks]
            compared = {name: result.objects for name, result in results.items()}
            resolutions = self._resolutions(applications, bounded, compared)
            with self._ports.store.transaction():
                rolling = self._rolling() | deploying
                current = self._ports.store.checks.latest([application.name for application in applications])
                for application, check in zip(applications, bounded, strict=True):
                    name = application.name
                    if current.get(name) != latest[name]:
                        outdated.add(name)
                        continue
                    looks = 1 if name in settled else self._alerts.looks
                    self._apply(application, check, rolling, resolutions, looks=looks)
                    # Keep the time of the latest check, when the other objects were last compared.
                    self._ports.store.checks.save([replace(check, at=latest[name].at)])
            for check in checks:
                if check.application not in outdated:
                    self._keep(check, frozenset(results[check.application].objects))
        return frozenset(outdated)

    def find_suspects(self, applications: Iterable[str]) -> None:
        """Find the commits behind active incidents of these applications, which can take seconds. Raises StoreError."""
        self._suspects.find(applications)

    def _with_last_complete(self, checks: Sequence[Check]) -> tuple[Sequence[Check], Mapping[str, Check]]:
        """The checks with what the last complete ones found, and the latest checks of all applications."""
        previous = self._ports.store.checks.latest()
        return [with_last_complete(check, previous.get(check.application)) for check in checks], previous

    def _resolutions(
        self,
        applications: Sequence[Application],
        checks: Sequence[Check],
        compared: Mapping[str, Container[ObjectKey]] = _EVERYTHING,
    ) -> Mapping[str, Resolution]:
        """Why each incident ends, by application. Call it outside of a transaction: it may have to render manifests.

        `compared` are the objects that were compared, if not all of an application.
        """
        unsettled = self._ports.store.incidents.unsettled()
        active = {incident.application: incident for incident in unsettled if incident.state in ACTIVE_STATES}
        resolutions: dict[str, Resolution] = {}
        for application, check in zip(applications, checks, strict=True):
            if incident := active.get(application.name):
                with skip_unexpected(f"cause of the end of {incident.id}"):
                    resolutions[application.name] = resolution_of(
                        self._ports, application, incident, check, self._manifest_cache, compared.get(application.name)
                    )
        return resolutions

    def _in_context(
        self, applications: Sequence[Application], checks: Sequence[Check], previous: Mapping[str, Check]
    ) -> tuple[Sequence[Check], frozenset[str]]:
        """The checks with who made each difference, and the applications that are being synced.

        Called without the lock, so that an unresponsive cluster delays only its own checks and, once a minute, those of
        clusters that it deploys to.
        """
        cluster = applications[0].cluster
        with skip_unexpected(f"actors on {cluster}"):
            checks = self._actors.identify(checks, previous, self._ports.clock())
        deploying: frozenset[str] = frozenset()
        with skip_unexpected(f"deployers of {cluster}"):
            deploying = self._deploying(applications, checks)
        return checks, deploying

    def _deploying(self, applications: Sequence[Application], checks: Sequence[Check]) -> frozenset[str]:
        """The applications of one cluster that differ and are being synced or deleted."""
        if not self._alerts.quiet_while_rolling:
            return frozenset()
        for check in checks:
            if check.status is Status.SYNCED:
                self._deployers.forget(check.application)
        differing = {check.application for check in checks if check.drift}
        drifted = [application for application in applications if application.name in differing]
        return self._deployers.changing(drifted)

    def _rolling(self) -> frozenset[str]:
        """The applications with a rollout in progress: they differ from git by design."""
        if not self._alerts.quiet_while_rolling:
            return frozenset()
        return rolling_applications(self._ports.store.rollouts.unsettled())

    def _apply(
        self,
        application: Application,
        check: Check,
        rolling: Collection[str],
        resolutions: Mapping[str, Resolution],
        *,
        looks: int,
    ) -> None:
        with skip_unexpected(f"incident of {application.name}"):
            record(
                self._ports,
                application,
                check,
                rolling=check.application in rolling,
                looks=looks,
                longest_hold=self._longest_hold,
                resolution=resolutions.get(application.name, UNKNOWN_RESOLUTION),
            )

    def _keep(self, check: Check, objects: frozenset[ObjectKey]) -> None:
        """Keep the results of a check for these objects, instead of earlier ones for the same objects."""
        others = [
            item for item in self._newer if item.check.application != check.application or not item.objects <= objects
        ]
        kept = replace(check, drift=among(check.drift, objects), set_aside=among(check.set_aside, objects))
        newer = _Newer(monotonic(), objects, kept)
        self._newer = deque((*others, newer), maxlen=_MAX_NEWER)

    def _with_newer_objects(self, check: Check, since: float) -> Check:
        """The check with newer results for the objects that were checked separately while it was running."""
        for newer in self._newer:
            if newer.monotonic >= since and _compared(newer.check) == _compared(check):
                at = max(check.at, newer.check.at)
                check = with_objects(check, newer.objects, newer.check.drift, at, newer.check.set_aside)
        return check


def _compared(check: Check) -> tuple[str, str | None, str, str | None]:
    """What a check compared: an application's revision, with the cluster and namespace."""
    return check.application, check.revision, check.cluster, check.namespace

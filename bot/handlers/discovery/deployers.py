"""Reads what Argo CD or Flux is doing with applications, if the cluster has one and the bot is allowed to read it."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

from bot.core.applications.application import Application
from bot.core.applications.deployer import DEPLOYER_KINDS, SOURCE_KINDS, Deployer, Deployers
from bot.core.applications.deployer_status import DeployerFailure
from bot.core.objects.resource import Object
from bot.handlers.discovery.resources import list_resources, preferred_kinds
from bot.ports.cluster import Cluster, ClusterError

_log = logging.getLogger(__name__)


class DeployerReader:
    """Reads the resources that deploy applications. Thread-safe.

    `urls` are those of the repositories, by name, and `namespaces` those where the deployers of configured applications
    may be, by cluster. A sync that takes longer than `deadline` no longer counts.
    """

    def __init__(
        self,
        clusters: Mapping[str, Cluster],
        urls: Mapping[str, str],
        namespaces: Mapping[str, Collection[str]],
        *,
        deadline: timedelta,
        clock: Callable[[], datetime],
    ) -> None:
        self._clusters = clusters
        self._urls = urls
        self._namespaces = namespaces
        self._deadline = deadline
        self._clock = clock
        self._first_seen: dict[str, datetime] = {}  # syncing, by application

    def syncing(self, applications: Sequence[Application]) -> frozenset[str]:
        """The names of the applications that are being deployed right now; none if the deployers cannot be read.

        They are on one cluster. A sync counts from when the deployer says that it started, but at the latest from when
        it was first seen here, until `forget`.
        """
        deployers, now = self._deployers(applications), self._clock()
        syncing = set()
        for name in (application.name for application in applications):
            deployer = deployers.get(name)
            if deployer is None or not deployer.is_syncing:
                self.forget(name)
                continue
            since = self._first_seen.setdefault(name, now)
            if now - min(since, deployer.syncing_since or since) < self._deadline:
                syncing.add(name)
        return frozenset(syncing)

    def forget(self, application: str) -> None:
        """Forget when the application was first seen syncing: it is in sync now."""
        self._first_seen.pop(application, None)

    def failures(self, applications: Sequence[Application]) -> dict[str, DeployerFailure]:
        """The errors of applications that their deployer could not deploy, by name; none if it cannot be read.

        They are on one cluster.
        """
        failures = {name: deployer.failure for name, deployer in self._deployers(applications).items()}
        return {name: failure for name, failure in failures.items() if failure is not None}

    def unpruned(self, applications: Sequence[Application]) -> frozenset[str]:
        """The names of the configured applications whose deployer doesn't delete objects that are removed from git.

        They are on one cluster. None of them if the deployers cannot be read.
        """
        return frozenset(name for name, deployer in self._deployers(applications).items() if not deployer.prunes)

    def _deployers(self, applications: Sequence[Application]) -> dict[str, Deployer]:
        """The deployer of each application that has one."""
        if not applications:
            return {}
        cluster = self._clusters[applications[0].cluster]
        resources = self._list(cluster, applications)
        deployers = Deployers(cluster.name, cluster.server, resources, self._namespaces.get(cluster.name, ()))
        candidates = {
            application.name: deployers.deployer_of(application, self._urls.get(application.repository.name, ""))
            for application in applications
        }
        return {name: deployer for name, deployer in candidates.items() if deployer is not None}

    def _list(self, cluster: Cluster, applications: Sequence[Application]) -> dict[tuple[str, str], list[Object]]:
        """The resources among which the deployers of these applications are, by (group, kind)."""
        origins = [application.origin for application in applications]
        declared = {origin.kind for origin in origins if origin is not None}
        resources: dict[tuple[str, str], list[Object]] = {}
        try:
            served = preferred_kinds(cluster.discover())
        except ClusterError as error:
            _log.info("cannot read deployers on %s: %s", cluster.name, error)
            return resources
        for kind in served.keys() & {*DEPLOYER_KINDS, *SOURCE_KINDS}:
            if None not in origins and kind[1] not in declared:
                continue
            try:
                resources[kind] = list_resources(cluster, served[kind]).resources
            except ClusterError as error:
                _log.info("cannot read deployers on %s: %s", cluster.name, error)
        return resources

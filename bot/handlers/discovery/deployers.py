"""Reads what Argo CD or Flux is doing with applications, if the cluster has one and the bot is allowed to read it."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.core.applications.application import Application
from bot.core.applications.deployer import Deployer, Deployers
from bot.core.applications.deployer_status import DeployerFailure
from bot.handlers.discovery.deployer_lists import DeployerLists
from bot.ports.cluster import Cluster

# An error, the revisions that it is about, and what else the deployer reports.
Failure = tuple[DeployerFailure, Sequence[str], DeployerFailure | None]

_MAX_AGE: Final = timedelta(seconds=10)  # of what rollouts report; a sync or deletion may have begun since


@dataclass(frozen=True, slots=True)
class _Change:
    """A sync or deletion: when its resource was created, and when the change was first seen and began."""

    created: str
    first_seen: datetime
    started: datetime


class DeployerReader:
    """Reads the resources that deploy applications. Thread-safe.

    `urls` are those of the repositories, by name, and `namespaces` those where the deployers of configured applications
    may be, by cluster. A sync or deletion that takes longer than `deadline` no longer counts.
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
        self._lists = {name: DeployerLists(cluster, clock) for name, cluster in clusters.items()}
        self._urls = urls
        self.namespaces = namespaces
        self._deadline = deadline
        self._clock = clock
        self._changes: dict[str, _Change] = {}  # by application

    def changing(self, applications: Sequence[Application]) -> frozenset[str]:
        """The names of the applications that are being deployed or, with the resources that declare them, deleted.

        A sync or deletion counts from when the resource says that it started, but at the latest from when it was first
        seen here, until `forget`. One that was seen still counts if the deployers cannot be read now. A failed sync
        doesn't count until it is retried, as a part of the same sync.
        """
        now = self._clock()
        changing = set()
        for application, deployers in self._read(applications):
            name, deployer = application.name, self._deployer_of(application, deployers)
            deleting_since = deployer.deleting_since if deployer and application.origin else None
            is_syncing = deployer is not None and deployer.is_syncing
            is_retrying = deployer is not None and deployer.is_retrying
            change = self._changes.get(name)
            created = application.origin.created if application.origin else ""
            if change and change.created != created:  # another resource of the same name
                change = None
            if is_syncing or deleting_since or deployers.is_gone(application):
                first_seen = change.first_seen if change else now
                started = deleting_since or (deployer.syncing_since if deployer else None) or first_seen
                change = _Change(created, first_seen, min(first_seen, started))
            elif is_retrying:
                continue
            elif deployer or not deployers.may_be_unread(application):
                change = None
            if change is None:
                self.forget(name)
                continue
            self._changes[name] = change
            if now - change.started < self._deadline:
                changing.add(name)
        return frozenset(changing)

    def forget(self, application: str) -> None:
        """Forget when the application was first seen changing: it is in sync now."""
        self._changes.pop(application, None)

    def failures(self, applications: Sequence[Application]) -> dict[str, Failure]:
        """The errors of applications that their deployer could not deploy, by name; empty if they cannot be read.

        Each has the revisions that it is about, one for each source; none if it is not about any.
        """
        deployers = self._deployers(applications)
        return {
            name: (failure, deployer.attempted, deployer.current_error)
            for name, deployer in deployers.items()
            if (failure := deployer.failure) is not None
        }

    def unpruned(self, applications: Sequence[Application]) -> frozenset[str]:
        """The names of the configured applications whose deployer doesn't delete objects that are removed from git.

        They are on one cluster. Empty if the deployers cannot be read.
        """
        return frozenset(name for name, deployer in self._deployers(applications).items() if not deployer.prunes)

    def _deployers(self, applications: Sequence[Application]) -> dict[str, Deployer]:
        """The deployer of each application that has one."""
        deployers = {item.name: self._deployer_of(item, some) for item, some in self._read(applications, _MAX_AGE)}
        return {name: deployer for name, deployer in deployers.items() if deployer is not None}

    def _deployer_of(self, application: Application, deployers: Deployers) -> Deployer | None:
        return deployers.deployer_of(application, self._urls.get(application.repository.name, ""))

    def _read(
        self, applications: Sequence[Application], max_age: timedelta = timedelta()
    ) -> Iterator[tuple[Application, Deployers]]:
        """Each application with the deployers on its cluster, or on that of the resource that declares it."""
        by_cluster: defaultdict[str, list[Application]] = defaultdict(list)
        for application in applications:
            by_cluster[(application.origin or application).cluster].append(application)
        for name, declared in by_cluster.items():
            kinds = {application.origin.kind if application.origin else "" for application in declared}
            listed = self._lists[name].read(() if "" in kinds else kinds, max_age)
            server, namespaces = self._clusters[name].server, self.namespaces.get(name, ())
            deployers = Deployers(name, server, listed.resources, namespaces, failed=listed.failed)
            yield from ((application, deployers) for application in declared)

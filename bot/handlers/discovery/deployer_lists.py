"""Lists the resources of Argo CD and Flux on a cluster once for all callers that wait for them."""

import logging
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeVar

from bot.core.applications.deployer import DEPLOYER_KINDS, SOURCE_KINDS
from bot.core.objects.resource import Object
from bot.handlers.discovery.resources import (
    RENDERING_FIELDS,
    ResourceBudget,
    ResourceList,
    group_problem,
    list_resources,
    preferred_kinds,
)
from bot.ports.cluster import Cluster, ClusterError

_log = logging.getLogger(__name__)

_Result = TypeVar("_Result")

_SLOW: Final = timedelta(seconds=5)  # callers don't wait again for a request that took this long and failed
_RETRY_AFTER: Final = timedelta(minutes=1)
_MAX_WAIT: Final = timedelta(minutes=1)  # for failed requests in a read; afterwards, it makes no others


@dataclass(frozen=True, slots=True)
class DeployerList:
    """Resources by (group, kind), and the kinds that couldn't be listed, such as `Kustomization`."""

    resources: Mapping[tuple[str, str], list[Object]]
    failed: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Failure:
    """A request that failed, and whether it took long, or wasn't made because others had."""

    is_slow: bool


@dataclass(frozen=True, slots=True)
class _Entry:
    """The resources of a kind, None if it isn't served; the number of the read, and when it began."""

    result: list[Object] | _Failure | None
    read_number: int
    read_at: datetime


class DeployerLists:
    """Lists the resources of Argo CD and Flux on one cluster, for one caller at a time. Thread-safe."""

    def __init__(self, cluster: Cluster, clock: Callable[[], datetime]) -> None:
        self._cluster = cluster
        self._clock = clock
        self._lock = threading.Lock()
        self._reads_begun = 0
        self._kept: dict[tuple[str, str], _Entry] = {}
        self._failed_in: dict[
            tuple[str, str], int
        ] = {}  # the number of the read in which a kind failed; 0 if it didn't

    def read(self, kinds: Collection[str], max_age: timedelta) -> DeployerList:
        """The deployers of these kinds; if `kinds` is empty, all deployers and the resources that they refer to.

        They are read after this call, or at most `max_age` before it. Callers that wait share the next read. After a
        request that failed slowly, the next one for the same kind is a minute later. Once failed requests have taken a
        minute in total, the read makes no others; the next read makes those first.
        """
        wanted = [kind for kind in (*DEPLOYER_KINDS, *SOURCE_KINDS) if not kinds or kind[1] in kinds]
        begun = self._reads_begun
        with self._lock:
            outdated = [kind for kind in wanted if not self._is_usable(self._kept.get(kind), begun, max_age)]
            if outdated:
                self._reads_begun += 1
                for kind in outdated:
                    self._kept.pop(kind, None)  # before it takes memory beside the next list
                self._list(outdated)
            results = {kind: self._kept[kind].result for kind in wanted}
        failed = {kind for kind, result in results.items() if isinstance(result, _Failure)}
        resources = {kind: result for kind, result in results.items() if isinstance(result, list)}
        return DeployerList(resources, frozenset(name for _, name in failed))

    def _is_usable(self, kept: _Entry | None, begun: int, max_age: timedelta) -> bool:
        if kept is None:
            return False
        if isinstance(kept.result, _Failure) and kept.result.is_slow:
            max_age = max(max_age, _RETRY_AFTER)
        age = abs(self._clock() - kept.read_at)  # the clock may have been set back
        return kept.read_number > begun or age < max_age

    def _list(self, kinds: Sequence[tuple[str, str]]) -> None:
        """List these kinds; all fail if discovery does."""
        entries: dict[tuple[str, str], tuple[ResourceList | _Failure | None, datetime]] = {}
        budget = ResourceBudget()
        discovery = self._attempt(self._cluster.discover)
        served = {} if isinstance(discovery, _Failure) else preferred_kinds(discovery)
        waited = timedelta()
        for kind in sorted(kinds, key=lambda kind: self._failed_in.get(kind, 0)):
            began = self._clock()
            result: ResourceList | _Failure | None = None
            if isinstance(discovery, _Failure):
                result = discovery
            elif kind in served and waited >= _MAX_WAIT:
                result = _Failure(is_slow=True)
            elif kind in served:
                result = self._attempt(partial(list_resources, self._cluster, served[kind], budget, RENDERING_FIELDS))
                self._failed_in[kind] = self._reads_begun if isinstance(result, _Failure) else 0
                waited += self._clock() - began if isinstance(result, _Failure) else timedelta()
            elif group_problem(discovery, kind[0]):
                result = _Failure(is_slow=False)
            entries[kind] = result, began
        ended = self._clock()
        for kind, (result, began) in entries.items():
            # All kinds that failed slowly wait for the same minute, so that reads in between don't wait at all.
            failed_slowly = isinstance(result, _Failure) and result.is_slow
            resources = [item.resource for item in result.listed] if isinstance(result, ResourceList) else result
            self._kept[kind] = _Entry(resources, self._reads_begun, ended if failed_slowly else began)

    def _attempt(self, request: Callable[[], _Result]) -> _Result | _Failure:
        began = self._clock()
        try:
            return request()
        except ClusterError as error:
            _log.info("cannot read deployers on %s: %s", self._cluster.name, error)
            return _Failure(is_slow=self._clock() - began >= _SLOW)

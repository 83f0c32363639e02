"""An informer: follows the objects of one kind by a list and a watch, and reports those that changed."""

import logging
import random
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from bot.core.drift.digest import comparison_digest
from bot.handlers.drift.declared import Name
from bot.handlers.watch.plan import WatchPlan
from bot.ports.cluster import Cluster, ExpiredError, ForbiddenError, Kind, TooLargeError, Watch, WatchEvent
from bot.ports.errors import PortError
from bot.ports.isolation import unexpected_as_port_error

_log = logging.getLogger(__name__)

_FIRST_WAIT: Final = 0.5  # seconds before a retry; doubled after each failure
_LONGEST_WAIT: Final = 30.0
_ABSENT: Final = b""  # the digest of an object that does not exist


class _State(NamedTuple):
    """The newest state of an object that was seen: its resourceVersion as a number, if it is one, and its digest."""

    version: int | None
    digest: bytes


class Informer:
    """Follows one kind, in one namespace or (None) in all, and calls `changed` for each object of `plan` that changed.

    It keeps a digest of each object, and no object. An event that is a duplicate, came late, or changed only what no
    comparison depends on is dropped. After a list, `changed` is called for every object whose state is not known to be
    the same as before.
    """

    def __init__(
        self,
        cluster: Cluster,
        kind: Kind,
        namespace: str | None,
        plan: WatchPlan,
        changed: Callable[[Kind, Name], None],
    ) -> None:
        self.kind = kind
        self.namespace = namespace
        self.refusal: ForbiddenError | None = None  # why it ended: the cluster does not allow the list or the watch
        self.listed = threading.Event()  # whether it has tried to list its objects once
        self._cluster = cluster
        self._plan = plan
        self._changed = changed
        self._states: dict[Name, _State] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._watch: Watch | None = None

    def __len__(self) -> int:
        """How many objects it keeps a digest of."""
        return len(self._states)

    def follow(self, plan: WatchPlan) -> None:
        """Follow the objects of another plan from now on. `changed` is called for those that are new in it."""
        with self._lock:
            before, self._plan = self._plan, plan
            for name in [name for name in self._states if not plan.follows(self.kind, name)]:
                del self._states[name]
        for name in plan.declared(self.kind).keys() - before.declared(self.kind).keys():
            if self._covers(name):
                self._changed(self.kind, name)

    def run(self) -> None:
        """List and watch until it is stopped, or the cluster refuses."""
        failures = 0
        version = ""
        while not self._stopping.is_set():
            try:
                with unexpected_as_port_error(f"watch of {self.kind.plural} on {self._cluster.name}"):
                    if not version:
                        version = self._list()
                        self.listed.set()
                    for event in self._open(version):
                        version, failures = event.resource_version, 0
                        self._receive(event)
                        if self._stopping.is_set():
                            return
            except ForbiddenError as error:
                self.refusal = error
                return
            except PortError as error:
                if self._stopping.is_set():
                    return
                _log.info("watch of %s on %s: %s", self.kind.plural, self._cluster.name, error)
                if isinstance(error, ExpiredError | TooLargeError):
                    version = ""
                failures += 1
            finally:
                self.listed.set()
            # A server that ends each watch at once is not asked without a pause either.
            longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(failures, 10))
            self._stopping.wait(random.uniform(longest / 2, longest))  # noqa: S311  spreads load

    def stop(self) -> None:
        """End `run`, in another thread: at once unless it is waiting for the server to answer a request."""
        with self._lock:
            self._stopping.set()
            watch = self._watch
        if watch is not None:
            watch.close()

    def _open(self, version: str) -> Watch:
        watch = self._cluster.watch(self.kind, self.namespace, version)
        with self._lock:
            self._watch = watch
            is_late = self._stopping.is_set()
        if is_late:
            watch.close()
        return watch

    def _list(self) -> str:
        """Compare the whole list with the known states; the resourceVersion to watch from."""

        def read(live: Mapping[str, Any]) -> _State | None:
            return self._state(live) if self._plan.follows(self.kind, _name(live)) else None

        listed = self._cluster.list_for_watch(self.kind, self.namespace, read)
        absent = _State(_number(listed.resource_version), _ABSENT)
        with self._lock:
            names = {*filter(self._covers, self._plan.declared(self.kind)), *self._states, *listed.objects}
            before = self._states
            self._states = {name: listed.objects.get(name, absent) for name in names}
            changed = [name for name, state in self._states.items() if not _is_same(before.get(name), state)]
        for name in changed:
            self._changed(self.kind, name)
        return listed.resource_version

    def _receive(self, event: WatchEvent) -> None:
        if event.object is None:
            return
        name = _name(event.object)
        if not self._plan.follows(self.kind, name):
            return
        state = self._state(event.object)
        if event.is_deletion:
            state = state._replace(digest=_ABSENT)
        with self._lock:
            before = self._states.get(name)
            if before and _is_older(state, before, is_deletion=event.is_deletion):
                return
            self._states[name] = state
        if not _is_same(before, state):
            self._changed(self.kind, name)

    def _covers(self, name: Name) -> bool:
        return self.namespace in (None, name[0])

    @staticmethod
    def _state(live: Mapping[str, Any]) -> _State:
        return _State(_number(str(live["metadata"].get("resourceVersion", ""))), comparison_digest(live))


def _is_same(before: _State | None, after: _State) -> bool:
    return before is not None and before.digest == after.digest


def _is_older(state: _State, than: _State, *, is_deletion: bool) -> bool:
    """Whether an event has an older state than the known one, or the same. A deletion may have the version before."""
    if state.version is None or than.version is None:
        return False
    return state.version < than.version if is_deletion else state.version <= than.version


def _name(live: Mapping[str, Any]) -> Name:
    return live["metadata"].get("namespace"), live["metadata"]["name"]


def _number(resource_version: str) -> int | None:
    """A resourceVersion as a number, by which those of a kind are ordered; None if the server uses something else.

    https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
    """
    return int(resource_version) if resource_version.isdecimal() else None

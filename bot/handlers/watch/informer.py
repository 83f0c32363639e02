"""An informer: follows the objects of one kind with a list and a watch, and reports those that changed."""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from bot.core.drift.digest import comparison_digest
from bot.core.drift.observed_write import ObservedWrite, observed_write, written_records
from bot.handlers.drift.declared import Name
from bot.handlers.watch.plan import WatchPlan
from bot.ports.cluster import Cluster, ExpiredError, ForbiddenError, Kind, TooLargeError, Watch, WatchEvent
from bot.ports.errors import PortError
from bot.ports.isolation import unexpected_as_port_error

_log = logging.getLogger(__name__)

_FIRST_WAIT: Final = 0.5  # seconds before a retry; doubled after each failure
_LONGEST_WAIT: Final = 30.0
BACKLOG_SECONDS: Final = 1.0  # in which a new watch delivers earlier events
_ABSENT: Final = b""  # the digest of an object that does not exist


Changed = Callable[[Kind, Name, ObservedWrite | None], None]


class _State(NamedTuple):
    """The newest known state of an object.

    Its resourceVersion as a number, if it is one, its digest, and hashes of its managedFields entries.
    """

    version: int | None
    digest: bytes
    records: tuple[int, ...] = ()


class Informer:
    """Follows one kind, in one or all (None) namespaces, and calls `changed` for each object of `plan` that changed.

    It keeps only a digest of each object. An event is dropped if it's a duplicate, late, or irrelevant to comparisons.
    After a list, `changed` is called for every object that may have changed. It is called with the write that changed
    the object, if it is known to be the only one.
    """

    def __init__(
        self,
        cluster: Cluster,
        kind: Kind,
        namespace: str | None,
        plan: WatchPlan,
        changed: Changed,
        clock: Callable[[], datetime],
    ) -> None:
        self.kind = kind
        self.namespace = namespace
        self.refusal: ForbiddenError | None = None  # set when it ends: the list or watch is forbidden
        self.listed = threading.Event()  # whether it has tried to list its objects
        self._cluster = cluster
        self._plan = plan
        self._changed = changed
        self._clock = clock
        self._states: dict[Name, _State] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._watch: Watch | None = None
        self._opened = time.monotonic()

    def __len__(self) -> int:
        """The number of objects with a digest."""
        return len(self._states)

    def follow(self, plan: WatchPlan) -> None:
        """Switch to another plan. `changed` is called for objects that are new in it."""
        with self._lock:
            before, self._plan = self._plan, plan
            for name in [name for name in self._states if not plan.follows(self.kind, name)]:
                del self._states[name]
        for name in plan.declared(self.kind).keys() - before.declared(self.kind).keys():
            if self._covers(name):
                self._changed(self.kind, name, None)

    def run(self) -> None:
        """List and watch until it is stopped or the cluster refuses."""
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
                level = logging.DEBUG if failures else logging.INFO  # log an outage once
                _log.log(level, "watch of %s on %s: %s", self.kind.plural, self._cluster.name, error)
                if isinstance(error, ExpiredError | TooLargeError):
                    version = ""
                failures += 1
            finally:
                self.listed.set()
            # Also pause if a server ends each watch at once.
            longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(failures, 10))
            self._stopping.wait(random.uniform(longest / 2, longest))  # noqa: S311  spreads load

    def stop(self) -> None:
        """End `run`, which is in another thread: at once, unless it is waiting for a response."""
        with self._lock:
            self._stopping.set()
            watch = self._watch
        if watch is not None:
            watch.close()

    def _open(self, version: str) -> Watch:
        watch = self._cluster.watch(self.kind, self.namespace, version)
        self._opened = time.monotonic()
        with self._lock:
            self._watch = watch
            is_late = self._stopping.is_set()
        if is_late:
            watch.close()
        return watch

    def _list(self) -> str:
        """Compare the whole list with the known states. Returns the resourceVersion to watch from."""

        def read(live: Mapping[str, Any]) -> _State | None:
            return (
                self._state(live, tuple(written_records(live))) if self._plan.follows(self.kind, _name(live)) else None
            )

        listed = self._cluster.list_for_watch(self.kind, self.namespace, read)
        absent = _State(_number(listed.resource_version), _ABSENT)
        with self._lock:
            names = {*filter(self._covers, self._plan.declared(self.kind)), *self._states, *listed.objects}
            before = self._states
            self._states = {name: listed.objects.get(name, absent) for name in names}
            changed = [name for name, state in self._states.items() if not _is_same(before.get(name), state)]
        for name in changed:
            self._changed(self.kind, name, None)
        return listed.resource_version

    def _receive(self, event: WatchEvent) -> None:
        if event.object is None:
            return
        name = _name(event.object)
        if not self._plan.follows(self.kind, name):
            return
        records = written_records(event.object)
        state = self._state(event.object, tuple(records))
        if event.is_deletion:
            state = state._replace(digest=_ABSENT)
        with self._lock:
            before = self._states.get(name)
            if before and _is_older(state, before, is_deletion=event.is_deletion):
                return
            self._states[name] = state
        if not _is_same(before, state):
            # Events at the start of a new watch may be from any time since the previous one.
            is_exact = time.monotonic() - self._opened > BACKLOG_SECONDS
            version = None if event.is_deletion else event.resource_version
            write = observed_write(version, before.records, records, self._clock()) if before and is_exact else None
            self._changed(self.kind, name, write)

    def _covers(self, name: Name) -> bool:
        return self.namespace in (None, name[0])

    @staticmethod
    def _state(live: Mapping[str, Any], records: tuple[int, ...]) -> _State:
        return _State(_number(str(live["metadata"].get("resourceVersion", ""))), comparison_digest(live), records)


def _is_same(before: _State | None, after: _State) -> bool:
    return before is not None and before.digest == after.digest


def _is_older(state: _State, than: _State, *, is_deletion: bool) -> bool:
    """Whether an event isn't newer than the known state. A deletion is newer even with the same version."""
    if state.version is None or than.version is None:
        return False
    return state.version < than.version if is_deletion else state.version <= than.version


def _name(live: Mapping[str, Any]) -> Name:
    return live["metadata"].get("namespace"), live["metadata"]["name"]


def _number(resource_version: str) -> int | None:
    """A resourceVersion as a number, which orders those of a kind; None if the server uses another format.

    https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
    """
    return int(resource_version) if resource_version.isdecimal() else None

"""Watches one shard of a cluster: an informer for each kind, and a thread that compares the objects that changed."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Hashable, Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol

from bot.core.applications.shard import Shard
from bot.core.drift.observed_write import ObservedWrite
from bot.handlers.drift.declared import Name
from bot.handlers.watch.debouncer import Debouncer
from bot.handlers.watch.informer import Informer
from bot.handlers.watch.plan import ObjectChange, ObjectRef, Scope, WatchPlan
from bot.ports.cluster import Cluster, Discovery, ForbiddenError, Kind
from bot.ports.errors import PortError
from bot.ports.isolation import unexpected_as_port_error

_log = logging.getLogger(__name__)

MAX_INFORMERS: Final = 100  # of one shard; each has a thread and a connection. Other kinds are only polled.
_DISCOVER_EVERY: Final = 60.0  # seconds
_RETRY_REFUSED: Final = 600.0  # seconds; permissions rarely change
_LIST_SECONDS: Final = 30.0  # how long the first comparison waits for every informer to list its objects
_JOIN_SECONDS: Final = 5.0
_SHORTEST_PAUSE: Final = 0.05  # seconds, in which related changes arrive


class ObjectChecks(Protocol):
    """Checks applications and single objects."""

    def watched_state(self, shard: Shard) -> Hashable | None:
        """What a plan depends on besides discovery; None unless this replica has its lease and has checked it."""
        ...

    def watch_plan(self, shard: Shard, discovery: Discovery) -> WatchPlan:
        """What to watch for a shard."""
        ...

    def check_shard(self, shard: Shard) -> None:
        """Check every application of a shard."""
        ...

    def check_objects(
        self, shard: Shard, objects: Mapping[ObjectRef, ObjectChange], plan: WatchPlan
    ) -> Collection[ObjectRef]:
        """Check objects that changed. Returns those to check again later."""
        ...


class ShardWatcher:
    """Watches what a shard declares. Call `keep` periodically, and `stop` after the last call."""

    def __init__(
        self,
        shard: Shard,
        cluster: Cluster,
        checks: ObjectChecks,
        *,
        settle: timedelta,
        clock: Callable[[], datetime],
    ) -> None:
        self.shard = shard
        self._cluster = cluster
        self._checks = checks
        self._settle = settle.total_seconds()
        self._clock = clock
        self._watching: _Watching | None = None

    @property
    def is_watching(self) -> bool:
        """Whether every kind that can be watched is being watched."""
        watching = self._watching
        return watching is not None and watching.has_listed

    def keep(self) -> None:
        """Start watching, update the plan, or stop without the shard's lease. Raises PortError."""
        state = self._checks.watched_state(self.shard)
        if state is None:
            self.stop()
            return
        watching = self._watching
        if watching is None:
            plan = self._plan(self._cluster.discover())
            watching = _Watching(self.shard, self._cluster, self._checks, plan, self._settle, self._clock)
            try:
                watching.start()
            except RuntimeError:  # no more threads
                watching.stop()
                raise
            self._watching = watching
        elif watching.has_other_kinds():
            self._checks.check_shard(self.shard)
            watching.follow(self._plan(watching.discovery))
        elif state != watching.state:
            watching.follow(self._plan(watching.discovery))
        else:
            watching.replace_refused()
        watching.state = state

    def stop(self) -> None:
        """Stop watching, and wait briefly for a comparison in progress."""
        watching, self._watching = self._watching, None
        if watching:
            watching.stop()

    def _plan(self, discovery: Discovery) -> WatchPlan:
        return self._checks.watch_plan(self.shard, discovery)


class _Watching:
    """The informers of a shard and the thread that compares, from `start` to `stop`."""

    def __init__(
        self,
        shard: Shard,
        cluster: Cluster,
        checks: ObjectChecks,
        plan: WatchPlan,
        settle: float,
        clock: Callable[[], datetime],
    ) -> None:
        self.discovery = plan.discovery
        self.state: Hashable = None
        self._shard = shard
        self._cluster = cluster
        self._checks = checks
        self._plan = plan
        self._settle = settle
        self._clock = clock
        self._writes: dict[ObjectRef, list[ObservedWrite | None]] = {}  # since the object was last compared
        self._debouncer: Debouncer[ObjectRef] = Debouncer(settle)
        self._debouncer_lock = threading.Lock()
        self._informers: dict[Scope, Informer] = {}
        self._refused: dict[Scope, ForbiddenError] = {}
        self._logged: set[Scope] = set()
        self._stopping = threading.Event()
        self._started = self._discovered = self._retried = time.monotonic()
        self._comparing = self._thread(self._compare, "compare")

    @property
    def has_listed(self) -> bool:
        return all(informer.listed.is_set() for informer in list(self._informers.values()))

    def start(self) -> None:
        self.follow(self._plan)
        self._comparing.start()

    def stop(self) -> None:
        self._stopping.set()
        for informer in self._informers.values():
            informer.stop()
        if self._comparing.is_alive():
            self._comparing.join(_JOIN_SECONDS)  # informers don't write to the store, so don't wait for them

    def has_other_kinds(self) -> bool:
        """Whether the served kinds differ from the plan's; discovers them periodically. Raises ClusterError."""
        now = time.monotonic()
        if now - self._discovered >= _DISCOVER_EVERY:
            self._discovered = now
            self.discovery = self._cluster.discover()
        planned = self._plan.discovery
        return (planned.kinds, planned.broken.keys()) != (self.discovery.kinds, self.discovery.broken.keys())

    def follow(self, plan: WatchPlan) -> None:
        """Watch only what the plan needs. If this fails, `state` is None, so that `keep` calls it again."""
        self._plan, self.state = plan, None
        wanted = plan.scopes(self._refused)[:MAX_INFORMERS]
        for scope in [scope for scope in self._informers if scope not in wanted]:
            self._informers.pop(scope).stop()
        for informer in self._informers.values():
            informer.follow(plan)
        for scope in wanted:
            if scope not in self._informers:
                kind, namespace = scope
                informer = Informer(self._cluster, kind, namespace, plan, self._changed, self._clock)
                self._thread(informer.run, kind.plural).start()
                self._informers[scope] = informer

    def replace_refused(self) -> None:
        """Watch kinds in each namespace if the bot is not allowed to in all; retry periodically."""
        refused = {
            scope: informer.refusal for scope, informer in self._informers.items() if informer.refusal is not None
        }
        if refused:
            self._refused |= refused
            for scope in refused:
                del self._informers[scope]
            for scope in refused.keys() - self._logged:
                _log.warning("%s Its changes are not watched.", refused[scope])
            self._logged |= refused.keys()
            self.follow(self._plan)
        elif self._refused and time.monotonic() - self._retried > _RETRY_REFUSED:
            self._retried = time.monotonic()
            self._refused = {}
            self.follow(self._plan)

    def _changed(self, kind: Kind, name: Name, write: ObservedWrite | None) -> None:
        with self._debouncer_lock:
            for ref in self._plan.affected(kind, name):
                self._debouncer.add(ref, time.monotonic())
                if ref == (kind, name):
                    self._writes[ref] = [*self._writes.get(ref, ()), write][-2:]  # two tell that it isn't one

    def _compare(self) -> None:
        """Check settled objects until it is stopped. Those from the first lists are checked together."""
        while not self.has_listed and time.monotonic() < self._started + _LIST_SECONDS:
            if self._stopping.wait(_SHORTEST_PAUSE):
                return
        _log.info("watching %s, with %d informers", self._shard.name, len(self._informers))
        while not self._stopping.wait(self._pause()):
            with self._debouncer_lock:
                taken = self._debouncer.take_due(time.monotonic())
                writes = {ref: self._writes.pop(ref, []) for ref in taken}
            if not taken:
                continue
            due = {
                ref: ObjectChange(is_settled, writes[ref][0] if len(writes[ref]) == 1 else None)
                for ref, is_settled in taken.items()
            }
            recheck: Collection[ObjectRef] = due
            try:
                with unexpected_as_port_error(f"check of changed objects on {self._cluster.name}"):
                    recheck = self._checks.check_objects(self._shard, due, self._plan)
            except PortError as error:
                _log.warning("cannot check what changed on %s: %s", self._cluster.name, error)
            with self._debouncer_lock:
                self._debouncer.finish(due, recheck, time.monotonic())
                for ref in recheck:
                    self._writes[ref] = [*writes[ref], *self._writes.get(ref, ())][-2:]

    def _pause(self) -> float:
        """Seconds until an item may be due; at most the settle time, since no new change is due sooner."""
        with self._debouncer_lock:
            until_due = self._debouncer.next_due() - time.monotonic()
        return max(_SHORTEST_PAUSE, min(self._settle, until_due))

    def _thread(self, run: Callable[[], None], what: str) -> threading.Thread:
        return threading.Thread(target=run, name=f"watch {self._cluster.name} {what}", daemon=True)

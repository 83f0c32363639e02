"""Checks the objects that a watch saw change, and records the results like a scheduled check."""

from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from bot.config.model import Config
from bot.core.applications.application import Application
from bot.core.applications.shard import Shard
from bot.core.drift.merge import ObjectKey, among, object_key, without_actors
from bot.core.drift.model import Check
from bot.core.drift.observed_write import ObservedWrite, with_observed_writes
from bot.core.incidents.incident import ACTIVE_STATES
from bot.handlers.drift.comparison_cache import CompareOptions
from bot.handlers.drift.declared import declared_objects
from bot.handlers.drift.desired_state import desired_states
from bot.handlers.drift.object_check import ObjectResults, compare_objects
from bot.handlers.monitor import Monitor
from bot.handlers.watch.plan import ObjectChange, ObjectRef, WatchPlan, watch_plan
from bot.ports import Ports
from bot.ports.cluster import Discovery
from bot.ports.errors import PortError

# Above this many objects, their applications are checked as a whole, which lists each kind once.
MAX_OBJECTS: Final = 50

_Objects = Mapping[ObjectKey, ObjectRef]  # of one application


class ObjectMonitor:
    """`watch.watcher.ObjectChecks`, for every shard. Thread-safe."""

    def __init__(self, ports: Ports, config: Config, monitor: Monitor) -> None:
        self._ports = ports
        self._applications = config.applications
        self._options = CompareOptions(config.ignore, config.interactive)
        self._monitor = monitor

    def watched_state(self, shard: Shard) -> Hashable | None:
        """The applications of a shard and the heads of their repositories; None until the shard was checked.

        None also if another replica checks it.
        """
        if not self._monitor.has_checked(shard):
            return None
        applications = self._fetched_applications(shard)
        heads = {item.repository.key: self._monitor.heads[item.repository.key] for item in applications}
        return tuple(applications), tuple(heads.items())

    def watch_plan(self, shard: Shard, discovery: Discovery) -> WatchPlan:
        """What the applications of a shard declare at the heads of their repositories."""
        states = desired_states(
            self._fetched_applications(shard),
            self._monitor.heads,
            self._ports.repositories,
            self._monitor.caches.manifest_cache,
        )
        declarations = ((manifest, state.application) for state in states for manifest in state.manifests)
        return watch_plan(declared_objects(declarations, discovery), discovery)

    def check_shard(self, shard: Shard) -> None:
        """Check every application of a shard."""
        self._monitor.check_shard(shard)

    def check_objects(
        self, shard: Shard, objects: Mapping[ObjectRef, ObjectChange], plan: WatchPlan
    ) -> Collection[ObjectRef]:
        """Check objects of one shard that changed, if this replica holds its lease.

        Returns the objects to check again later, because they differ and it's too early for an alert, could not be
        read, or this replica doesn't hold the lease at the moment. Raises PortError.
        """
        with self._ports.store.leases.work(shard.lease) as lease:
            return self._check_objects(objects, plan) if lease else objects.keys()

    def _check_objects(self, objects: Mapping[ObjectRef, ObjectChange], plan: WatchPlan) -> Collection[ObjectRef]:
        refs = self._by_application(objects, plan)
        names = [application.name for application in refs]
        latest = self._ports.store.checks.latest(names)
        results = self._compare(refs, latest, plan) if len(objects) <= MAX_OBJECTS else {}
        writes = {item.name: {key: objects[ref].write for key, ref in keys.items()} for item, keys in refs.items()}
        results = {name: _with_writes(result, latest[name], writes[name]) for name, result in results.items()}
        news = [
            item for item in refs if item.name not in results or self._is_news(results[item.name], latest[item.name])
        ]
        recheck = {ref for item in refs if _is_unread(results.get(item.name)) for ref in refs[item].values()}
        if not news:
            return recheck
        # A difference may come from a commit that was just deployed.
        in_time, revisions = self._monitor.fetch_in_time(news)
        unfetched = [
            item for item in news if item not in in_time or isinstance(revisions[item.repository.key], PortError)
        ]
        recheck |= {ref for item in unfetched for ref in refs[item].values()}
        news = [item for item in news if item not in unfetched]
        single = [
            item
            for item in news
            if item.name in results and revisions[item.repository.key] == latest[item.name].revision
        ]
        if single:
            settled = {item.name for item in single if all(objects[ref].is_settled for ref in refs[item].values())}
            outdated = self._monitor.recorder.record_objects(single, results, latest, settled=settled)
            recheck |= {ref for item in single if item.name in outdated for ref in refs[item].values()}
        checked_fully = [item for item in news if item not in single]
        if checked_fully:
            self._monitor.check_fetched(checked_fully, revisions={**self._monitor.heads, **revisions})
        self._monitor.reconcile_cards()
        return recheck | self._without_alert(news, refs)

    def _fetched_applications(self, shard: Shard) -> list[Application]:
        return [
            application
            for application in self._monitor.applications_of(shard)
            if application.repository.key in self._monitor.heads
        ]

    def _by_application(self, objects: Iterable[ObjectRef], plan: WatchPlan) -> Mapping[Application, _Objects]:
        """The objects of each application that still exists."""
        refs: dict[Application, dict[ObjectKey, ObjectRef]] = {}
        for kind, name in objects:
            for application in plan.declared(kind).get(name, ()):
                if application in self._applications:
                    keys = refs.setdefault(self._applications[application], {})
                    keys[kind.api_version, kind.kind, *name] = (kind, name)
        return refs

    def _compare(
        self, refs: Mapping[Application, _Objects], latest: Mapping[str, Check], plan: WatchPlan
    ) -> Mapping[str, ObjectResults]:
        """The results of the applications whose latest check can be updated. Raises PortError."""
        heads = self._monitor.heads
        current = {
            item: keys.keys()
            for item, keys in refs.items()
            if item.name in latest and _is_current(latest[item.name], item, heads.get(item.repository.key))
        }
        if not current:
            return {}
        return compare_objects(
            current,
            revisions=heads,
            repositories=self._ports.repositories,
            cluster=self._ports.clusters[next(iter(current)).cluster],
            discovery=plan.discovery,
            options=self._options,
            caches=self._monitor.caches,
        )

    def _is_news(self, result: ObjectResults, latest: Check) -> bool:
        """Whether a complete result differs from the latest check's, or has drift without an alert."""
        if not result.is_complete:
            return False
        recorded, current = (
            {object_key(item): without_actors(item) for item in drift}
            for drift in (among(latest.drift, result.objects), result.drift)
        )
        if recorded != current:
            return True
        return bool(recorded) and not self._has_alert(latest.application)

    def _without_alert(
        self, applications: Iterable[Application], refs: Mapping[Application, _Objects]
    ) -> set[ObjectRef]:
        """The objects that differ, in applications without an alert because it was too early for one."""
        applications = list(applications)
        latest = self._ports.store.checks.latest([application.name for application in applications])
        return {
            refs[item][object_key(difference)]
            for item in applications
            if item.name in latest and not self._has_alert(item.name)
            for difference in among(latest[item.name].drift, refs[item].keys())
        }

    def _has_alert(self, application: str) -> bool:
        incident = self._ports.store.incidents.open_for(application)
        return incident is not None and incident.state in ACTIVE_STATES


def _is_current(check: Check, application: Application, head: str | None) -> bool:
    """Whether a check is of the head of the application's repository, and of where the application is deployed now."""
    return (
        check.revision == head
        and check.repository in {"", application.repository.key}
        and (check.cluster, check.namespace) == (application.cluster, application.namespace)
    )


def _with_writes(
    result: ObjectResults, latest: Check, writes: Mapping[ObjectKey, ObservedWrite | None]
) -> ObjectResults:
    # Another write may have come before the object was read.
    observed = {
        key: write
        for key, write in writes.items()
        if write and key in result.objects and write.resource_version == result.objects[key]
    }
    return replace(result, drift=with_observed_writes(result.drift, among(latest.drift, result.objects), observed))


def _is_unread(result: ObjectResults | None) -> bool:
    return result is not None and not result.is_complete

"""Applies checks, timers and the configuration to stored incidents, without losing concurrent changes."""

from collections.abc import Callable, Container, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from bot.core.applications.application import Application
from bot.core.applications.names import ResourceKey
from bot.core.drift.merge import ObjectKey, object_key
from bot.core.drift.model import Check, Status
from bot.core.incidents.alerting import AlertPolicy, announcements, apply_timers
from bot.core.incidents.bounded import bounded_incident
from bot.core.incidents.detection import apply_check, has_moved, resolve_unwatched
from bot.core.incidents.incident import UNKNOWN_RESOLUTION, Incident, Resolution
from bot.core.incidents.resolution import resolution
from bot.core.objects.documents import ManifestError
from bot.core.objects.manifest import Manifest
from bot.handlers.incidents.transition import MAX_ATTEMPTS, change
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.ports import Ports
from bot.ports.errors import PortError
from bot.ports.isolation import skip_unexpected, without_failing
from bot.ports.store import Store


def record(
    ports: Ports,
    application: Application,
    check: Check,
    *,
    rolling: bool,
    looks: int,
    longest_hold: timedelta,
    resolution: Resolution,
) -> None:
    """Apply a check to the incident of its application, which ends first if the application has moved.

    Raises StoreError.
    """
    place = {"cluster": application.cluster, "namespace": application.namespace or ""}
    for _ in range(MAX_ATTEMPTS):
        before = ports.store.incidents.open_for(application.name)
        if before and check.at < before.checked_at <= ports.clock():
            return  # a later check is already recorded; one in the future means that the clock was set back
        if before and has_moved(before, **place):
            ports.store.incidents.exchange(before, resolve_unwatched(before, check.at))
            continue
        after = apply_check(
            before,
            check,
            channel=application.channel,
            repository=application.repository.key,
            namespace=place["namespace"],
            rolling=rolling,
            required_looks=looks,
            longest_hold=longest_hold,
            resolution=resolution,
        )
        after = after and bounded_incident(after)
        if after == before or ports.store.incidents.exchange(before, after):
            return
    raise RuntimeError(f"the incident of {application.name} changes all the time")


def apply_timers_to_all(store: Store, now: datetime, policy: AlertPolicy) -> None:
    """Apply to every incident what depends only on time: announcements, reminders, escalations, and ends of snoozes.

    It is derived from the stored incidents, so a restart neither repeats nor loses anything. Those of a
    shared card change in one transaction, since it gets one reply. Call it in one thread at a time. Raises StoreError.
    """
    incidents = store.incidents.unsettled()
    due = without_failing(
        incidents, lambda some: announcements(some, now, policy), lambda incident: f"announcement of {incident.id}"
    )
    changing: dict[str, list[Incident]] = {}  # by card
    for incident in incidents:
        with skip_unexpected(f"timers of {incident.id}"):
            if apply_timers(incident, now, policy, due.get(incident.id)) != incident:
                card = due[incident.id].card if incident.id in due else incident.group
                changing.setdefault(card or incident.id, []).append(incident)
    for together in changing.values():
        with store.transaction():
            for incident in together:
                with skip_unexpected(f"timers of {incident.id}"):
                    change(store, incident, lambda current: apply_timers(current, now, policy, due.get(current.id)))


def resolve_unwatched_incidents(
    store: Store,
    watched: Container[str],
    now: datetime,
    has_read_since: Callable[[datetime, ResourceKey], bool],
    is_read: Callable[[str], bool],
    is_checked_elsewhere: Callable[[Check], bool],
) -> None:
    """Resolve the incidents of applications that are not `watched`. Those that change now are left to the next call.

    Another replica may have discovered an application that this one hasn't. So the incident of a discovered application
    stays until this replica has read the resource that declares it later than the last check (`has_read_since`). That
    of a configured one stays while a replica with another configuration may still check it. One without a stored check
    may be either, so it stays until all that may declare it `is_read`. Those of a shared card are resolved in one
    transaction, since it gets one reply. Raises StoreError.
    """
    unsettled = store.incidents.unsettled()
    unwatched = [item for item in unsettled if item.application not in watched and item.resolved_at is None]
    checks = store.checks.latest([item.application for item in unwatched]) if unwatched else {}
    gone: dict[str, list[tuple[Incident, Incident | None]]] = {}  # by card
    for incident in unwatched:
        with skip_unexpected(f"end of {incident.id}"):
            check = checks.get(incident.application)
            if check is None and not is_read(incident.application):
                continue
            if check and check.origin and not has_read_since(min(incident.checked_at, now), check.origin):
                continue
            if check and not check.origin and is_checked_elsewhere(check):
                continue
            if incident.application in watched:  # it has been discovered in the meantime
                continue
            gone.setdefault(incident.group or incident.id, []).append((incident, resolve_unwatched(incident, now)))
    for together in gone.values():
        with store.transaction():
            for incident, resolved in together:
                with skip_unexpected(f"end of {incident.id}"):
                    store.incidents.exchange(incident, resolved)


def resolution_of(
    ports: Ports,
    application: Application,
    incident: Incident,
    check: Check,
    manifest_cache: ManifestCache,
    compared: Container[ObjectKey] | None,
) -> Resolution:
    """Why an application's active incident ends, if this check resolves it.

    `compared` are the objects that the check compared, None for all.
    """
    differences = (*incident.worst, *incident.drift)
    if check.status is not Status.SYNCED or check.revision is None:
        return UNKNOWN_RESOLUTION
    if compared is not None and any(object_key(difference) not in compared for difference in differences):
        return UNKNOWN_RESOLUTION  # an earlier check no longer saw it
    repository = ports.repositories[application.repository.key]
    source = application.source
    before: Sequence[Manifest] = ()
    with suppress(PortError, ManifestError):  # the history was rewritten, or the application had another path
        before = manifest_cache.manifests(repository, incident.revision, source)
    try:
        after = manifest_cache.manifests(repository, check.revision, source)
    except (PortError, ManifestError):
        return UNKNOWN_RESOLUTION
    return resolution(incident.drift, incident.worst, check.set_aside, before, after, application.namespace)

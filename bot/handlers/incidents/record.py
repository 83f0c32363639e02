"""What a check means for its application's incident, kept so that nobody else's change of it is lost."""

from collections.abc import Container
from datetime import datetime

from bot.core.applications.application import Application
from bot.core.drift.model import Check, Status
from bot.core.incidents.alerting import AlertPolicy, apply_timers, cards_to_announce
from bot.core.incidents.incident import ACTIVE_STATES, Incident, ResolutionCause, apply_check, resolve_unwatched
from bot.core.incidents.resolution import resolution_cause
from bot.core.objects.manifest import ManifestError
from bot.handlers.incidents.control import MAX_ATTEMPTS, change
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.ports import Ports
from bot.ports.errors import PortError
from bot.ports.isolation import skip_unexpected, without_failing
from bot.ports.store import Store


def record(
    ports: Ports, application: Application, check: Check, *, rolling: bool, looks: int, manifest_cache: ManifestCache
) -> None:
    """Move the incident on. StoreError."""
    for _ in range(MAX_ATTEMPTS):
        before = ports.store.incidents.open_for(application.name)
        if before and check.at < before.checked_at <= ports.clock():
            return  # a later look has already been recorded; one in the future was timed by a clock since set back
        after = apply_check(
            before,
            check,
            channel=application.channel,
            repository=application.repository.key,
            rolling=rolling,
            required_looks=looks,
            cause_if_git_moved=_moved(ports, application, before, check, manifest_cache),
        )
        if after == before or ports.store.incidents.exchange(before, after):
            return
    raise RuntimeError(f"the incident of {application.name} changes all the time")


def pass_time_of_all(store: Store, now: datetime, policy: AlertPolicy) -> None:
    """Move every incident on by what time alone does: what may be told, is said again, or has been snoozed enough.

    Derived from what is stored, so a restart neither repeats nor loses it. StoreError.
    """
    incidents = store.incidents.unsettled()
    cards = without_failing(
        incidents, lambda some: cards_to_announce(some, now, policy), lambda incident: f"announcement of {incident.id}"
    )
    for incident in incidents:
        with skip_unexpected(f"timers of {incident.id}"):
            if apply_timers(incident, now, policy, cards) != incident:
                change(store, incident, lambda current: apply_timers(current, now, policy, cards))


def end_unwatched(store: Store, watched: Container[str], now: datetime) -> None:
    """End the incidents of every application but these. What somebody changes meanwhile ends next time. StoreError."""
    for incident in store.incidents.unsettled():
        with skip_unexpected(f"end of {incident.id}"):
            after = incident if incident.application in watched else resolve_unwatched(incident, now)
            if after != incident:
                store.incidents.exchange(incident, after)


def _moved(
    ports: Ports, application: Application, incident: Incident | None, check: Check, manifest_cache: ManifestCache
) -> ResolutionCause:
    """How the incident ended, if this check ends it and git has moved meanwhile."""
    if incident is None or incident.state not in ACTIVE_STATES or check.status is not Status.SYNCED:
        return "git"
    if check.revision is None or check.revision == incident.revision:
        return "git"
    repository = ports.repositories[application.repository.key]
    try:
        before, after = (
            manifest_cache.manifests(repository, revision, application.source)
            for revision in (incident.revision, check.revision)
        )
    except (PortError, ManifestError):  # a history that was rewritten: all that is known is that it moved
        return "git"
    return resolution_cause(incident.drift, before, after, application.namespace)

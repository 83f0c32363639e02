"""Opens, changes, and resolves incidents according to checks."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.drift.bounded import MAX_OF_APPLICATION, count, most_severe
from bot.core.drift.differences import (
    identities,
    merge_worst,
    new_or_escalated,
    persisting,
    present_or_worse,
    severities,
    unseen,
    with_added,
)
from bot.core.drift.model import Check, ObjectDrift, Status
from bot.core.drift.severity import Severity, rate
from bot.core.incidents.hold import by_object, hold, release_due
from bot.core.incidents.incident import (
    ACTIVE_STATES,
    SILENCED_STATES,
    UNKNOWN_RESOLUTION,
    Incident,
    IncidentEventType,
    IncidentState,
    Resolution,
    add_event,
    reopen,
)

# After this many updates, the thread gets only serious ones; the card still shows the current drift.
MAX_THREAD_UPDATES = 10


def apply_check(
    incident: Incident | None,
    check: Check,
    *,
    channel: str,
    rolling: bool,
    required_looks: int = 2,
    longest_hold: timedelta = timedelta.max,
    repository: str = "",
    namespace: str = "",
    resolution: Resolution = UNKNOWN_RESOLUTION,
) -> Incident | None:
    """An application's unresolved incident after a check; None if there is none, or if the suspicion was unfounded.

    Drift opens an incident once `required_looks` consecutive checks have seen it. During rollouts (`rolling`) git and
    the cluster differ by design, so a difference counts only once it has lasted for longer than `longest_hold`. An
    incomplete check drops only the differences that it would have seen, and never resolves an incident.
    `resolution` is why the check resolves the incident, if it does.
    """
    if check.status is Status.SYNCED:
        return _resolve(incident, check, resolution)
    if not check.drift or check.revision is None:
        return incident and _without_drift(incident, check)
    if incident is not None and incident.state in ACTIVE_STATES:
        new = _new_differences(incident, check)
        if rolling:
            return _hold(incident, check, new, longest_hold)
        return _update(incident, check, with_added(unseen(incident.present, check), check.drift), new)
    needs_same_values = incident is not None and (rolling or incident.revision != check.revision)
    if incident is None or (needs_same_values and not persisting(incident.drift, check.drift, as_stored=True)):
        held = incident.held if incident else ()
        incident = replace(_suspicion(check, channel=channel, repository=repository, namespace=namespace), held=held)
    if rolling:
        return _hold_suspicion(incident, check, longest_hold)
    persists = bool(identities(incident.drift) & identities(check.drift))
    looks = incident.looks + 1 if persists else 1
    opens = looks >= required_looks
    drift = with_added(unseen(incident.drift, check), check.drift)
    return replace(
        _checked(incident, check, drift),
        state=IncidentState.OPEN if opens else IncidentState.SUSPECTED,
        opened_at=check.at if opens else None,
        looks=looks,
        since=incident.since if persists else check.at,
        worst=merge_worst(incident.worst, drift) if persists and incident.looks else drift,
        held=hold(incident.held, check.drift, check) if incident.held and not opens else (),  # for the next rollout
    )


def has_moved(incident: Incident, *, cluster: str, namespace: str) -> bool:
    """Whether the application has moved to another cluster or namespace since the incident was suspected."""
    return incident.cluster != cluster or incident.namespace not in (None, namespace)


def resolve_unwatched(incident: Incident, at: datetime) -> Incident | None:
    """Resolve the incident of an application that is no longer watched; None if it was only suspected."""
    if incident.state is IncidentState.SUSPECTED:
        return None
    if incident.state is IncidentState.RESOLVED:
        return incident
    resolved = replace(incident, state=IncidentState.RESOLVED, resolved_at=at, check_error=None, ended="unwatched")
    return add_event(resolved, IncidentEventType.RESOLVED, at)


def _without_drift(incident: Incident, check: Check) -> Incident | None:
    """The incident after an incomplete check that sees no drift; None if a suspicion was unfounded."""
    present = unseen(incident.present, check)
    if not present and incident.state is IncidentState.SUSPECTED:
        return None
    return replace(
        incident,
        drift=present or incident.drift,
        is_gone=not present,
        held=hold(incident.held, (), check),
        check_error=check.error,
        checked_at=check.at,
    )


def _suspicion(check: Check, *, channel: str, repository: str, namespace: str) -> Incident:
    return Incident(
        id=f"{check.application}@{check.at.isoformat()}",
        application=check.application,
        cluster=check.cluster,
        channel=channel,
        state=IncidentState.SUSPECTED,
        since=check.at,
        checked_at=check.at,
        revision=check.revision or "",
        chart=check.chart,
        drift=check.drift,
        check_error=check.error,
        repository=repository,
        namespace=namespace,
        looks=0,
    )


def _hold_suspicion(incident: Incident, check: Check, longest_hold: timedelta) -> Incident:
    """A suspicion after a check during a rollout: it opens with what has been held for too long."""
    held = hold(incident.held, check.drift, check)
    due, rest = release_due(held, check, longest_hold)
    if not due:
        return replace(_checked(incident, check, check.drift), held=held)
    drift, since = by_object(due), min(item.since for item in due)
    opened = replace(_checked(incident, check, drift, omitted=0), held=rest)
    return replace(opened, state=IncidentState.OPEN, opened_at=check.at, since=since, worst=drift)


def _hold(incident: Incident, check: Check, new: tuple[ObjectDrift, ...], longest_hold: timedelta) -> Incident:
    """An active incident after a check during a rollout: only what has been held for too long is added to it."""
    held = hold(incident.held, new, check)
    due, rest = release_due(held, check, longest_hold)
    if not due:
        return replace(incident, held=held, checked_at=check.at, check_error=check.error)
    drift = by_object(due)
    updated = _update(incident, check, with_added(incident.present, drift), drift, omitted=incident.omitted)
    return replace(updated, held=rest)


def _checked(
    incident: Incident, check: Check, drift: tuple[ObjectDrift, ...], *, omitted: int | None = None
) -> Incident:
    """The incident with the drift of a check. `omitted` differences are not in it; by default, those of the check."""
    kept = most_severe(drift, MAX_OF_APPLICATION)
    return replace(
        incident,
        checked_at=check.at,
        revision=check.revision or "",
        drift=kept,
        omitted=(check.omitted if omitted is None else omitted) + count(drift) - count(kept),
        check_error=check.error,
        chart=check.chart,
        held=(),
        is_gone=False,
    )


def _new_differences(incident: Incident, check: Check) -> tuple[ObjectDrift, ...]:
    """The differences that an active incident has not reported, or only as less severe ones.

    If less severe ones were omitted, one that is as severe may be among those.
    """
    reported = (item for event in incident.history for item in event.drift)
    new = new_or_escalated(incident.worst, incident.present, check.drift, reported)
    return present_or_worse(new, incident.present) if incident.omitted else new


def _update(
    incident: Incident,
    check: Check,
    drift: tuple[ObjectDrift, ...],
    worse: tuple[ObjectDrift, ...],
    *,
    omitted: int | None = None,
) -> Incident:
    """An active incident with its current drift and a report of what is `worse`, which reopens it if that is severe."""
    checked = _checked(incident, check, drift, omitted=omitted)
    updated = replace(checked, worst=merge_worst(incident.worst, drift))
    if not worse:
        return updated
    severity = rate(worse).severity
    is_bad = severity >= Severity.SERIOUS or severity > max(severities(incident.worst).values(), default=0)
    updates = sum(event.kind is IncidentEventType.WORSENED and event.in_thread for event in incident.history)
    in_thread = is_bad or (incident.state is IncidentState.OPEN and updates < MAX_THREAD_UPDATES)
    reopens = is_bad and incident.state in SILENCED_STATES
    by = incident.snoozed_by or incident.acknowledged_by if reopens else None
    worsened = add_event(updated, IncidentEventType.WORSENED, check.at, by=by, drift=worse, in_thread=in_thread)
    return reopen(worsened, check.at) if reopens else worsened


def _resolve(incident: Incident | None, check: Check, resolution: Resolution) -> Incident | None:
    if incident is None or incident.state is IncidentState.SUSPECTED:
        return None
    resolved = replace(
        incident,
        state=IncidentState.RESOLVED,
        checked_at=check.at,
        resolved_at=check.at,
        check_error=None,
        ended=resolution.cause,
        ended_reason=resolution.reason,
    )
    return add_event(resolved, IncidentEventType.RESOLVED, check.at)

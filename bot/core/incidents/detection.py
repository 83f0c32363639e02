"""Opens, changes, and resolves incidents according to checks."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.drift.differences import (
    identities,
    merge_worst,
    new_or_escalated,
    persisting,
    severities,
    unseen,
    with_added,
)
from bot.core.drift.model import Check, ObjectDrift, Status
from bot.core.drift.severity import Severity, rate
from bot.core.incidents.incident import (
    ACTIVE_STATES,
    SILENCED_STATES,
    Incident,
    IncidentEventType,
    IncidentState,
    ResolutionCause,
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
    cause_if_git_moved: ResolutionCause = "git",
) -> Incident | None:
    """An application's unresolved incident after a check; None if there is none, or if the suspicion was unfounded.

    Drift opens an incident once `required_looks` consecutive checks have seen it. During rollouts (`rolling`) git and
    the cluster differ by design, so a difference counts only once it has lasted for longer than `longest_hold`. An
    incomplete check drops only the differences that it would have seen, and never resolves an incident.
    `cause_if_git_moved` is the cause to record if git changed since the incident (see `resolution_cause`).
    """
    if check.status is Status.SYNCED:
        return _resolve(incident, check, cause_if_git_moved)
    if not check.drift or check.revision is None:
        if incident is None or (incident.state is IncidentState.SUSPECTED and not unseen(incident.drift, check)):
            return None
        return replace(incident, check_error=check.error, checked_at=check.at)
    if rolling and incident is not None and incident.state in ACTIVE_STATES:
        return _hold(incident, check, longest_hold)
    is_other = incident is not None and (
        incident.state is IncidentState.SUSPECTED
        and (rolling or incident.revision != check.revision)
        and not persisting(incident.drift, check.drift)
    )
    is_held = incident is not None and check.at - incident.since <= longest_hold
    if incident is not None and is_other and is_held and unseen(incident.drift, check):
        return replace(incident, check_error=check.error, checked_at=check.at)
    if incident is None or is_other:
        return _new_incident(check, int(not rolling), channel=channel, repository=repository, opens_at=required_looks)
    if rolling and is_held:
        return incident
    seen = persisting(incident.drift, check.drift) if rolling else check.drift
    drift = with_added(unseen(incident.drift, check), seen)
    if incident.state in ACTIVE_STATES:
        return _update(incident, check, drift, _new_differences(incident, check.drift))
    persists = bool(identities(incident.drift) & identities(seen))
    looks = incident.looks + 1 if persists else 1
    opens = looks >= required_looks
    return replace(
        _checked(incident, check, drift),
        state=IncidentState.OPEN if opens else IncidentState.SUSPECTED,
        opened_at=check.at if opens else None,
        looks=looks,
        since=incident.since if persists else check.at,
        worst=merge_worst(incident.worst, drift) if persists and incident.looks else drift,
    )


def resolve_unwatched(incident: Incident, at: datetime) -> Incident | None:
    """Resolve the incident of an application that is no longer watched; None if it was only suspected."""
    if incident.state is IncidentState.SUSPECTED:
        return None
    if incident.state is IncidentState.RESOLVED:
        return incident
    resolved = replace(incident, state=IncidentState.RESOLVED, resolved_at=at, check_error=None, ended="unwatched")
    return add_event(resolved, IncidentEventType.RESOLVED, at)


def _new_incident(check: Check, looks: int, *, channel: str, repository: str, opens_at: int) -> Incident:
    opens = looks >= opens_at
    return Incident(
        id=f"{check.application}@{check.at.isoformat()}",
        application=check.application,
        cluster=check.cluster,
        channel=channel,
        state=IncidentState.OPEN if opens else IncidentState.SUSPECTED,
        since=check.at,
        checked_at=check.at,
        revision=check.revision or "",
        chart=check.chart,
        drift=check.drift,
        worst=check.drift,
        check_error=check.error,
        repository=repository,
        looks=looks,
        opened_at=check.at if opens else None,
    )


def _hold(incident: Incident, check: Check, longest_hold: timedelta) -> Incident:
    """An active incident after a check during a rollout: only what has been held for too long is added to it."""
    is_due = incident.held_since is not None and check.at - incident.held_since > longest_hold
    lasting = persisting(incident.held, check.drift)
    if lasting and is_due:
        return _update(incident, check, with_added(incident.drift, lasting), lasting)
    if lasting:
        return replace(incident, held=lasting)
    if not is_due and unseen(incident.held, check):
        return incident
    held = _new_differences(incident, check.drift)
    return replace(incident, held=held, held_since=check.at if held else None)


def _checked(incident: Incident, check: Check, drift: tuple[ObjectDrift, ...]) -> Incident:
    return replace(
        incident,
        checked_at=check.at,
        revision=check.revision or "",
        drift=drift,
        check_error=check.error,
        chart=check.chart,
        held=(),
        held_since=None,
    )


def _new_differences(incident: Incident, drift: tuple[ObjectDrift, ...]) -> tuple[ObjectDrift, ...]:
    """The differences that an active incident has not reported, or only as less severe ones."""
    reported = (item for event in incident.history for item in event.drift)
    return new_or_escalated(incident.worst, incident.drift, drift, reported)


def _update(
    incident: Incident, check: Check, drift: tuple[ObjectDrift, ...], worse: tuple[ObjectDrift, ...]
) -> Incident:
    """An active incident with its current drift and a report of what is `worse`, which reopens it if that is severe."""
    updated = replace(_checked(incident, check, drift), worst=merge_worst(incident.worst, drift))
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


def _resolve(incident: Incident | None, check: Check, cause_if_git_moved: ResolutionCause) -> Incident | None:
    if incident is None or incident.state is IncidentState.SUSPECTED:
        return None
    resolved = replace(
        incident,
        state=IncidentState.RESOLVED,
        checked_at=check.at,
        resolved_at=check.at,
        check_error=None,
        ended="cluster" if check.revision == incident.revision else cause_if_git_moved,
    )
    return add_event(resolved, IncidentEventType.RESOLVED, check.at)

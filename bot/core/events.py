"""The events that other programs can receive, derived from what is stored.

The same stored state always yields the same events with the same IDs, so deriving an event again does not create a new
one. Event data has names, paths and commits, but no object values.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from bot.core.approvals.alert import ApprovalAlert
from bot.core.incidents.incident import Incident, IncidentEventType, IncidentState
from bot.core.pull_requests.tracked_pull_request import TrackedPullRequest
from bot.core.rollouts.rollout import Rollout, RolloutState

# An older event is dropped, whether or not it has been tried.
MAX_AGE: Final = timedelta(hours=24)
MAX_WAIT: Final = timedelta(hours=1)
_MIN_WAIT: Final = timedelta(seconds=5)
_MAX_OBJECTS: Final = 20  # listed in an incident's data
_MAX_PATHS: Final = 10  # listed for each object


class EventType(StrEnum):
    """The `type` of a CloudEvent."""

    INCIDENT_OPENED = "gitops-bot.incident.opened"
    INCIDENT_ESCALATED = "gitops-bot.incident.escalated"
    INCIDENT_ACKNOWLEDGED = "gitops-bot.incident.acknowledged"
    INCIDENT_RESOLVED = "gitops-bot.incident.resolved"
    ROLLOUT_LIVE = "gitops-bot.rollout.live"
    ROLLOUT_LATE = "gitops-bot.rollout.late"
    ROLLOUT_DEGRADED = "gitops-bot.rollout.degraded"
    REVERT_OPENED = "gitops-bot.revert.opened"
    REVERT_MERGED = "gitops-bot.revert.merged"
    COMMITS_UNAPPROVED = "gitops-bot.commits.unapproved"
    PING = "gitops-bot.ping"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a `subject`, such as an application, at a `time`. `data` is JSON."""

    id: str
    type: EventType
    subject: str
    time: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class QueuedEvent:
    """An event to send at `retry_at`, which the receiver has rejected `attempts` times."""

    event: Event
    attempts: int = 0
    retry_at: datetime | None = None


def next_retry(attempts: int, retry_after: timedelta | None) -> timedelta:
    """How long to wait after this many failed attempts: twice as long each time, or as long as the receiver asks."""
    backoff = _MIN_WAIT * (1 << min(attempts - 1, 20))
    return min(max(backoff, retry_after or timedelta()), MAX_WAIT)


def ping(now: datetime) -> Event:
    """An event that only tests the receiver."""
    return Event(f"ping@{now.isoformat()}", EventType.PING, "gitops-bot", now, {})


_INCIDENT_EVENTS: Final = {
    IncidentEventType.ESCALATED: EventType.INCIDENT_ESCALATED,
    IncidentEventType.ACKNOWLEDGED: EventType.INCIDENT_ACKNOWLEDGED,
    IncidentEventType.RESOLVED: EventType.INCIDENT_RESOLVED,
}


def incident_events(incident: Incident) -> Iterator[Event]:
    """The events of an incident; none while it is only suspected."""
    if incident.state is IncidentState.SUSPECTED or incident.opened_at is None:
        return
    data = {
        "incident": incident.id,
        "application": incident.application,
        "cluster": incident.cluster,
        "severity": incident.rating.severity.name.lower(),
        "revision": incident.revision,
        "since": incident.since.isoformat(),
        "objects": _objects(incident),
        "objectCount": len(incident.drift),
    }
    yield Event(f"{incident.id}/opened", EventType.INCIDENT_OPENED, incident.application, incident.opened_at, data)
    for event in incident.history:
        if type_ := _INCIDENT_EVENTS.get(event.kind):
            by = {"by": {"id": event.by, "name": event.name}} if event.by else {}
            cause = {"cause": incident.ended} if event.kind is IncidentEventType.RESOLVED else {}
            yield Event(f"{incident.id}/{event.id}", type_, incident.application, event.at, {**data, **by, **cause})


def rollout_events(rollout: Rollout, now: datetime) -> Iterator[Event]:
    """The events of a merge: it is late, it is live everywhere, and each time it becomes degraded or live again."""
    data = {
        "repository": rollout.repository,
        "branch": rollout.branch,
        "revision": rollout.revision,
        "commitSubject": rollout.subject,
        "author": rollout.author,
        "mergedAt": rollout.merged_at.isoformat(),
        "mergedBy": rollout.merged_by,
        "url": rollout.pull_url or rollout.url,
        "pullRequest": rollout.pull_number,
        "applications": [
            {
                "name": part.application,
                "cluster": part.cluster,
                "liveAt": part.live_at and part.live_at.isoformat(),
                "degradedAt": part.degraded_at and part.degraded_at.isoformat(),
                "cause": part.pending.cause,
            }
            for part in rollout.parts
        ],
    }
    subject = f"{rollout.repository}@{rollout.revision}"
    if rollout.state is RolloutState.LATE:
        yield Event(f"{rollout.id}/late", EventType.ROLLOUT_LATE, subject, now, data)
    if rollout.went_live and rollout.ended_at:
        yield Event(f"{rollout.id}/live", EventType.ROLLOUT_LIVE, subject, rollout.ended_at, data)
    if rollout.state is RolloutState.DEGRADED:
        yield Event(f"{rollout.id}/degraded-{rollout.degradations}", EventType.ROLLOUT_DEGRADED, subject, now, data)
    if rollout.state in (RolloutState.LIVE, RolloutState.SUPERSEDED) and rollout.degradations:
        yield Event(f"{rollout.id}/live-{rollout.degradations}", EventType.ROLLOUT_LIVE, subject, now, data)


def pull_request_events(pull: TrackedPullRequest) -> Iterator[Event]:
    """The events of a revert pull request: it was opened, and it was merged."""
    if pull.purpose != "revert":
        return
    data = {
        "repository": pull.repository,
        "pullRequest": pull.number,
        "url": pull.url,
        "title": pull.title,
        "requestedBy": {"id": pull.by, "name": pull.requester},
        "applications": list(pull.applications),
    }
    subject = f"{pull.repository}#{pull.number}"
    yield Event(f"{pull.id}/opened", EventType.REVERT_OPENED, subject, pull.opened_at, data)
    if pull.state == "merged" and pull.ended_at:
        data = {**data, "mergedBy": pull.merged_by}
        yield Event(f"{pull.id}/merged", EventType.REVERT_MERGED, subject, pull.ended_at, data)


def approval_events(alert: ApprovalAlert) -> Iterator[Event]:
    """The event for commits that reached a tracked branch without approval."""
    newest = alert.newest
    data = {
        "repository": newest.repository,
        "branch": newest.branch,
        "reason": newest.verdict,
        "pullRequest": newest.pull.number if newest.pull else None,
        "commits": [
            {"sha": commit.sha, "subject": commit.subject, "author": commit.author, "url": commit.url}
            for commit in alert.commits
        ],
        "applications": list(alert.applications),
    }
    at = min(commit.flagged_at or commit.seen_at for commit in alert.commits)
    yield Event(f"{alert.id}/unapproved", EventType.COMMITS_UNAPPROVED, f"{newest.repository}@{newest.sha}", at, data)


def _objects(incident: Incident) -> list[Mapping[str, Any]]:
    return [
        {
            "apiVersion": object_.api_version,
            "kind": object_.kind,
            "namespace": object_.namespace,
            "name": object_.name,
            "change": object_.change,
            "paths": [field.path for field in object_.fields[:_MAX_PATHS]],
        }
        for object_ in incident.drift[:_MAX_OBJECTS]
    ]


def recent(events: Iterable[Event], now: datetime, enabled_at: datetime) -> list[Event]:
    """The events since events were enabled that are not too old to send, oldest first."""
    since = max(enabled_at.replace(microsecond=0), now - MAX_AGE)  # a forge gives whole seconds
    return sorted((event for event in events if event.time >= since), key=lambda event: event.time)

"""What the metrics need to know about one drift incident."""

from dataclasses import dataclass
from datetime import datetime

from bot.core.drift.model import ObjectDrift
from bot.core.incidents.incident import Incident, IncidentEventType, ResolutionCause

UNKNOWN_TOOL = ""


@dataclass(frozen=True, slots=True)
class IncidentRecord:
    """One drift incident; most fields are as in Incident.

    `acknowledged_at` is the first acknowledgment. `tools` are the tools that caused the drift, each once, sorted: from
    the cluster's audit log, or else field managers; UNKNOWN_TOOL if the API server recorded none.
    """

    id: str
    application: str
    cluster: str
    since: datetime
    announced_at: datetime | None = None
    acknowledged_at: datetime | None = None
    resolved_at: datetime | None = None
    ended: ResolutionCause | None = None
    tools: tuple[str, ...] = ()


def record_of(incident: Incident) -> IncidentRecord:
    """The record of an incident, which must be more than suspected."""
    acknowledged = (event.at for event in incident.history if event.kind is IncidentEventType.ACKNOWLEDGED)
    tools = {tool for drift in incident.worst or incident.drift for tool in _tools(drift)}
    return IncidentRecord(
        id=incident.id,
        application=incident.application,
        cluster=incident.cluster,
        since=incident.since,
        announced_at=incident.announced_at,
        acknowledged_at=next(acknowledged, None),
        resolved_at=incident.resolved_at,
        ended=incident.ended,
        tools=tuple(sorted(tools)),
    )


def _tools(drift: ObjectDrift) -> set[str]:
    if not drift.fields:
        return {drift.actor.tool if drift.actor else UNKNOWN_TOOL}
    return {(field.actor and field.actor.tool) or field.manager or UNKNOWN_TOOL for field in drift.fields}

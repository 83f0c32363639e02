"""Selects incidents: those that are active, or those on a card."""

from collections.abc import Iterable
from datetime import datetime

from bot.core.incidents.incident import ACTIVE_STATES, Incident, IncidentEventType


def active_incidents(incidents: Iterable[Incident], applications: Iterable[str] | None = None) -> list[Incident]:
    """The incidents in one of ACTIVE_STATES, for these applications or for all."""
    names = None if applications is None else frozenset(applications)
    return [
        incident
        for incident in incidents
        if incident.state in ACTIVE_STATES and (names is None or incident.application in names)
    ]


def newest_alert(incidents: Iterable[Incident]) -> datetime | None:
    """When the newest of these incidents opened or got worse; None if there are none."""
    return max(
        (
            at
            for incident in incidents
            for at in (
                incident.announced_at or incident.opened_at or incident.since,
                *(event.at for event in incident.history if event.kind is IncidentEventType.WORSENED),
            )
        ),
        default=None,
    )


def incidents_on_card(incidents: Iterable[Incident], card_id: str) -> list[Incident]:
    """The incidents that a button's value refers to: one by its own ID, or all that share a card."""
    return [incident for incident in incidents if card_id in (incident.id, incident.group)]

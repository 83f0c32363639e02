"""Selects incidents: those that are active, or those on a card."""

from collections.abc import Iterable

from bot.core.incidents.incident import ACTIVE_STATES, Incident


def active_incidents(incidents: Iterable[Incident], applications: Iterable[str] | None = None) -> list[Incident]:
    """The incidents in one of ACTIVE_STATES, for these applications or for all."""
    names = None if applications is None else frozenset(applications)
    return [
        incident
        for incident in incidents
        if incident.state in ACTIVE_STATES and (names is None or incident.application in names)
    ]


def incidents_on_card(incidents: Iterable[Incident], card_id: str) -> list[Incident]:
    """The incidents that a button's value refers to: one by its own ID, or all that share a card."""
    return [incident for incident in incidents if card_id in (incident.id, incident.group)]

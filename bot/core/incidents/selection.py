"""Selects incidents and applications: incidents that are active, or what a button refers to."""

import hashlib
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from bot.core.incidents.incident import ACTIVE_STATES, Incident, IncidentEventType

# Slack accepts 150 characters for an option of a menu, which also contains the action.
# https://docs.slack.dev/reference/block-kit/composition-objects/option-object
_MAX_REFERENCE: Final = 100


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


def card_reference(identifier: str) -> str:
    """The value that refers to an application or card on a card: its name or ID, or a hash if that is too long."""
    if len(identifier) <= _MAX_REFERENCE:
        return identifier
    return f"sha256:{hashlib.sha256(identifier.encode()).hexdigest()}"


def incidents_on_card(incidents: Iterable[Incident], card: str) -> list[Incident]:
    """The incidents that a card's ID, or the reference to it, refers to: one by its own ID, or all that share it."""
    return [
        incident
        for incident in incidents
        if any(card in (id_, card_reference(id_)) for id_ in (incident.id, incident.group) if id_)
    ]


def referenced_applications(value: str, applications: Collection[str], incidents: Iterable[Incident]) -> list[str]:
    """The applications that a name, a card's ID, or a reference refers to; `incidents` are the unsettled ones."""
    if named := [name for name in applications if value in (name, card_reference(name))]:
        return named
    on_card = dict.fromkeys(incident.application for incident in incidents_on_card(incidents, value))
    return [name for name in on_card if name in applications]

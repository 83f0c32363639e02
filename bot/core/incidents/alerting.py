"""Applies the configured alerting rules to incidents as time passes: announce, remind, escalate, end snoozes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.drift.severity import Severity
from bot.core.incidents.grouping import assign_cards
from bot.core.incidents.incident import (
    ACTIVE_STATES,
    Incident,
    IncidentState,
    escalate,
    expire_snooze,
    mark_announced,
    remind,
    without_future,
)
from bot.core.incidents.quiet_hours import QuietHours
from bot.core.incidents.selection import active_incidents


@dataclass(frozen=True, slots=True)
class Escalation:
    """Who to mention when an incident has been open and unacknowledged for `after`.

    `to` holds Slack user and user group IDs; `channel` is where to post, or None for the card's thread.
    """

    after: timedelta
    to: tuple[str, ...]
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class AlertPolicy:
    """How incidents are announced.

    When `group_size` incidents open together, they share a card. An unacknowledged incident is repeated every
    `remind_every`.
    """

    group_size: int = 5
    remind_every: timedelta | None = None
    escalation: Escalation | None = None
    quiet_hours: QuietHours | None = None

    def mutes(self, incident: Incident, now: datetime) -> bool:
        """Whether quiet hours suppress every notification about an incident now."""
        return self.quiet_hours is not None and self.quiet_hours.mutes(incident, now)


@dataclass(frozen=True, slots=True)
class Announcement:
    """How to announce an incident: on the shared `card` with this ID, or if that's None, on a card of its own.

    `is_worst` means that it is more severe than all active incidents that the shared card already shows.
    """

    card: str | None
    is_worst: bool = False


def announcements(incidents: Sequence[Incident], now: datetime, policy: AlertPolicy) -> dict[str, Announcement]:
    """The incidents to announce now, by ID."""
    announced = [incident for incident in incidents if incident.announced_at is not None]
    new = [
        incident
        for incident in incidents
        if incident.announced_at is None
        and incident.state in ACTIVE_STATES - {IncidentState.SNOOZED}
        and not policy.mutes(incident, now)
    ]
    cards = assign_cards(new, announced, now, policy.group_size)
    joined = set(cards.values())
    shown: dict[str | None, Severity] = {}
    for incident in active_incidents(announced):
        if incident.group is not None and incident.group in joined:
            shown[incident.group] = max(incident.rating.severity, shown.get(incident.group, Severity.MINOR))
    severities = {incident.id: incident.rating.severity for incident in new}
    return {
        id_: Announcement(card, is_worst=severities[id_] > shown.get(card, Severity.CRITICAL))
        for id_, card in cards.items()
    }


def apply_timers(incident: Incident, now: datetime, policy: AlertPolicy, announcement: Announcement | None) -> Incident:
    """Apply everything that is due: end the snooze, announce, remind, escalate.

    `announcement` is the incident's, as given by `announcements`. Quiet hours delay notifications, but a snooze still
    ends.
    """
    incident = expire_snooze(without_future(incident, now), now)
    if policy.mutes(incident, now):
        return incident
    if announcement is not None:
        incident = mark_announced(incident, now, announcement.card, worst=announcement.is_worst)
    if policy.remind_every is not None:
        incident = remind(incident, now, policy.remind_every)
    if policy.escalation is not None:
        incident = escalate(incident, now, policy.escalation.after)
    return incident

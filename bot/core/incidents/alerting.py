"""When what is known is told: what time alone does to incidents under the rules of the configuration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.incidents.grouping import assign_cards
from bot.core.incidents.incident import (
    ACTIVE_STATES,
    Incident,
    IncidentState,
    escalate,
    expire_snooze,
    mark_announced,
    remind,
)
from bot.core.incidents.quiet_hours import QuietHours


@dataclass(frozen=True, slots=True)
class Escalation:
    """Whom to call once nobody has taken an incident for so long: user ids and user group ids, and a channel of its own
    if the card's thread is not the place.
    """

    after: timedelta
    to: tuple[str, ...]
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class AlertPolicy:
    """How alerts are told. `group` at once share a card; what nobody took is said again every `remind`."""

    group_size: int = 5
    remind_every: timedelta | None = None
    escalation: Escalation | None = None
    quiet_hours: QuietHours | None = None

    def mutes(self, incident: Incident, now: datetime) -> bool:
        """Whether nothing of an incident may ring now."""
        return self.quiet_hours is not None and self.quiet_hours.mutes(incident, now)


def cards_to_announce(incidents: Sequence[Incident], now: datetime, policy: AlertPolicy) -> dict[str, str | None]:
    """Those that may be told from now on, by id, and the card that each shares; None for its own."""
    told = [each for each in incidents if each.announced_at is not None]
    fresh = [
        each
        for each in incidents
        if each.announced_at is None
        and each.state in ACTIVE_STATES - {IncidentState.SNOOZED}
        and not policy.mutes(each, now)
    ]
    return assign_cards(fresh, told, now, policy.group_size)


def apply_timers(incident: Incident, now: datetime, policy: AlertPolicy, cards: Mapping[str, str | None]) -> Incident:
    """What has become of an incident by now: awake, told, said again, escalated. `cards` are those of `cards_of_new`.

    In quiet hours a snooze ends all the same; what it has to say is held back with the rest.
    """
    incident = expire_snooze(incident, now)
    if policy.mutes(incident, now):
        return incident
    if incident.id in cards:
        incident = mark_announced(incident, now, cards[incident.id])
    if policy.remind_every is not None:
        incident = remind(incident, now, policy.remind_every)
    if policy.escalation is not None:
        incident = escalate(incident, now, policy.escalation.after)
    return incident

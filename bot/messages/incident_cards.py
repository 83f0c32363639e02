"""The cards of incidents, which a group may share, and the replies in their threads."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from bot.core.incidents.alerting import AlertPolicy
from bot.core.incidents.grouping import group_by_card
from bot.core.incidents.incident import Incident, IncidentEvent, IncidentEventType, IncidentState
from bot.i18n.language import Translator
from bot.messages import incident as incident_message
from bot.messages import incident_group as group_message
from bot.messages import incident_thread as thread
from bot.messages.blocks import Message
from bot.messages.card import Card
from bot.messages.kept_cards import KeptCards, fingerprint


def incident_cards(
    translator_for: Callable[[str], Translator],
    incidents: Sequence[Incident],
    now: datetime,
    policy: AlertPolicy,
    kept: KeptCards | None = None,
) -> list[Card]:
    """The cards of all announced incidents. A card always comes before its replies.

    During quiet hours, cards that must not notify people are held. `kept` are those of earlier calls with this policy.
    """
    kept = kept or KeptCards()
    announced = [incident for incident in incidents if incident.announced_at is not None]
    prints = {incident.id: fingerprint(incident) for incident in announced}
    # Worst first, since Slack limits the rate of messages.
    announced.sort(key=lambda incident: -incident.rating.severity)
    elsewhere = policy.escalation.channel if policy.escalation else None
    # Besides the incidents. What a reply says depends on the time only in whether it names the day: see `in_utc`.
    state = (
        policy.quiet_hours is not None and policy.quiet_hours.is_active(now),
        now.replace(minute=0, second=0, microsecond=0),
        translator_for(elsewhere) if elsewhere else None,
    )

    def of_group(key: str, group: Sequence[Incident]) -> list[Card]:
        depends_on = key, state, translator_for(group[0].channel), *(prints[incident.id] for incident in group)
        cards: list[Card] = kept.get(depends_on, lambda: list(_cards(translator_for, key, group, now, policy)))
        return cards

    return [card for key, group in group_by_card(announced).items() for card in of_group(key, group)]


def resolved_unannounced(incidents: Sequence[Incident]) -> list[str]:
    """The ids of incidents that have no card, since they were resolved before they were announced."""
    return [
        incident.id
        for incident in incidents
        if incident.announced_at is None and incident.state is IncidentState.RESOLVED
    ]


def _cards(
    translator_for: Callable[[str], Translator], key: str, group: Sequence[Incident], now: datetime, policy: AlertPolicy
) -> Iterator[Card]:
    channel = group[0].channel
    translator = translator_for(channel)
    ended = all(incident.state is IncidentState.RESOLVED for incident in group)
    held = all(policy.mutes(incident, now) for incident in group)
    settles = tuple(incident.id for incident in group)
    shared = group[0].group is not None
    # Not `now`: a card that changes with time alone would be updated, or posted again where it can't be updated.
    at = min((incident.announced_at for incident in group if incident.announced_at), default=now)
    message = group_message.card(translator, group, at) if shared else incident_message.card(translator, group[0], at)
    yield Card(key, key, channel, message, last=ended, settles=settles, held=held)
    for name, occurrences in _thread_events(group).items():
        affected = [incident for incident, _ in occurrences]
        event = occurrences[0][1]
        hushed = all(policy.mutes(incident, now) for incident in affected)
        escalation_channel = _escalation_channel(policy, event)
        reply_translator = translator_for(escalation_channel) if escalation_channel else translator
        yield Card(
            f"{key}/{name}",
            key,
            escalation_channel or channel,
            _reply(reply_translator, affected, event, policy, now, group, escalation_channel),
            thread_of=None if escalation_channel else key,
            last=ended,
            settles=settles,
            once=True,
            broadcast=event.kind is IncidentEventType.ESCALATED and escalation_channel is None,
            held=hushed,
            fallback_thread=key if escalation_channel else None,
        )


def _thread_events(group: Sequence[Incident]) -> dict[str, list[tuple[Incident, IncidentEvent]]]:
    """The events to post in the thread, by a name that is unique within the card.

    On a shared card, the same event of several incidents at the same time is one reply.
    """
    occurrences: dict[str, list[tuple[Incident, IncidentEvent]]] = {}
    for incident in group:
        for event in incident.history:
            if not event.in_thread or _is_obsolete(incident, event):
                continue
            name = event.id
            if incident.group is not None:
                qualifier = incident.id if event.kind is IncidentEventType.WORSENED else event.by or ""
                if event.kind is IncidentEventType.RESOLVED and incident.ended == "unwatched":
                    qualifier = "unwatched"
                name = f"{event.kind.value}-{event.at.isoformat()}-{qualifier}"
            occurrences.setdefault(name, []).append((incident, event))
    return dict(sorted(occurrences.items(), key=lambda item: item[1][0][1].at))


def _is_obsolete(incident: Incident, event: IncidentEvent) -> bool:
    """Whether the event is out of date, and need not be posted if it hasn't been."""
    if event.kind is IncidentEventType.JOINED:
        return incident.state is IncidentState.RESOLVED
    if event.kind is IncidentEventType.SNOOZE_ENDED:
        return incident.state not in (IncidentState.OPEN, IncidentState.ACKNOWLEDGED)
    if event.kind not in (IncidentEventType.REMINDED, IncidentEventType.ESCALATED):
        return False
    if incident.state is not IncidentState.OPEN or incident.opened_at is None or event.at < incident.opened_at:
        return True
    return any(later.kind is event.kind and later.at > event.at for later in incident.history)


def _escalation_channel(policy: AlertPolicy, event: IncidentEvent) -> str | None:
    escalation = policy.escalation if event.kind is IncidentEventType.ESCALATED else None
    return escalation.channel if escalation else None


def _reply(
    translator: Translator,
    affected: Sequence[Incident],
    event: IncidentEvent,
    policy: AlertPolicy,
    now: datetime,
    group: Sequence[Incident],
    escalation_channel: str | None,
) -> Message:
    match event.kind:
        case IncidentEventType.WORSENED:
            return thread.drift_grew(translator, affected[0], event, now)
        case IncidentEventType.JOINED:
            return thread.joined(translator, affected, now)
        case IncidentEventType.ACKNOWLEDGED | IncidentEventType.SNOOZED:
            return thread.silenced(translator, affected, event, now)
        case IncidentEventType.RELEASED:
            return thread.released(translator, affected, event)
        case IncidentEventType.SNOOZE_ENDED:
            return thread.snooze_ended(translator, affected)
        case IncidentEventType.REMINDED:
            return thread.reminded(translator, affected, now)
        case IncidentEventType.ESCALATED:
            to = policy.escalation.to if policy.escalation else ()
            return thread.escalated(translator, affected, now, to, affected[0].channel if escalation_channel else None)
        case IncidentEventType.RESOLVED if group[0].group is not None:
            return thread.some_resolved(translator, affected, group, event)
        case IncidentEventType.RESOLVED:
            return thread.resolved(translator, affected[0])

"""The cards of incidents, of one or of many that share one, and what is told in their threads."""

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


def incident_cards(
    translator_for: Callable[[str], Translator], incidents: Sequence[Incident], now: datetime, policy: AlertPolicy
) -> list[Card]:
    """Every card of the incidents that may be told, a parent always before its replies.

    In quiet hours what may not ring is held. What came and went before it might be told has no card at all.
    """
    told = sorted((each for each in incidents if each.announced_at is not None), key=_urgency)
    return [
        card for key, group in group_by_card(told).items() for card in _cards(translator_for, key, group, now, policy)
    ]


def _urgency(incident: Incident) -> int:
    """Under Slack's rate limit the worst is said first."""
    return -incident.rating.severity


def over_untold(incidents: Sequence[Incident]) -> list[str]:
    """The ids of those that have ended before they might be told."""
    return [each.id for each in incidents if each.announced_at is None and each.state is IncidentState.RESOLVED]


def _cards(
    translator_for: Callable[[str], Translator], key: str, group: Sequence[Incident], now: datetime, policy: AlertPolicy
) -> Iterator[Card]:
    channel = group[0].channel
    translator = translator_for(channel)
    ended = all(each.state is IncidentState.RESOLVED for each in group)
    held = all(policy.mutes(each, now) for each in group)
    settles = tuple(each.id for each in group)
    shared = group[0].group is not None
    message = group_message.card(translator, group) if shared else incident_message.card(translator, group[0])
    yield Card(key, key, channel, message, last=ended, settles=settles, held=held)
    for name, several in _happenings(group).items():
        concerned = [incident for incident, _ in several]
        event = several[0][1]
        quiet = all(policy.mutes(each, now) for each in concerned)
        elsewhere = _elsewhere(policy, event)
        spoken = translator_for(elsewhere) if elsewhere else translator
        yield Card(
            f"{key}/{name}",
            key,
            elsewhere or channel,
            _told(spoken, concerned, event, policy, group, elsewhere),
            thread_of=None if elsewhere else key,
            last=ended,
            settles=settles,
            once=True,
            broadcast=event.kind is IncidentEventType.ESCALATED and elsewhere is None,
            held=quiet,
        )


def _happenings(group: Sequence[Incident]) -> dict[str, list[tuple[Incident, IncidentEvent]]]:
    """What is told, by its name within the card: of a shared one, the same that happened to several at one instant is
    one.
    """
    found: dict[str, list[tuple[Incident, IncidentEvent]]] = {}
    for incident in group:
        for event in incident.history:
            if not event.told or _stale(incident, event):
                continue
            name = event.id
            if incident.group is not None:
                whose = incident.id if event.kind is IncidentEventType.WORSENED else event.by or ""
                if event.kind is IncidentEventType.RESOLVED and incident.ended == "unwatched":
                    whose = "unwatched"
                name = f"{event.kind.value}-{event.at.isoformat()}-{whose}"
            found.setdefault(name, []).append((incident, event))
    return dict(sorted(found.items(), key=lambda item: item[1][0][1].at))


def _stale(incident: Incident, event: IncidentEvent) -> bool:
    """Whether it is no longer so, and needs not be told any more if it has not been."""
    if event.kind is IncidentEventType.SNOOZE_ENDED:
        return incident.state not in (IncidentState.OPEN, IncidentState.ACKNOWLEDGED)
    if event.kind not in (IncidentEventType.REMINDED, IncidentEventType.ESCALATED):
        return False
    if incident.state is not IncidentState.OPEN or incident.opened_at is None or event.at < incident.opened_at:
        return True
    return any(later.kind is event.kind and later.at > event.at for later in incident.history)


def _elsewhere(policy: AlertPolicy, event: IncidentEvent) -> str | None:
    escalation = policy.escalation if event.kind is IncidentEventType.ESCALATED else None
    return escalation.channel if escalation else None


def _told(
    translator: Translator,
    concerned: Sequence[Incident],
    event: IncidentEvent,
    policy: AlertPolicy,
    group: Sequence[Incident],
    elsewhere: str | None,
) -> Message:
    match event.kind:
        case IncidentEventType.WORSENED:
            return thread.grown(translator, concerned[0], event)
        case IncidentEventType.ACKNOWLEDGED | IncidentEventType.SNOOZED:
            return thread.silenced(translator, concerned, event)
        case IncidentEventType.SNOOZE_ENDED:
            return thread.woken(translator, concerned)
        case IncidentEventType.REMINDED:
            return thread.reminded(translator, concerned)
        case IncidentEventType.ESCALATED:
            to = policy.escalation.to if policy.escalation else ()
            return thread.escalated(translator, concerned, to, concerned[0].channel if elsewhere else None)
        case IncidentEventType.RESOLVED if group[0].group is not None:
            return thread.some_resolved(translator, concerned, group, event)
        case IncidentEventType.RESOLVED:
            return thread.resolved(translator, concerned[0])

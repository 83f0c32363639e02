"""Which cards there should be, and what each should read: the desired state that Slack is reconciled with."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bot.core.incident import Event, Happening, Incident, IncidentState
from bot.core.message import incident as incident_message
from bot.core.message import revert_pull as revert_pull_message
from bot.core.message import rollout as rollout_message
from bot.core.message.blocks import Message
from bot.core.message.language import Say
from bot.core.revert_pull import RevertPull
from bot.core.rollout import ENDED, Rollout, RolloutState


@dataclass(frozen=True, slots=True)
class Card:
    """One message to keep current. `subject` is the incident's or rollout's id; `thread_of` the key of the card it
    answers in a thread; `last` marks what a subject has to say once it has ended.
    """

    key: str
    subject: str
    channel: str
    message: Message
    thread_of: str | None = None
    last: bool = False

    @property
    def digest(self) -> str:
        """Two messages that read the same have the same digest."""
        text = json.dumps([self.message.text, self.message.blocks], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def desired(
    say_for: Callable[[str], Say],
    incidents: Sequence[Incident],
    rollouts: Sequence[Rollout],
    pulls: Sequence[RevertPull],
) -> list[Card]:
    """Every card of what is going on, a parent always before its reply; `say_for` a channel speaks its language."""
    return [
        *(card for incident in incidents for card in _of_incident(say_for(incident.channel), incident)),
        *(card for pull in pulls for card in _of_pull(say_for, pull)),
        *(card for rollout in rollouts for card in _of_rollout(say_for, rollout)),
    ]


def _of_incident(say: Say, incident: Incident) -> list[Card]:
    if incident.state is IncidentState.SUSPECTED:
        return []
    ended = incident.state is IncidentState.RESOLVED
    card = Card(incident.id, incident.id, incident.channel, incident_message.card(say, incident), last=ended)
    told = [(event, _told(say, incident, event)) for event in incident.history]
    return [
        card,
        *(
            Card(f"{card.key}/{event.id}", card.subject, card.channel, message, thread_of=card.key, last=ended)
            for event, message in told
            if message is not None
        ),
    ]


def _told(say: Say, incident: Incident, event: Event) -> Message | None:
    match event.kind:
        case Happening.GREW if event.told:
            return incident_message.grown_reply(say, incident, event)
        case Happening.RESOLVED:
            return incident_message.resolved_reply(say, incident)
        case _:
            return None


def _of_rollout(say_for: Callable[[str], Say], rollout: Rollout) -> list[Card]:
    cards = []
    ended = rollout.state in ENDED
    for channel in sorted({part.channel for part in rollout.parts}):
        say = say_for(channel)
        card = Card(f"{rollout.id}#{channel}", rollout.id, channel, rollout_message.card(say, rollout), last=ended)
        cards.append(card)
        if rollout.state is RolloutState.LATE:
            late = _reply(card, rollout_message.late_reply(say, rollout))
            cards.append(replace(late, key=f"{card.key}/late", last=False))
        if ended:
            cards.append(_reply(card, rollout_message.ended_reply(say, rollout)))
    return cards


def _of_pull(say_for: Callable[[str], Say], pull: RevertPull) -> list[Card]:
    ended = pull.state != "open"
    return [
        Card(f"{pull.id}#{channel}", pull.id, channel, revert_pull_message.card(say_for(channel), pull), last=ended)
        for channel in pull.channels
    ]


def _reply(card: Card, message: Message) -> Card:
    return Card(f"{card.key}/ended", card.subject, card.channel, message, thread_of=card.key, last=True)

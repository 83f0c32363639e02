"""Which cards there should be, and what each should read: the desired state that Slack is reconciled with."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from bot.core.alerting import Policy
from bot.core.approval import Alert
from bot.core.card import Card
from bot.core.incident import Incident
from bot.core.incident_cards import incident_cards
from bot.core.message import approval as approval_message
from bot.core.message import queued as queued_message
from bot.core.message import revert_pull as revert_pull_message
from bot.core.message import rollout as rollout_message
from bot.core.message.blocks import Message
from bot.core.message.language import Say
from bot.core.queued import QueuedRevert, QueueState
from bot.core.revert_pull import RevertPull
from bot.core.rollout import ENDED, Rollout, RolloutState


def desired(
    say_for: Callable[[str], Say],
    incidents: Sequence[Incident],
    rollouts: Sequence[Rollout],
    pulls: Sequence[RevertPull],
    unapproved: Sequence[Alert],
    now: datetime,
    policy: Policy,
    queued: Sequence[QueuedRevert] = (),
) -> list[Card]:
    """Every card of what is going on, a parent always before its reply; `say_for` a channel speaks its language."""
    return [
        *incident_cards(say_for, incidents, now, policy),
        *(card for alert in unapproved for card in _of_alert(say_for, alert)),
        *(card for pull in pulls for card in _of_pull(say_for, pull)),
        *(card for each in queued for card in _of_queued(say_for(each.channel), each)),
        *(card for rollout in rollouts for card in _of_rollout(say_for, rollout)),
    ]


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


def _of_alert(say_for: Callable[[str], Say], alert: Alert) -> list[Card]:
    return [
        Card(
            approval_key(alert, channel),
            alert.id,
            channel,
            approval_message.card(say_for(channel), alert),
            last=bool(alert.seen_by),
        )
        for channel in alert.channels
    ]


def approval_key(alert: Alert, channel: str) -> str:
    """The key of an alert's card in one of its channels."""
    return f"{alert.id}#{channel}"


def _of_pull(say_for: Callable[[str], Say], pull: RevertPull) -> list[Card]:
    ended = pull.state != "open"
    return [
        Card(f"{pull.id}#{channel}", pull.id, channel, revert_pull_message.card(say_for(channel), pull), last=ended)
        for channel in pull.channels
    ]


def _of_queued(say: Say, known: QueuedRevert) -> list[Card]:
    ended = known.state is not QueueState.WAITING
    card = Card(f"{known.id}#card", known.id, known.channel, queued_message.card(say, known), last=ended)
    return [card, *([_reply(card, queued_message.reply(say, known))] if ended else [])]


def _reply(card: Card, message: Message) -> Card:
    return Card(f"{card.key}/ended", card.subject, card.channel, message, thread_of=card.key, last=True)

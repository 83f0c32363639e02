"""The desired state of Slack: the cards that should exist, and their content."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from bot.core.approvals.alert import ApprovalAlert
from bot.core.incidents.alerting import AlertPolicy
from bot.core.incidents.incident import Incident
from bot.core.pull_requests.queued import QueuedRevert, QueueState
from bot.core.pull_requests.tracked_pull_request import TrackedPullRequest
from bot.core.rollouts.rollout import Rollout, RolloutState
from bot.i18n.language import Translator
from bot.messages import approval as approval_message
from bot.messages import pull_request_card
from bot.messages import queued_revert as queued_revert_message
from bot.messages import rollout as rollout_message
from bot.messages.blocks import Message
from bot.messages.card import Card
from bot.messages.incident_cards import incident_cards
from bot.messages.kept_cards import KeptCards


def desired_cards(
    translator_for: Callable[[str], Translator],
    now: datetime,
    policy: AlertPolicy,
    *,
    incidents: Sequence[Incident] = (),
    unapproved: Sequence[ApprovalAlert] = (),
    pulls: Sequence[TrackedPullRequest] = (),
    queued: Sequence[QueuedRevert] = (),
    rollouts: Sequence[Rollout] = (),
    kept: KeptCards | None = None,
) -> list[Card]:
    """The cards of everything that is open or has just ended. A card always comes before its replies.

    `kept` are those of incidents, from earlier calls with this policy.
    """
    return [
        *incident_cards(translator_for, incidents, now, policy, kept),
        *(card for alert in unapproved for card in _approval_cards(translator_for, alert)),
        *(card for pull in pulls for card in _pull_request_cards(translator_for, pull)),
        *(card for revert in queued for card in _queued_revert_cards(translator_for(revert.channel), revert)),
        *(card for rollout in rollouts for card in _rollout_cards(translator_for, rollout)),
    ]


# The states that people are notified of, with a name for the reply's key. Each degradation and each recovery is a new
# reply, since editing a reply does not notify anyone.
_REPLIES = {
    RolloutState.LATE: ("late", rollout_message.problem_reply),
    RolloutState.LIVE: ("ended", rollout_message.ended_reply),
    RolloutState.DEGRADED: ("degraded", rollout_message.problem_reply),
    RolloutState.SUPERSEDED: ("superseded", rollout_message.ended_reply),
    RolloutState.REVERTED: ("reverted", rollout_message.ended_reply),
}


def _rollout_cards(translator_for: Callable[[str], Translator], rollout: Rollout) -> list[Card]:
    cards = []
    for channel in sorted({part.channel for part in rollout.parts}):
        translator = translator_for(channel)
        card = Card(
            f"{rollout.id}#{channel}",
            rollout.id,
            channel,
            rollout_message.card(translator, rollout),
            last=rollout.is_over,
        )
        cards.append(card)
        if rollout.state in _REPLIES:
            name, reply = _REPLIES[rollout.state]
            key = f"{card.key}/{name}" + (f"-{rollout.degradations}" if rollout.degradations else "")
            cards.append(replace(_reply(card, reply(translator, rollout)), key=key, last=rollout.is_over))
    return cards


def _approval_cards(translator_for: Callable[[str], Translator], alert: ApprovalAlert) -> list[Card]:
    return [
        Card(
            approval_key(alert, channel),
            alert.id,
            channel,
            approval_message.card(translator_for(channel), alert),
            last=bool(alert.approved_later_by),
        )
        for channel in alert.channels
    ]


def approval_key(alert: ApprovalAlert, channel: str) -> str:
    """The key of an alert's card in one of its channels."""
    return f"{alert.id}#{channel}"


def _pull_request_cards(translator_for: Callable[[str], Translator], pull: TrackedPullRequest) -> list[Card]:
    ended = pull.state != "open"
    return [
        Card(
            f"{pull.id}#{channel}",
            pull.id,
            channel,
            pull_request_card.card(translator_for(channel), pull),
            last=ended,
        )
        for channel in pull.channels
    ]


def _queued_revert_cards(translator: Translator, revert: QueuedRevert) -> list[Card]:
    ended = revert.state is not QueueState.WAITING
    card = Card(
        f"{revert.id}#card", revert.id, revert.channel, queued_revert_message.card(translator, revert), last=ended
    )
    return [card, *([_reply(card, queued_revert_message.reply(translator, revert))] if ended else [])]


def _reply(card: Card, message: Message) -> Card:
    return Card(f"{card.key}/ended", card.subject, card.channel, message, thread_of=card.key, last=True)

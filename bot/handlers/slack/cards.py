"""Reconciles Slack with the stored state: what a card should read, against what Slack was last given."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from bot.core.approvals.approval import collect_alerts
from bot.core.incidents.alerting import AlertPolicy
from bot.core.incidents.incident import Incident
from bot.core.waiting import is_waiting
from bot.i18n.catalogue import chat as texts
from bot.i18n.language import LocalizedText, Text, Translator
from bot.messages.card import Card
from bot.messages.cards import desired_cards
from bot.messages.incident_cards import resolved_unannounced
from bot.ports.chat import Chat, ChatError
from bot.ports.isolation import skip_unexpected, without_failing
from bot.ports.store import Posted, Store

_log = logging.getLogger(__name__)

# The message cannot be changed any more: post it anew. https://docs.slack.dev/reference/methods/chat.update#errors
# `is_inactive` is none of these: the channel is archived, and the message is there again when it is brought back.
_GONE = frozenset({"message_not_found", "edit_window_closed", "cant_update_message"})
# After these it is not known whether a message was posted.
_IN_DOUBT = frozenset({"ratelimited", "unreachable", "internal_error", "fatal_error", "service_unavailable"})
# Slack is down, or nothing can be said in a channel until somebody does something about it: ask less and less often.
_FIRST_WAIT = timedelta(seconds=5)
_LONGEST_WAIT = timedelta(minutes=5)
_LONGEST_RETRY = timedelta(hours=1)  # that Slack can ask for


class _Shown(Protocol):
    """What has a card."""

    @property
    def id(self) -> str: ...


def _card_name(subject: _Shown) -> str:
    return f"card of {subject.id}"


class CardReconciler:
    """Keeps the cards current. Call `reconcile` whenever state may have changed, and now and then besides.

    One reconciliation at a time. A channel that Slack asks to wait for, or that is closed, is left alone until then,
    and says so in `troubles`; nothing is lost, since what is to be said is derived from the stored state each time.
    `translator_for` is what speaks the language of a channel, `policy` how alerts are told.
    """

    def __init__(
        self,
        store: Store,
        chat: Chat,
        clock: Callable[[], datetime],
        translator_for: Callable[[str], Translator],
        policy: AlertPolicy,
    ) -> None:
        self._store = store
        self._chat = chat
        self._clock = clock
        self._translator_for = translator_for
        self._policy = policy
        self._lock = threading.Lock()
        self._wait_until: dict[str, datetime] = {}
        self._failures: dict[str, int] = {}
        self._why: dict[str, Text] = {}

    def problems(self) -> list[Text]:
        """A sentence for each channel that cannot be written to at the moment."""
        return [LocalizedText(texts.IN_CHANNEL, channel=channel, why=why) for channel, why in sorted(self._why.items())]

    def reconcile(self) -> None:
        """Post and update what differs; settle what has ended and been told. Only the replica that leads writes."""
        if not self._store.leadership.acquire():
            return
        with self._lock:
            current: dict[str, bool] = {}
            finished: dict[tuple[str, ...], bool] = {}
            store = self._store
            incidents = store.incidents.unsettled()
            cards = self._desired(incidents)
            posted = store.cards.get_all([card.key for card in cards])  # one by one takes seconds for 10,000
            # A reply to a message that is gone would land in the channel's root: its parent comes first, and is
            # given to Slack again just before, since somebody may have deleted it meanwhile.
            answered = set()
            for card in cards:
                with skip_unexpected(f"card {card.key}"):
                    if card.thread_of and _is_due(card, posted.get(card.key)):
                        answered.add(card.thread_of)
            for card in cards:
                parent_stands = current.get(card.thread_of or card.key, True)
                current[card.key] = False
                with skip_unexpected(f"card {card.key}"):
                    current[card.key] = parent_stands and self._bring(
                        card, posted.get(card.key), again=card.key in answered
                    )
                ends = card.settles or (card.subject,)
                finished[ends] = finished.get(ends, True) and current[card.key] and card.last
            for id_ in resolved_unannounced(incidents):
                store.settle(id_)
            for ids, done in finished.items():
                for id_ in ids if done else ():
                    store.settle(id_)

    def _desired(self, incidents: Sequence[Incident]) -> list[Card]:
        """Every card there should be; what cannot be shown for an unexpected reason has none. StoreError."""
        store = self._store
        desired = partial(desired_cards, self._translator_for, self._clock(), self._policy)
        # Alerts of one push are told together, so what cannot be shown is left out before they are collected.
        unapproved = without_failing(store.approvals.unsettled(), collect_alerts, lambda record: f"alert {record.id}")
        return [
            *without_failing(incidents, lambda some: desired(incidents=some), _card_name),
            *without_failing(unapproved, lambda some: desired(unapproved=some), _card_name),
            *without_failing(store.pull_requests.unsettled(), lambda some: desired(pulls=some), _card_name),
            *without_failing(store.queued_reverts.unsettled(), lambda some: desired(queued=some), _card_name),
            *without_failing(store.rollouts.unsettled(), lambda some: desired(rollouts=some), _card_name),
        ]

    def _bring(self, card: Card, posted: Posted | None, *, again: bool) -> bool:
        """Whether Slack now shows the card as it should read; with `again` it is given that once more."""
        if not _is_due(card, posted):
            stands = bool(posted and posted.ts)
            if not (again and stands):
                return stands
        wait_until = self._wait_until.get(card.channel)
        if wait_until and is_waiting(wait_until, self._clock(), _LONGEST_RETRY):
            return False
        try:
            ts = self._deliver(card)
        except ChatError as error:
            self._wait(card, error)
            return False
        self._failures.pop(card.channel, None)
        self._why.pop(card.channel, None)
        if ts is None:
            return False
        self._store.cards.save(card.key, Posted(card.channel, ts, card.digest, self._clock()))
        return True

    def _deliver(self, card: Card) -> str | None:
        """Update it where it stands, else post it; the ts, None when it is gone and held. ChatError."""
        parent = self._store.cards.get(card.thread_of) if card.thread_of else None
        thread = parent.ts if parent else None
        ts = self._message_ts(card, thread)
        if ts:
            try:
                self._chat.update(card.channel, ts, card.message)
            except ChatError as error:
                if error.code not in _GONE:
                    raise
                _log.info("card %s was deleted in Slack (%s); posting it again", card.key, error.code)
                self._store.cards.delete(card.key)
            else:
                return ts
        return None if card.held else self._post(card, thread)

    def _message_ts(self, card: Card, thread: str | None) -> str | None:
        """The ts of its message, looked for where it is not known whether there is one."""
        posted = self._store.cards.get(card.key)
        if posted is None or posted.ts:
            return posted.ts if posted else None
        ts = self._chat.find(card.channel, card.key, since=posted.at, thread=thread)
        if ts:  # known from here on, whatever becomes of the update
            self._store.cards.save(card.key, replace(posted, ts=ts))
        return ts

    def _post(self, card: Card, thread: str | None) -> str:
        """Post it; the ts. Slack can answer 429, or not at all, and have posted all the same; we can die meanwhile."""
        if self._store.cards.get(card.key) is None:
            self._store.cards.save(card.key, Posted(card.channel, "", "", self._clock()))
        broadcast = card.broadcast and thread is not None
        try:
            return self._chat.post(card.channel, card.message, key=card.key, thread=thread, broadcast=broadcast)
        except ChatError as error:
            if error.code not in _IN_DOUBT:
                self._store.cards.delete(card.key)  # refused, so certainly not posted
            raise

    def _wait(self, card: Card, error: ChatError) -> None:
        """Leave the channel alone for as long as Slack asks, or longer each time."""
        if error.retry_after is not None:
            wait = timedelta(seconds=error.retry_after)
        else:
            failures = self._failures[card.channel] = self._failures.get(card.channel, 0) + 1
            wait = min(_FIRST_WAIT * 2 ** min(failures - 1, 10), _LONGEST_WAIT)
        self._wait_until[card.channel] = self._clock() + wait
        if error.code != "ratelimited":
            self._why[card.channel] = error.text
        _log.warning("cannot deliver card %s: %s", card.key, error)


def _is_due(card: Card, posted: Posted | None) -> bool:
    """Whether Slack has to be given this card now; `posted` is what it was last given."""
    if posted and (posted.digest == card.digest or (card.once and posted.ts)):
        return False
    return not card.held or bool(posted and posted.ts)

"""Reconciles Slack with the stored state: compares each desired card with the last posted one."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from bot.core.approvals.alert import ApprovalAlert, collect_alerts
from bot.core.incidents.alerting import AlertPolicy
from bot.core.incidents.incident import Incident
from bot.core.leases import LEADER
from bot.core.pull_requests.queued import QueuedRevert
from bot.core.pull_requests.tracked_pull_request import TrackedPullRequest
from bot.core.rollouts.rollout import Rollout
from bot.core.waiting import is_waiting
from bot.handlers.slack.delivery_errors import MAYBE_POSTED, OF_CHANNEL, UNAVAILABLE, UNREACHABLE
from bot.handlers.slack.moves import NOT_EDITABLE, Moves
from bot.i18n.catalogue import chat as texts
from bot.i18n.catalogue import error as error_texts
from bot.i18n.language import LocalizedText, Text, Translator
from bot.messages.blocks import MAX_TEXT, Message
from bot.messages.card import Card
from bot.messages.desired_cards import desired_cards
from bot.messages.incident_cards import resolved_unannounced
from bot.messages.kept_cards import KeptCards
from bot.ports.chat import INVALID_MESSAGE, Chat, ChatError
from bot.ports.isolation import skip_unexpected, without_failing
from bot.ports.leases import LeaseLostError
from bot.ports.store import Posted, Store

_log = logging.getLogger(__name__)

# If Slack is down, or the channel rejects messages until someone fixes it, try less and less often.
_MIN_WAIT = timedelta(seconds=5)
_MAX_WAIT = timedelta(minutes=5)
_MAX_REJECTED = 1_000
CUT_OFF_AFTER = timedelta(seconds=30)
_CUT_OFF_FOR = timedelta(minutes=1)  # since the last failure
_MAX_RETRY_AFTER = timedelta(hours=1)  # a later time means that the clock was set back

_Subject = ApprovalAlert | Incident | QueuedRevert | Rollout | TrackedPullRequest  # what has a card


@dataclass(frozen=True, slots=True)
class _Unsettled:
    """What still has something to report, as it was read."""

    incidents: Sequence[Incident]
    alerts: Sequence[ApprovalAlert]
    pulls: Sequence[TrackedPullRequest]
    queued: Sequence[QueuedRevert]
    rollouts: Sequence[Rollout]

    def all(self) -> list[_Subject]:
        return [*self.incidents, *self.alerts, *self.pulls, *self.queued, *self.rollouts]


def _card_name(subject: _Subject) -> str:
    return f"card of {subject.id}"


@dataclass(frozen=True, slots=True)
class _Failure:
    """The last failure of a channel, or of one card in it; `count` is how many in a row. `why` is shown to people.

    With `is_unavailable`, the channel accepts no new messages.
    """

    channel: str
    count: int
    wait_until: datetime
    why: Text | None
    is_unavailable: bool = False


class CardReconciler:
    """Keeps the cards in Slack up to date. Call `reconcile` when the stored state may have changed, and periodically.

    A channel that is rate limited or rejects messages is skipped for a while and listed in `problems`. A card whose
    blocks Slack rejects is posted as text; if Slack rejects only this card, only this card is skipped for a while.
    Cards of a channel that does not exist or that the bot is not in are posted to `default_channel`, with one note;
    those of `configured_channels` wait instead. A thread moves as a whole. No message is lost, since cards are
    derived from the stored state each time. `translator_for` returns the translator of a channel, and `digests` the
    digests to post. Thread-safe.
    """

    def __init__(
        self,
        store: Store,
        chat: Chat,
        clock: Callable[[], datetime],
        translator_for: Callable[[str], Translator],
        policy: AlertPolicy,
        digests: Callable[[], Sequence[Card]] = tuple,
        *,
        default_channel: str = "",
        configured_channels: Collection[str] = (),
    ) -> None:
        self._store = store
        self._chat = chat
        self._clock = clock
        self._translator_for = translator_for
        self._policy = policy
        self._digests = digests
        self._default_channel = default_channel
        self._kept_channels = frozenset(configured_channels) | {default_channel}
        self._moves = Moves(store, chat, clock, translator_for)
        self._lock = threading.Lock()
        self._kept = KeptCards()
        self._failures: dict[str, _Failure] = {}  # by channel, or by the key of a card
        self._unreachable: tuple[datetime, datetime] | None = None  # the first and the last failure in a row
        self._timed_out_at: datetime | None = None  # the last failure that took long
        # The key, channel and ts of the messages whose row the store rejected.
        self._rejected: deque[tuple[str, str, str]] = deque(maxlen=_MAX_REJECTED)

    def problems(self, channel: str | None = None) -> list[Text]:
        """A sentence for each channel in which cards are missing, or only for one channel."""
        errors = {failure.channel: failure.why for failure in tuple(self._failures.values()) if failure.why}
        return [
            LocalizedText(texts.IN_CHANNEL, channel=name, why=why)
            for name, why in sorted(errors.items())
            if channel in (None, name)
        ]

    def is_cut_off(self) -> bool:
        """Whether every attempt to reach Slack has failed for a while, up to now."""
        first, last = self._unreachable or (self._clock(), self._clock())
        return last - first >= CUT_OFF_AFTER and is_waiting(last + _CUT_OFF_FOR, self._clock(), _CUT_OFF_FOR)

    def reconcile(self) -> None:
        """Post and update the cards that differ, and settle what is over and reported. Only on the leader.

        Returns at once if another thread does: Slack may take minutes, and the next call reports what has changed.
        Raises LeaseLostError as soon as another replica leads.
        """
        if not self._lock.acquire(blocking=False):
            return
        try:
            self._reconcile()
        finally:
            self._lock.release()

    def _reconcile(self) -> None:
        current: dict[str, bool] = {}
        finished: dict[tuple[str, ...], bool] = {}
        store = self._store
        unsettled = self._unsettled()
        cards = list(self._with_fallbacks(self._desired_cards(unsettled)))
        posted = store.cards.get_all([card.key for card in cards])  # one by one takes seconds for 10,000
        self._forget_failures_except_of(cards)
        # A reply to a deleted message would appear in the channel itself, so the parent of a new reply is updated
        # first. If it was deleted, this posts it again.
        parents = set()
        for card in cards:
            with skip_unexpected(f"card {card.key}"):
                if card.thread_of and _is_due(card, posted.get(card.key)) and not self._is_waiting(card.key):
                    parents.add(card.thread_of)
        by_key = {card.key: card for card in cards}
        for card in cards:
            parent_is_current = current.get(card.thread_of or card.key, True)
            current[card.key] = False
            with skip_unexpected(f"card {card.key}"):
                current[card.key] = parent_is_current and self._ensure(
                    card, posted.get(card.key), by_key.get(card.thread_of or ""), again=card.key in parents
                )
            ends = card.settles or (card.subject,)
            finished[ends] = finished.get(ends, True) and current[card.key] and card.last
        reported = set(resolved_unannounced(unsettled.incidents))
        reported.update(id_ for ids, done in finished.items() if done for id_ in ids)
        # Posting may have taken minutes. What has changed in the meantime is reported next time. Together, so that
        # after a crash, a shared card doesn't lose some of its incidents.
        if ended := [subject for subject in unsettled.all() if subject.id in reported]:
            with store.transaction():
                for subject in ended:
                    store.settle(subject)
        if self._unreachable is None:
            with skip_unexpected("messages that cards have left behind"):
                self._moves.redirect()

    def repair_rejected(self) -> None:
        """Undo what was sent to Slack while another replica took over. Call it outside of `Leases.work`.

        A message that the new leader has posted too is deleted. One that it has adopted or updated, it updates again.
        """
        for _ in range(len(self._rejected)):
            key, channel, ts = self._rejected.popleft()
            posted = self._store.cards.get(key)
            if posted is None or not posted.ts:  # the new leader is about to look for it
                self._rejected.append((key, channel, ts))
            elif posted.ts == ts:
                self._store.cards.outdate(key, ts)
            else:
                with suppress(ChatError):
                    self._chat.delete(channel, ts)

    def _unsettled(self) -> _Unsettled:
        store = self._store
        # The alerts of one push share a card, so records that fail are left out before alerts are collected.
        alerts = without_failing(store.approvals.unsettled(), collect_alerts, lambda record: f"alert {record.id}")
        pulls, queued = store.pull_requests.unsettled(), store.queued_reverts.unsettled()
        return _Unsettled(store.incidents.unsettled(), alerts, pulls, queued, store.rollouts.unsettled())

    def _desired_cards(self, unsettled: _Unsettled) -> list[Card]:
        """Every card that should exist, except of subjects that fail unexpectedly. Raises StoreError."""
        self._kept.begin_pass()
        desired = partial(desired_cards, self._translator_for, self._clock(), self._policy, kept=self._kept)
        digests: Sequence[Card] = ()
        with skip_unexpected("the weekly digest"):
            digests = self._digests()
        return [
            *without_failing(unsettled.incidents, lambda some: desired(incidents=some), _card_name),
            *without_failing(unsettled.alerts, lambda some: desired(unapproved=some), _card_name),
            *without_failing(unsettled.pulls, lambda some: desired(pulls=some), _card_name),
            *without_failing(unsettled.queued, lambda some: desired(queued=some), _card_name),
            *without_failing(unsettled.rollouts, lambda some: desired(rollouts=some), _card_name),
            *digests,
        ]

    def _with_fallbacks(self, cards: Sequence[Card]) -> Iterator[Card]:
        """The cards, each followed by its copy in `fallback_thread` if its channel is unavailable."""
        by_key = {card.key: card for card in cards}
        for card in cards:
            yield card
            root, failure = by_key.get(card.fallback_thread or ""), self._failures.get(card.channel)
            if root and failure and failure.is_unavailable:
                yield card.copy_for_thread(root, self._unavailability(card.channel, root.channel))

    def _unavailability(self, channel: str, used_channel: str) -> str:
        """Why messages for an unavailable channel are in the other one, in that one's language."""
        why = self._failures[channel].why or ""
        return self._translator_for(used_channel).text(texts.UNAVAILABLE, channel=channel, why=why)

    def _ensure(self, card: Card, posted: Posted | None, parent: Card | None = None, *, again: bool = False) -> bool:
        """Post or update the card if it is due, or if `again` and posted; whether Slack shows it. Raises StoreError.

        If a reply can't be posted, its `parent` moves to the default channel first.
        """
        if not _is_due(card, posted):
            is_posted = bool(posted and posted.ts)
            if not (again and is_posted):
                return is_posted
        card = self._placed(card, posted)
        if self._has_timed_out() or self._is_waiting(card.channel) or self._is_waiting(card.key):
            return False
        if self._store.leases.get(LEADER) is None:
            raise LeaseLostError(LEADER)
        before, began = self._store.cards.get(card.key), self._clock()
        try:
            ts = self._deliver(card)
        except ChatError as error:
            self._wait(card, error, began)
            if parent is None:
                return self._placed(card, before).channel != card.channel and self._ensure(card, None)
            return self._has_moved(card.channel) and self._ensure(parent, None) and self._ensure(card, None)
        self._unreachable = None
        is_update = before is not None and before.ts == ts
        if not (is_update and self._has_moved(card.channel)):  # Slack may accept updates, but no new messages
            self._failures.pop(card.channel, None)
        self._failures.pop(card.key, None)
        if ts is None:
            return False
        try:
            self._store.cards.save(card.key, Posted(card.channel, ts, card.digest, self._clock()))
        except LeaseLostError:
            self._rejected.append((card.key, card.channel, ts))
            raise
        return True

    def _placed(self, card: Card, posted: Posted | None) -> Card:
        """A reply in the channel of its thread; a card in the default channel if it is there or has to move there.

        It stays there. Raises StoreError.
        """
        root = self._store.cards.get(card.thread_of) if card.thread_of else posted
        if root is not None and (card.thread_of or root.channel == self._default_channel):
            return replace(card, channel=root.channel)
        if card.held or not (self._has_moved(card.channel) and self._is_waiting(card.channel)):
            return card
        key = f"unavailable#{card.channel}"
        note = Message(self._unavailability(card.channel, self._default_channel))
        self._ensure(Card(key, key, self._default_channel, note, once=True), self._store.cards.get(key))
        return replace(card, channel=self._default_channel)

    def _deliver(self, card: Card) -> str | None:
        """Update or post the card's message. Returns its ts; None if the card is held back. Raises ChatError."""
        try:
            return self._update_or_post(card)
        except ChatError as error:
            if error.code not in INVALID_MESSAGE or not card.message.blocks:
                raise
            _log.warning("Slack rejected the blocks of card %s (reference %s): %s", card.key, _reference(card), error)
            return self._update_or_post(replace(card, message=self._text_only(card)))

    def _text_only(self, card: Card) -> Message:
        """The card's text, with a reference to the log entry about its blocks."""
        note = self._translator_for(card.channel).text(error_texts.UNEXPECTED, reference=_reference(card))
        return Message(f"{card.message.text[: MAX_TEXT - len(note) - 1]} {note}")

    def _update_or_post(self, card: Card) -> str | None:
        self._moves.leave(card)
        parent = self._store.cards.get(card.thread_of) if card.thread_of else None
        thread = parent.ts if parent else None
        ts = self._message_ts(card, thread)
        if ts:
            try:
                self._chat.update(card.channel, ts, card.message)
            except ChatError as error:
                if error.code not in NOT_EDITABLE:
                    raise
                _log.info("card %s was deleted in Slack (%s); posting it again", card.key, error.code)
                self._store.cards.delete(card.key)
            else:
                return ts
        return None if card.held else self._post(card, thread)

    def _message_ts(self, card: Card, thread: str | None) -> str | None:
        """The ts of the card's message, from Slack if an earlier post may have succeeded. Raises ChatError."""
        posted = self._store.cards.get(card.key)
        if posted is None or posted.ts:
            return posted.ts if posted else None
        ts = self._chat.find(card.channel, card.key, since=posted.at, thread=thread)
        if ts:  # stored before the update, which may fail
            self._store.cards.save(card.key, replace(posted, ts=ts))
        return ts

    def _post(self, card: Card, thread: str | None) -> str:
        """Post the card, and return its ts. Raises ChatError.

        It is first stored without a ts, since the message may be posted even if Slack returns an error or the bot
        stops.
        """
        if self._store.cards.get(card.key) is None:
            self._store.cards.save(card.key, Posted(card.channel, "", "", self._clock()))
        broadcast = card.broadcast and thread is not None
        try:
            return self._chat.post(card.channel, card.message, key=card.key, thread=thread, broadcast=broadcast)
        except ChatError as error:
            if error.code not in MAYBE_POSTED:
                self._store.cards.delete(card.key)  # rejected, so not posted
            raise

    def _has_moved(self, channel: str) -> bool:
        """Whether the channel's new cards go to the default channel."""
        failure = self._failures.get(channel)
        moves = bool(self._default_channel) and channel not in self._kept_channels
        return moves and failure is not None and failure.is_unavailable

    def _has_timed_out(self) -> bool:
        """Whether Slack did not answer in time just now: no channel is tried, or each would take as long.

        Soon others than the failed one are tried, since that waits longer and longer: only it may be affected.
        """
        at = self._timed_out_at
        return at is not None and is_waiting(at + _MIN_WAIT, self._clock(), _MIN_WAIT)

    def _is_waiting(self, scope: str) -> bool:
        failure = self._failures.get(scope)
        return failure is not None and is_waiting(failure.wait_until, self._clock(), _MAX_RETRY_AFTER)

    def _wait(self, card: Card, error: ChatError, began: datetime) -> None:
        """Skip the channel, or only this card, for as long as Slack asks, or longer after each failure."""
        now = self._clock()
        if error.code == UNREACHABLE:
            first, latest = self._unreachable or (now, now)
            in_a_row = is_waiting(latest + 2 * _MAX_WAIT, now, 2 * _MAX_WAIT)  # or another replica has led since
            self._unreachable = first if in_a_row else now, now
            self._timed_out_at = now if now - began >= _MIN_WAIT else None
        else:
            self._unreachable = None
        scope = card.channel if error.code in OF_CHANNEL else card.key
        last = self._failures.get(scope)
        count, why = (last.count, last.why) if last else (0, None)
        if error.retry_after is not None:
            wait = timedelta(seconds=error.retry_after)
        else:
            count += 1
            wait = min(_MIN_WAIT * 2 ** min(count - 1, 10), _MAX_WAIT)
        if error.code != "ratelimited":
            why = error.text
        self._failures[scope] = _Failure(card.channel, count, now + wait, why, error.code in UNAVAILABLE)
        _log.warning("cannot deliver card %s: %s", card.key, error)

    def _forget_failures_except_of(self, cards: Sequence[Card]) -> None:
        shown = {scope for card in cards for scope in (card.key, card.channel)}
        self._failures = {key: last for key, last in self._failures.items() if key in shown or self._is_waiting(key)}


def _reference(card: Card) -> str:
    return card.digest[:8]


def _is_due(card: Card, posted: Posted | None) -> bool:
    """Whether to post or update the card; `posted` is what Slack has."""
    if posted and (posted.digest == card.digest or (card.once and posted.ts)):
        return False
    return not card.held or bool(posted and posted.ts)

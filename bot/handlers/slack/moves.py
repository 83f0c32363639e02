"""Replaces the messages that cards have left behind in another channel by a link to the cards' channel."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bot.core.leases import LEADER
from bot.core.waiting import is_waiting
from bot.i18n.catalogue import chat as texts
from bot.i18n.language import Translator
from bot.messages.blocks import channel, phrase_message
from bot.messages.card import Card
from bot.ports.chat import Chat, ChatError
from bot.ports.leases import LeaseLostError
from bot.ports.store import Store

# The message can no longer be edited. https://docs.slack.dev/reference/methods/chat.update#errors
# Not `is_inactive`: an archived channel still has the message, and may be unarchived.
NOT_EDITABLE = frozenset({"message_not_found", "edit_window_closed", "cant_update_message"})
_PREFIX = "moved#"
_INTERVAL = timedelta(minutes=5)


class Moves:
    """The messages that cards have left behind, stored until Slack accepts the link that replaces them."""

    def __init__(
        self, store: Store, chat: Chat, clock: Callable[[], datetime], translator_for: Callable[[str], Translator]
    ) -> None:
        self._store = store
        self._chat = chat
        self._clock = clock
        self._translator_for = translator_for
        self._wait_until = datetime.min.replace(tzinfo=UTC)

    def leave(self, card: Card) -> None:
        """If the card's message is in another channel, remember that message, so that a new one is posted.

        Raises StoreError.
        """
        cards = self._store.cards
        posted = cards.get(card.key)
        if posted is None or not posted.ts or posted.channel == card.channel:
            return
        with self._store.transaction():
            cards.save(f"{_PREFIX}{posted.ts}#{card.key}", posted)
            cards.delete(card.key)

    def redirect(self) -> None:
        """Replace the messages left behind, every few minutes, since the bot may be back in their channels.

        Raises StoreError, or LeaseLostError.
        """
        now = self._clock()
        if is_waiting(self._wait_until, now, _INTERVAL):
            return
        self._wait_until = now + _INTERVAL
        rejected: set[str] = set()
        for key, left in self._store.cards.with_prefix(_PREFIX).items():
            current = self._store.cards.get(key.split("#", 2)[2])
            if current is None or not current.ts or left.channel in rejected:
                continue
            if self._store.leases.get(LEADER) is None:
                raise LeaseLostError(LEADER)
            translator = self._translator_for(left.channel)
            message = phrase_message(translator, texts.MOVED, channel=channel(current.channel))
            try:
                self._chat.update(left.channel, left.ts, message)
            except ChatError as error:
                if error.code not in NOT_EDITABLE:
                    rejected.add(left.channel)
                    continue
            self._store.cards.delete(key)

"""A message that Slack should show."""

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Self

from bot.messages.blocks import Message, note


@dataclass(frozen=True, slots=True)
class Card:
    """One message to keep up to date.

    `key` identifies the card; `subject` is the id of what it shows. A reply has the key of the card that opened its
    thread in `thread_of`; `broadcast` shows it in the channel too. `last` marks the final state of a subject; `settles`
    are the ids that are settled with it, if not the subject. A card with `once` is posted but never updated. A card
    that is `held` may be updated but is not posted yet, since posting notifies people. While the channel of a card
    rejects messages, a copy goes to the thread of the card with the key `fallback_thread`.
    """

    key: str
    subject: str
    channel: str
    message: Message
    thread_of: str | None = None
    last: bool = False
    settles: tuple[str, ...] = ()
    once: bool = False
    broadcast: bool = False
    held: bool = False
    fallback_thread: str | None = None

    @property
    def digest(self) -> str:
        """The same for messages with the same text and blocks."""
        text = json.dumps([self.message.text, self.message.blocks], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def copy_for_thread(self, root: Self, why: str) -> Self:
        """A copy in the thread of `root` and in its channel; `why` ends the message."""
        copied = replace(self.message, text=f"{self.message.text} {why}", blocks=(*self.message.blocks, note(why)))
        return replace(
            self,
            key=f"{self.key}/fallback",
            channel=root.channel,
            message=copied,
            thread_of=root.key,
            broadcast=True,
            fallback_thread=None,
        )

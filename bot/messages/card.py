"""A message that Slack should show."""

import hashlib
import json
from dataclasses import dataclass

from bot.messages.blocks import Message


@dataclass(frozen=True, slots=True)
class Card:
    """One message to keep up to date.

    `key` identifies the card; `subject` is the id of what it shows. A reply has the key of the card that opened its
    thread in `thread_of`; `broadcast` shows it in the channel too. `last` marks the final state of a subject; `settles`
    are the ids that are settled with it, if not the subject. A card with `once` is posted but never updated. A card
    that is `held` may be updated but is not posted yet, since posting notifies people.
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

    @property
    def digest(self) -> str:
        """The same for messages with the same text and blocks."""
        text = json.dumps([self.message.text, self.message.blocks], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

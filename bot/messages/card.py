"""One message that Slack should show."""

import hashlib
import json
from dataclasses import dataclass

from bot.messages.blocks import Message


@dataclass(frozen=True, slots=True)
class Card:
    """One message to keep current. `subject` is the id of what it shows; `thread_of` the key of the card it answers in
    its thread; `last` marks what a subject has to say once it has ended.

    `settles` are the ids that have ended with it, where those are not the subject itself. What is told `once` stays as
    it was told; `broadcast` shows such a reply in the channel too. One that is `held` may be changed, and is not posted
    yet: that would ring.
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
        """Two messages that read the same have the same digest."""
        text = json.dumps([self.message.text, self.message.blocks], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

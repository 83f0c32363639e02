"""The person behind a command, and the conversation they are in."""

from dataclasses import dataclass

from bot.core.access.audit import Origin
from bot.i18n.language import Translator


@dataclass(frozen=True, slots=True)
class Requester:
    """A person from a Slack payload: `user` and `channel` are IDs ("" without a channel), `name` is for people to read.

    `translator` translates into the channel's language; `thread` is the ts of the thread, if any. `about` is what a
    button on the Home tab refers to: the answer is shown next to it.
    """

    user: str
    name: str
    channel: str
    origin: Origin
    translator: Translator
    thread: str | None = None
    about: str = ""

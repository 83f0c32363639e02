"""Who asks for something, and from where."""

from dataclasses import dataclass

from bot.core.access.audit import Origin
from bot.i18n.language import Translator


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asked, from Slack's payload: `user` and `channel` are ids ("" without a channel), `name` is for people.

    `translator` speaks the channel's language; `thread` is the ts of the thread, if there is one. `about` is what a
    button on the Home tab refers to: the answer is shown there.
    """

    user: str
    name: str
    channel: str
    origin: Origin
    translator: Translator
    thread: str | None = None
    about: str = ""

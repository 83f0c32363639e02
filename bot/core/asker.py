"""Who asks for something, and from where."""

from dataclasses import dataclass

from bot.core.audit import Origin
from bot.core.message.language import Say


@dataclass(frozen=True, slots=True)
class Asker:
    """A person as Slack's payload says: `user` and `channel` are ids ("" without a channel), `name` is for people.

    `say` speaks the language of that channel; `thread` is the ts of the thread it was asked in, if in one. `about` is
    what a button on the Home tab refers to: the answer is shown there.
    """

    user: str
    name: str
    channel: str
    origin: Origin
    say: Say
    thread: str | None = None
    about: str = ""

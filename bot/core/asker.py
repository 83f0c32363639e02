"""Who asks for something, and from where."""

from dataclasses import dataclass

from bot.core.audit import Origin


@dataclass(frozen=True, slots=True)
class Asker:
    """A person as Slack's payload says: `user` and `channel` are ids ("" without a channel), `name` is for people."""

    user: str
    name: str
    channel: str
    origin: Origin

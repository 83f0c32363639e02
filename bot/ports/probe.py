"""The result of testing one thing that the bot must be able to do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from bot.i18n.language import Text
from bot.ports.errors import PortError


@dataclass(frozen=True, slots=True)
class Probe:
    """One thing that the bot must be able to do, whether it can, and if not, the remedy."""

    what: str
    ok: bool
    remedy: Text = ""

    @classmethod
    def attempt(cls, what: str, action: Callable[[], object]) -> Self:
        """Try `action`; the text of a PortError is the remedy."""
        try:
            action()
        except PortError as error:
            return cls(what, ok=False, remedy=error.text)
        return cls(what, ok=True)

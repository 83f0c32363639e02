"""The receiver of events."""

from datetime import timedelta
from typing import Protocol

from bot.core.events import Event
from bot.i18n.language import Text
from bot.ports.errors import PortError


class DeliveryError(PortError):
    """The receiver did not accept an event. `retry_after` is how long it asks to wait, if set.

    With `answered`, it rejected this event but may accept others.
    """

    def __init__(self, text: Text, *, answered: bool, retry_after: timedelta | None = None) -> None:
        super().__init__(text)
        self.answered = answered
        self.retry_after = retry_after


class EventReceiver(Protocol):
    """Where events go. The same event may be sent more than once."""

    def send(self, event: Event) -> None:
        """Send one event and wait until it is accepted. Raises DeliveryError."""
        ...

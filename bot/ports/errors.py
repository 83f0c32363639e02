"""The base class of the errors that ports raise."""

from bot.i18n.language import LocalizedError


class PortError(LocalizedError):
    """A request to an external system failed. The text says what failed and what to do about it."""

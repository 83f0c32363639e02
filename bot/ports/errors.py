"""What every port raises."""

from bot.i18n.language import LocalizedError


class PortError(LocalizedError):
    """The outside did not do what was asked: the text says what failed, and what to do about it."""

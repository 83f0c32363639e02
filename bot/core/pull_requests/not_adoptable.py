"""The error for drift that can't be adopted in git."""

from bot.i18n.language import LocalizedError


class NotAdoptableError(LocalizedError):
    """Drift cannot be adopted in git. The text says why and what to do, in one sentence without values."""

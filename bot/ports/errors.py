"""The base class of the errors that ports raise."""

import errno

from bot.i18n.catalogue import error as texts
from bot.i18n.language import LocalizedError, LocalizedText, Text


class PortError(LocalizedError):
    """A request to an external system failed. The text says what failed and what to do about it."""


def os_reason(error: OSError) -> Text:
    """Why a file cannot be written, and what to do if the disk is full, without a final period."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return LocalizedText(texts.DISK_FULL)
    return error.strerror or type(error).__name__

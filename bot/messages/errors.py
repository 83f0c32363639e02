"""Answers to failures. The text is fixed or comes from a port; the underlying error goes to the log."""

from bot.i18n.catalogue import error, silence
from bot.i18n.language import Text, Translator
from bot.messages.blocks import Message, clip, phrase_message, text_message


def internal_error(translator: Translator, reference: str) -> Message:
    """An unexpected error; `reference` identifies it in the log."""
    return phrase_message(translator, error.FAILED, reference=reference)


def unavailable(translator: Translator, reason: Text) -> Message:
    """Git, the forge or the cluster failed, with the port's reason."""
    return text_message(clip(translator.localize(reason), 1_500))


def interrupted(translator: Translator, command: str) -> Message:
    """A request was interrupted too many times."""
    return phrase_message(translator, error.INTERRUPTED, command=command)


def overloaded(translator: Translator) -> Message:
    """The command queue is full; nothing was done."""
    return phrase_message(translator, error.BUSY)


def other_workspace(translator: Translator) -> Message:
    """The person belongs to another workspace."""
    return phrase_message(translator, error.OTHER_WORKSPACE)


def outdated_button(translator: Translator) -> Message:
    """The value of the pressed button is unknown, so the button is from an old message."""
    return phrase_message(translator, silence.BUTTON_STALE)

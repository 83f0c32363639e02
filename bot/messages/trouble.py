"""Fixed sentences for when something went wrong or is not allowed; the real error goes to the log."""

from bot.core.commands.command import Command, DiffCommand, DriftCommand, RevertCommand
from bot.i18n.catalogue import trouble as texts
from bot.i18n.language import Translator
from bot.messages import wording
from bot.messages.blocks import Message, clip, message, paragraph, rich, words


def _said(text: str) -> Message:
    return message(text, rich(paragraph(words(text))))


def failed(translator: Translator, reference: str) -> Message:
    """An error nobody expected; `reference` finds it in the log."""
    return _said(translator.text(texts.FAILED, reference=reference))


def outside(translator: Translator, reason: str) -> Message:
    """Git, the forge or the cluster did not answer: the port's own sentence."""
    return _said(clip(translator.told(reason), 1_500))


def busy(translator: Translator) -> Message:
    """More was asked at once than is worked off in good time."""
    return _said(translator.text(texts.BUSY))


def opening(translator: Translator, command: Command) -> Message | None:
    """Said at once when the answer will take a moment."""
    match command:
        case DriftCommand(None):
            return _said(translator.text(texts.CHECKING_ALL))
        case DriftCommand(str(name)):
            return _said(translator.text(texts.CHECKING, application=name))
        case DiffCommand(name):
            return _said(wording.reading(translator, name))
        case RevertCommand(change):
            return _said(translator.text(texts.PREPARING, revision=clip(str(change), 60)))
        case _:
            return None

"""Fixed sentences for when something went wrong or is not allowed; the real error goes to the log."""

from bot.core.command import Command, DiffCommand, DriftCommand, RevertCommand
from bot.core.message import wording
from bot.core.message.blocks import Message, clip, message, paragraph, rich, words
from bot.core.message.catalogue import trouble as texts
from bot.core.message.language import Say


def _said(text: str) -> Message:
    return message(text, rich(paragraph(words(text))))


def failed(say: Say, reference: str) -> Message:
    """An error nobody expected; `reference` finds it in the log."""
    return _said(say.text(texts.FAILED, reference=reference))


def outside(say: Say, reason: str) -> Message:
    """Git, the forge or the cluster did not answer: the port's own sentence."""
    return _said(clip(say.told(reason), 1_500))


def busy(say: Say) -> Message:
    """More was asked at once than is worked off in good time."""
    return _said(say.text(texts.BUSY))


def opening(say: Say, command: Command) -> Message | None:
    """Said at once when the answer will take a moment."""
    match command:
        case DriftCommand(None):
            return _said(say.text(texts.CHECKING_ALL))
        case DriftCommand(str(name)):
            return _said(say.text(texts.CHECKING, application=name))
        case DiffCommand(name):
            return _said(wording.reading(say, name))
        case RevertCommand(revision):
            return _said(say.text(texts.PREPARING, revision=clip(revision, 60)))
        case _:
            return None

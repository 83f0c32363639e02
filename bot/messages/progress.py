"""The immediate response to a command whose answer takes a moment."""

from bot.core.commands.command import Command, DiffCommand, DriftCommand, RevertCommand
from bot.i18n.catalogue import error as texts
from bot.i18n.language import Translator
from bot.messages import common
from bot.messages.blocks import Message, clip, phrase_message, text_message


def in_progress(translator: Translator, command: Command) -> Message | None:
    """The progress message; None for a command that is answered at once."""
    match command:
        case DriftCommand(None):
            return phrase_message(translator, texts.CHECKING_ALL)
        case DriftCommand(str(name)):
            return phrase_message(translator, texts.CHECKING, application=name)
        case DiffCommand(name):
            return text_message(common.loading(translator, name))
        case RevertCommand(change):
            return phrase_message(translator, texts.PREPARING, revision=clip(str(change), 60))
        case _:
            return None

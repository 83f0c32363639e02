"""Fixed sentences for when something went wrong or is not allowed; the real error goes to the log."""

from bot.core.command import Command, DiffCommand, DriftCommand, RevertCommand
from bot.core.message.blocks import Message, clip, message, paragraph, rich, words


def _said(text: str) -> Message:
    return message(text, rich(paragraph(words(text))))


def failed(reference: str) -> Message:
    """An error nobody expected; `reference` finds it in the log."""
    return _said(f"That did not work, and it is my fault. Asking again does no harm; in the log it is {reference}.")


def outside(reason: str) -> Message:
    """Git, the forge or the cluster did not answer: the port's own sentence."""
    return _said(clip(reason, 1_500))


def busy() -> Message:
    """More was asked at once than is worked off in good time."""
    return _said("Too many commands are waiting just now; try again in a minute. Nothing was done.")


def opening(command: Command) -> Message | None:
    """Said at once when the answer will take a moment."""
    match command:
        case DriftCommand(name):
            return _said(f"Checking {name or 'every application'} against the cluster…")
        case DiffCommand(name):
            return _said(f"Reading {name} from git and the cluster…")
        case RevertCommand(revision):
            return _said(f"Preparing a pull request that reverts {clip(revision, 60)}…")
        case _:
            return None

"""Fixed sentences for when something went wrong or is not allowed; the real error goes to the log."""

from collections.abc import Sequence

from bot.core.message import wording
from bot.core.message.blocks import Message, clip, message, paragraph, rich, words


def _said(text: str) -> Message:
    return message(text, rich(paragraph(words(text))))


def failed(reference: str) -> Message:
    """An error nobody expected; `reference` finds it in the log."""
    return _said(f"That did not work, and it is my fault; nothing was changed. In the log it is {reference}.")


def outside(reason: str) -> Message:
    """Git, the forge or the cluster did not answer: the port's own sentence."""
    return _said(clip(reason, 1_500))


def denied(allowed: Sequence[str]) -> Message:
    """The person may not ask for this."""
    who = wording.listed(allowed, 5) if allowed else "nobody"
    return _said(f"You may not open revert pull requests here; slack.revert_allowed names {who}. Nothing was done.")


def busy() -> Message:
    """More was asked at once than is worked off in good time."""
    return _said("Too many commands are waiting just now; try again in a minute. Nothing was done.")


def working(what: str) -> Message:
    """Said at once when the answer will take a moment."""
    return _said(f"{what}…")

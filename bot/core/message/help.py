"""Help, generated from the command table, and the answers to what could not be understood."""

from collections.abc import Sequence

from bot.core.command import COMMANDS, CommandSpec, Mistake, UnknownApplication, UnknownCommand, WrongArguments
from bot.core.message import wording
from bot.core.message.blocks import (
    MOST_BLOCKS,
    MOST_TEXT,
    Message,
    bullets,
    clip,
    code,
    message,
    paragraph,
    rich,
    words,
)
from bot.core.message.language import ENGLISH as EN


def overview() -> Message:
    """The answer to `/gitops help`."""
    text = f"You can type /gitops {', '.join(spec.name for spec in COMMANDS[:-1])} or {COMMANDS[-1].name}."
    lines = [[code(usage(spec)), words(f"  {spec.summary}")] for spec in COMMANDS]
    ending = "Git is the only thing this bot changes, and only through pull requests."
    return message(text, rich(bullets(lines)), rich(paragraph(words(ending))))


def usage(spec: CommandSpec) -> str:
    """`/gitops revert REV [APP]`."""
    return f"/gitops {spec.name} {spec.arguments}".strip()


def mistake(made: Mistake, applications: Sequence[str]) -> Message:
    """One sentence with the nearest match, and where help is."""
    match made:
        case UnknownCommand(word, nearest):
            text = f"I do not know “{clip(word, 40)}”; {_meant(nearest)}type /gitops help to see every command."
        case UnknownApplication(word, nearest):
            known = wording.listed(EN, applications, 8) if applications else "none yet"
            text = (
                f"There is no application “{clip(word, 40)}”; {_meant(nearest)}"
                f"the applications are {known} (/gitops help shows every command)."
            )
        case WrongArguments(spec):
            text = f"It is {usage(spec)}: {spec.summary} (/gitops help shows every command)."
    return message(text, rich(paragraph(words(text))))


def joined(several: Sequence[Message]) -> Message:
    """Several answers as one."""
    blocks = [block for each in several for block in each.blocks]
    return Message(" ".join(each.text for each in several)[:MOST_TEXT], tuple(blocks[:MOST_BLOCKS]))


def _meant(nearest: str | None) -> str:
    return f"did you mean “{nearest}”? If not, " if nearest else ""

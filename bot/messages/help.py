"""Help, generated from the command table, and the answers to commands that could not be parsed."""

from collections.abc import Sequence

from bot.core.commands.command import (
    COMMANDS,
    MAX_REPORT_DAYS,
    CommandSpec,
    InvalidCommand,
    InvalidDuration,
    InvalidPeriod,
    UnknownApplication,
    UnknownCommand,
    WrongArguments,
)
from bot.core.pull_requests.change_ref import InvalidChangeRef
from bot.core.sanitize import redact_url
from bot.i18n.catalogue import help as texts
from bot.i18n.catalogue import silence
from bot.i18n.language import Text, Translator
from bot.messages import common
from bot.messages.blocks import (
    Message,
    bullets,
    clip,
    code,
    message,
    paragraph,
    rich,
    text_message,
    words,
)


def answer(translator: Translator, spec: CommandSpec | None, applications: Sequence[str]) -> Message:
    """The answer to `/gitops help [COMMAND]` and `/gitops COMMAND --help`."""
    return about(translator, spec, applications) if spec else overview(translator)


def overview(translator: Translator) -> Message:
    """A line for each command."""
    *names, last = [spec.name for spec in COMMANDS]
    text = translator.text(texts.OVERVIEW, commands=", ".join(names), last=last)
    lines = [[code(usage(spec)), words(f"  {translator.text(spec.summary)}")] for spec in COMMANDS]
    return message(text, rich(bullets(lines)), rich(paragraph(words(translator.text(texts.PROMISE)))))


def usage(spec: CommandSpec) -> str:
    """`/gitops revert REV [APP]`."""
    return f"/gitops {spec.name} {spec.arguments}".strip()


def about(translator: Translator, spec: CommandSpec, applications: Sequence[str]) -> Message:
    """The usage of one command, what it does, and examples with the first of the applications."""
    text = translator.text(texts.USAGE, usage=usage(spec), summary=translator.text(spec.summary))
    application = clip(applications[0], 63) if applications else "APP"
    examples = [
        [code(f"/gitops {spec.name} {example.replace('APP', application)}".strip())] for example in spec.examples
    ]
    title = paragraph(words(translator.text(texts.EXAMPLES)))
    return message(text, rich(paragraph(words(text))), rich(title, bullets(examples)))


def mistake(
    translator: Translator, error: InvalidCommand, applications: Sequence[str], why_unknown: Text | None = None
) -> Message:
    """One sentence that names the nearest match, or `why_unknown` an application may be."""
    match error:
        case UnknownApplication(word) if why_unknown:
            why = translator.localize(why_unknown)
            text = translator.text(texts.NOT_DISCOVERED, word=_typed(word), why=clip(why, 1_500))
        case UnknownCommand(word, nearest):
            phrase = texts.UNKNOWN_COMMAND_NEAR if nearest else texts.UNKNOWN_COMMAND
            text = translator.text(phrase, word=_typed(word), nearest=nearest or "")
        case UnknownApplication(word, nearest):
            phrase = texts.UNKNOWN_APPLICATION_NEAR if nearest else texts.UNKNOWN_APPLICATION
            names = common.listed(translator, applications, 8)
            text = translator.text(
                phrase if applications else texts.NO_APPLICATION,
                word=_typed(word),
                nearest=nearest or "",
                known=names,
            )
        case WrongArguments(spec):
            return about(translator, spec, applications)
        case InvalidDuration():
            text = translator.text(silence.OTHER_WRONG)
        case InvalidPeriod():
            text = translator.text(texts.PERIOD_WRONG, n=translator.number(MAX_REPORT_DAYS))
        case InvalidChangeRef(reason):
            text = translator.localize(reason)
    return text_message(text)


def _typed(word: str) -> str:
    """A word that a person typed, perhaps a pasted URL with a password."""
    return clip(redact_url(word) if ":" in word or "?" in word else word, 40)

"""The answers to what people press and type to act: who may not and why, and what came of it."""

from bot.core.message.blocks import Element, Message, clip, code, message, paragraph, people, rich, words
from bot.core.message.catalogue import control as text
from bot.core.message.language import Say
from bot.core.permission import CouldNotAsk, Denied, Right

_MOST_NAMED = 8
_DENIED = {Right.REVERT: text.DENIED_REVERT, Right.SILENCE: text.DENIED_SILENCE}


def denied(say: Say, right: Right, verdict: Denied | CouldNotAsk) -> Message:
    """The person may not; who may, or why that is not known."""
    rule = verdict.rule
    if isinstance(verdict, CouldNotAsk):
        why = clip(verdict.why, 500)
        return message(
            say.text(text.COULD_NOT_ASK, group=verdict.group, key=rule.key, why=why),
            rich(paragraph(*say.line(text.COULD_NOT_ASK, group=people(verdict.group), key=code(rule.key), why=why))),
        )
    named = rule.allowed[:_MOST_NAMED]
    more = ["…"] if len(rule.allowed) > len(named) else []
    names = ", ".join([*named, *more]) or say.text(text.NOBODY)
    shown: list[Element] = []
    for each in named:
        shown += [*([words(", ")] if shown else []), people(each)]
    shown += [words(f", {each}") for each in more]
    return message(
        say.text(_DENIED[right], key=rule.key, who=names),
        rich(paragraph(*say.line(_DENIED[right], key=code(rule.key), who=shown or names))),
    )

"""The answers to what people press and type to act: who may not and why, and what came of it."""

from collections.abc import Sequence
from datetime import datetime

from bot.core.message import wording
from bot.core.message.blocks import Element, Message, clip, code, message, paragraph, people, plain, rich, words
from bot.core.message.catalogue import control as text
from bot.core.message.language import Phrase, Say
from bot.core.permission import CouldNotAsk, Denied, Right

_MOST_NAMED = 8
_DENIED = {Right.REVERT: text.DENIED_REVERT, Right.SILENCE: text.DENIED_SILENCE}


def denied(say: Say, right: Right, verdict: Denied | CouldNotAsk) -> Message:
    """The person may not; who may, or why that is not known."""
    rule = verdict.rule
    if isinstance(verdict, CouldNotAsk):
        why = clip(say.told(verdict.why), 500)
        return _said(say, text.COULD_NOT_ASK, group=people(verdict.group), key=code(rule.key), why=why)
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


def acknowledged(say: Say, names: Sequence[str]) -> Message:
    """The person has it now."""
    return _said(say, text.ACKNOWLEDGED, names=wording.listed(say, names))


def acknowledged_already(say: Say, names: Sequence[str], by: str) -> Message:
    """Somebody (a Slack user id) has it."""
    return _said(say, text.ACKNOWLEDGED_ALREADY, names=wording.listed(say, names), who=people(by))


def snoozed(say: Say, names: Sequence[str], until: datetime) -> Message:
    """It is quiet until then."""
    return _said(say, text.SNOOZED, names=wording.listed(say, names), until=wording.day_and_time(say, until))


def snoozed_already(say: Say, names: Sequence[str], by: str) -> Message:
    """Somebody (a Slack user id) has snoozed it for just as long."""
    return _said(say, text.SNOOZED_ALREADY, names=wording.listed(say, names), who=people(by))


def woken(say: Say, names: Sequence[str]) -> Message:
    """A snooze is over before its time."""
    return _said(say, text.WOKEN, names=wording.listed(say, names))


def awake_already(say: Say) -> Message:
    """There is no snooze to end."""
    return _said(say, text.AWAKE_ALREADY)


def nothing_open(say: Say, names: Sequence[str]) -> Message:
    """There is nothing to silence, of applications or (no names) on a card."""
    return _said(say, text.NOTHING_OPEN, names=wording.listed(say, names)) if names else _said(say, text.CARD_IS_OVER)


def stale(say: Say) -> Message:
    """A button that carries nothing we know."""
    return _said(say, text.BUTTON_STALE)


def _said(say: Say, phrase: Phrase, **values: str | Element) -> Message:
    values_as_text = {name: value if isinstance(value, str) else plain(value) for name, value in values.items()}
    return message(say.text(phrase, **values_as_text), rich(paragraph(*say.line(phrase, **values))))

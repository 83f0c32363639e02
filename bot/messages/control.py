"""The answers to what people press and type to act: who may not and why, and what came of it."""

from collections.abc import Sequence
from datetime import datetime

from bot.core.access.permission import Denied, MembersUnknown, Right
from bot.i18n.catalogue import control as text
from bot.i18n.language import Phrase, Translator
from bot.messages import wording
from bot.messages.blocks import Element, Message, clip, code, message, paragraph, people, plain, rich, rich_line, words

_MOST_NAMED = 8
_DENIED = {Right.REVERT: text.DENIED_REVERT, Right.SILENCE: text.DENIED_SILENCE}


def denied(translator: Translator, right: Right, verdict: Denied | MembersUnknown) -> Message:
    """The person may not; who may, or why that is not known."""
    rule = verdict.rule
    if isinstance(verdict, MembersUnknown):
        why = clip(translator.told(verdict.why), 500)
        return _said(translator, text.COULD_NOT_ASK, group=people(verdict.group), key=code(rule.key), why=why)
    ids = rule.allowed[:_MOST_NAMED]
    more = ["…"] if len(rule.allowed) > len(ids) else []
    names = ", ".join([*ids, *more]) or translator.text(text.NOBODY)
    shown: list[Element] = []
    for id_ in ids:
        shown += [*([words(", ")] if shown else []), people(id_)]
    shown += [words(f", {each}") for each in more]
    return message(
        translator.text(_DENIED[right], key=rule.key, who=names),
        rich(paragraph(*rich_line(translator, _DENIED[right], key=code(rule.key), who=shown or names))),
    )


def acknowledged(translator: Translator, names: Sequence[str]) -> Message:
    """The person has it now."""
    return _said(translator, text.ACKNOWLEDGED, names=wording.listed(translator, names))


def acknowledged_already(translator: Translator, names: Sequence[str], by: str) -> Message:
    """Somebody (a Slack user id) has it."""
    return _said(translator, text.ACKNOWLEDGED_ALREADY, names=wording.listed(translator, names), who=people(by))


def snoozed(translator: Translator, names: Sequence[str], until: datetime) -> Message:
    """It is quiet until then."""
    return _said(
        translator, text.SNOOZED, names=wording.listed(translator, names), until=wording.day_and_time(translator, until)
    )


def snoozed_already(translator: Translator, names: Sequence[str], by: str) -> Message:
    """Somebody (a Slack user id) has snoozed it for just as long."""
    return _said(translator, text.SNOOZED_ALREADY, names=wording.listed(translator, names), who=people(by))


def woken(translator: Translator, names: Sequence[str]) -> Message:
    """A snooze is over before its time."""
    return _said(translator, text.SNOOZE_ENDED, names=wording.listed(translator, names))


def awake_already(translator: Translator) -> Message:
    """There is no snooze to end."""
    return _said(translator, text.NOT_SNOOZED)


def nothing_open(translator: Translator, names: Sequence[str]) -> Message:
    """There is nothing to silence, of applications or (no names) on a card."""
    return (
        _said(translator, text.NOTHING_OPEN, names=wording.listed(translator, names))
        if names
        else _said(translator, text.NOTHING_OPEN_ON_CARD)
    )


def stale(translator: Translator) -> Message:
    """A button that carries nothing we know."""
    return _said(translator, text.BUTTON_STALE)


def _said(translator: Translator, phrase: Phrase, **values: str | Element) -> Message:
    values_as_text = {name: value if isinstance(value, str) else plain(value) for name, value in values.items()}
    return message(translator.text(phrase, **values_as_text), rich(paragraph(*rich_line(translator, phrase, **values))))

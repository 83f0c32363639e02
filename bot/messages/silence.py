"""The answers to acknowledging and snoozing incidents, from a command or a button."""

from collections.abc import Sequence
from datetime import datetime

from bot.i18n.catalogue import silence as texts
from bot.i18n.language import Phrase, Translator
from bot.messages import common
from bot.messages.blocks import Element, Message, mention, message, paragraph, phrase_message, plain, rich, rich_line


def acknowledged(translator: Translator, names: Sequence[str], previous: Sequence[str] = ()) -> Message:
    """The incidents of these applications are now acknowledged; `previous` are the Slack user ids before."""
    if previous:
        who = common.listed_elements(translator, [mention(user) for user in previous], 3)
        return _about(translator, texts.TAKEN_OVER, names, who)
    return phrase_message(translator, texts.ACKNOWLEDGED, names=common.listed(translator, names))


def already_acknowledged(translator: Translator, names: Sequence[str], by: str | None) -> Message:
    """`by`, a Slack user id, or the requester (None) acknowledged them before."""
    if by is None:
        return phrase_message(translator, texts.YOURS_ALREADY, names=common.listed(translator, names))
    return _about(translator, texts.ACKNOWLEDGED_ALREADY, names, [mention(by)])


def released(translator: Translator, names: Sequence[str]) -> Message:
    """The incidents were released."""
    return phrase_message(translator, texts.RELEASED, names=common.listed(translator, names))


def not_yours(translator: Translator, names: Sequence[str], by: str | None) -> Message:
    """`by`, a Slack user id, acknowledged them, so the requester cannot release them."""
    return _about(translator, texts.NOT_YOURS, names, [mention(by)] if by else [])


def nobody_has(translator: Translator, names: Sequence[str]) -> Message:
    """There is nothing to release."""
    return phrase_message(translator, texts.NOBODY_HAS, names=common.listed(translator, names))


def snoozed(translator: Translator, names: Sequence[str], until: datetime) -> Message:
    """They are snoozed until then."""
    return phrase_message(
        translator, texts.SNOOZED, names=common.listed(translator, names), until=common.day_and_time(translator, until)
    )


def already_snoozed(translator: Translator, names: Sequence[str], by: str | None) -> Message:
    """`by`, a Slack user id, or the requester (None) already snoozed them until then."""
    if by is None:
        return phrase_message(translator, texts.SNOOZED_BY_YOU_ALREADY, names=common.listed(translator, names))
    return phrase_message(translator, texts.SNOOZED_ALREADY, names=common.listed(translator, names), who=mention(by))


def worsened(translator: Translator, names: Sequence[str]) -> Message:
    """Nothing was snoozed: the form didn't show all of the drift."""
    return phrase_message(translator, texts.WORSENED, names=common.listed(translator, names))


def snooze_ended(translator: Translator, names: Sequence[str]) -> Message:
    """The snooze was ended early."""
    return phrase_message(translator, texts.SNOOZE_ENDED, names=common.listed(translator, names))


def not_snoozed(translator: Translator) -> Message:
    """There is no snooze to end."""
    return phrase_message(translator, texts.NOT_SNOOZED)


def nothing_open(translator: Translator, names: Sequence[str]) -> Message:
    """There is no open incident of these applications or, without names, on the card."""
    return (
        phrase_message(translator, texts.NOTHING_OPEN, names=common.listed(translator, names))
        if names
        else phrase_message(translator, texts.NOTHING_OPEN_ON_CARD)
    )


def _about(translator: Translator, phrase: Phrase, names: Sequence[str], who: Sequence[Element]) -> Message:
    line = rich_line(translator, phrase, names=common.listed(translator, names), who=who)
    return message("".join(map(plain, line)), rich(paragraph(*line)))

"""The answers to acknowledging and snoozing incidents, from a command or a button."""

from collections.abc import Sequence
from datetime import datetime

from bot.i18n.catalogue import silence as texts
from bot.i18n.language import Translator
from bot.messages import common
from bot.messages.blocks import Message, mention, phrase_message


def acknowledged(translator: Translator, names: Sequence[str]) -> Message:
    """The incidents of these applications are acknowledged now."""
    return phrase_message(translator, texts.ACKNOWLEDGED, names=common.listed(translator, names))


def already_acknowledged(translator: Translator, names: Sequence[str], by: str) -> Message:
    """`by`, a Slack user id, acknowledged them before."""
    return phrase_message(
        translator, texts.ACKNOWLEDGED_ALREADY, names=common.listed(translator, names), who=mention(by)
    )


def snoozed(translator: Translator, names: Sequence[str], until: datetime) -> Message:
    """They are snoozed until then."""
    return phrase_message(
        translator, texts.SNOOZED, names=common.listed(translator, names), until=common.day_and_time(translator, until)
    )


def already_snoozed(translator: Translator, names: Sequence[str], by: str) -> Message:
    """`by`, a Slack user id, snoozed them for just as long."""
    return phrase_message(translator, texts.SNOOZED_ALREADY, names=common.listed(translator, names), who=mention(by))


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

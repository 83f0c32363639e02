"""The answers to acknowledging and snoozing incidents, from a command or a button."""

from collections.abc import Sequence
from datetime import datetime

from bot.core.incidents.incident import Incident
from bot.i18n.catalogue import silence as texts
from bot.i18n.language import Phrase, Translator
from bot.messages import common
from bot.messages.blocks import (
    Element,
    Message,
    join,
    mention,
    message,
    paragraph,
    phrase_message,
    plain,
    rich,
    rich_line,
)


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


def released(translator: Translator, incidents: Sequence[Incident]) -> Message:
    """These incidents were released. They are now open, or still snoozed."""
    return _by_silence(translator, incidents, texts.RELEASED, texts.RELEASED_SNOOZED)


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


def snooze_ended(translator: Translator, incidents: Sequence[Incident]) -> Message:
    """The snoozes of these incidents were ended early. They are now open, or still acknowledged."""
    return _by_silence(translator, incidents, texts.SNOOZE_ENDED, texts.SNOOZE_ENDED_ACKNOWLEDGED)


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


def _by_silence(translator: Translator, incidents: Sequence[Incident], is_open: Phrase, is_silent: Phrase) -> Message:
    """A sentence for those that are now open, and one for those that are silent for the same reason."""
    names: dict[tuple[str | None, datetime | None], list[str]] = {}
    for incident in incidents:
        names.setdefault((incident.acknowledged_by, incident.snoozed_until), []).append(incident.application)
    return join(
        [
            phrase_message(
                translator,
                is_silent if by or until else is_open,
                names=common.listed(translator, applications),
                who=mention(by) if by else "",
                until=common.day_and_time(translator, until) if until else "",
            )
            for (by, until), applications in names.items()
        ]
    )


def _about(translator: Translator, phrase: Phrase, names: Sequence[str], who: Sequence[Element]) -> Message:
    line = rich_line(translator, phrase, names=common.listed(translator, names), who=who)
    return message("".join(map(plain, line)), rich(paragraph(*line)))

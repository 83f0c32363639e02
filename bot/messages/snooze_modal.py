"""The snooze modal: its views, and parsing what was submitted."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.core.incidents import snooze_period
from bot.core.incidents.snooze_period import DEFAULT_SNOOZE, SnoozeFor, SnoozePeriod
from bot.i18n.catalogue import silence as texts
from bot.i18n.language import Translator
from bot.messages import common
from bot.messages.blocks import Element, Message, clip, modal, paragraph, rich, rich_line, words

VIEW = "snooze"
# Block ids, and the action id of the input in each.
PICKED = "picked"
TYPED = "typed"

_MAX_TYPED = 40


def loading_view(translator: Translator) -> Mapping[str, Any]:
    """The modal until the user is authorized: a trigger id expires 3 s after the click."""
    return common.info_modal(
        translator, translator.text(texts.SNOOZE_TITLE), rich(paragraph(words(translator.text(texts.ONE_MOMENT))))
    )


def message_view(translator: Translator, message: Message) -> Mapping[str, Any]:
    """The modal with a message in place of the form."""
    return common.info_modal(translator, translator.text(texts.SNOOZE_TITLE), *message.blocks)


def form(
    translator: Translator,
    applications: Sequence[str],
    *,
    subject: str,
    channel: str,
    newest: datetime | None,
    zone: str | None = None,
) -> Mapping[str, Any]:
    """The form that asks how long to snooze the incidents on a card.

    `subject` is the value of the card's buttons. `channel` is the channel that gets the answer, "" if there is none.
    `newest` is when the newest incident opened or got worse. `zone` is the time zone of "until"; None if it is the
    person's own.
    """
    options = [_option(translator, choice, zone) for choice in snooze_period.SNOOZE_CHOICES]
    default = next(option for option in options if snooze_period.parse_snooze(option["value"]) == DEFAULT_SNOOZE)
    radio = {"type": "radio_buttons", "action_id": PICKED, "options": options, "initial_option": default}
    typed = {
        "type": "plain_text_input",
        "action_id": TYPED,
        "max_length": _MAX_TYPED,
        "placeholder": _plain(translator.text(texts.OTHER_EXAMPLE)),
    }
    names = common.listed(translator, applications)
    view = modal(
        translator.text(texts.SNOOZE_TITLE),
        rich(paragraph(*rich_line(translator, texts.SNOOZE_LEAD, names=names))),
        _input(PICKED, translator.text(texts.HOW_LONG), radio),
        {**_input(TYPED, translator.text(texts.OTHER), typed), "optional": True},
        close=translator.text(texts.CANCEL),
        reference=f"{channel} {subject} {newest.isoformat()}" if newest else f"{channel} {subject}",
    )
    return {**view, "callback_id": VIEW, "submit": _plain(translator.text(texts.SUBMIT))}


def parse_reference(view: Mapping[str, Any]) -> tuple[str, str, datetime | None]:
    """The subject, channel and `newest` time of a submitted form. They are untrusted."""
    channel, _, rest = str(view.get("private_metadata") or "").partition(" ")
    subject, _, newest = rest.rpartition(" ")
    try:
        return subject, channel, datetime.fromisoformat(newest).astimezone(UTC)
    except (ValueError, OverflowError):  # without a time
        return rest, channel, None


def parse_span(view: Mapping[str, Any]) -> SnoozePeriod | None:
    """The typed duration, or else the selected one; None if it cannot be parsed. `view` is the submitted view."""
    try:
        values = view["state"]["values"]
        typed = values[TYPED][TYPED].get("value") or ""
        picked = (values[PICKED][PICKED].get("selected_option") or {}).get("value") or ""
        return snooze_period.parse_snooze(str(typed).strip() or str(picked))
    except (KeyError, TypeError, AttributeError):
        return None


def field_errors(translator: Translator) -> dict[str, str]:
    """The error for the input that could not be parsed, by block id."""
    return {TYPED: translator.text(texts.OTHER_WRONG)}


def _option(translator: Translator, choice: str, zone: str | None) -> Element:
    return {"text": _plain(_label(translator, choice, zone)), "value": choice}


def _label(translator: Translator, choice: str, zone: str | None) -> str:
    duration = snooze_period.parse_snooze(choice)
    if not isinstance(duration, SnoozeFor):
        clock = choice.rsplit(maxsplit=1)[-1]
        if zone is None:
            return translator.text(texts.UNTIL_CLOCK, clock=clock)
        return translator.text(texts.UNTIL_CLOCK_IN, clock=clock, zone=zone)
    minutes = int(duration.duration.total_seconds()) // 60
    if minutes % (24 * 60) == 0:
        return translator.count(texts.DAYS, minutes // (24 * 60))
    return (
        translator.count(texts.HOURS, minutes // 60) if minutes % 60 == 0 else translator.count(texts.MINUTES, minutes)
    )


def _input(name: str, label: str, element: Element) -> Element:
    return {"type": "input", "block_id": name, "label": _plain(label), "element": element}


def _plain(text: str) -> Element:
    return {"type": "plain_text", "text": clip(text, 75), "emoji": False}

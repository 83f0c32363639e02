"""Times with their day, unless it is clear which day they are on."""

from datetime import UTC, datetime, timedelta

from bot.i18n.catalogue import common as texts
from bot.i18n.language import Translator
from bot.messages.blocks import Element, date

_NEAR = timedelta(hours=12)


def is_near(time: datetime, other: datetime) -> bool:
    """Whether the time of day is unambiguous without the day."""
    return abs(other - time) < _NEAR


def day_and_time(translator: Translator, at: datetime) -> Element:
    """A time with its day, in the reader's time zone."""
    return date(at, translator.text(texts.DAY_AND_TIME, day="{date_short_pretty}", time="{time}"))


def in_utc(at: datetime, now: datetime) -> str:
    """A time in plain text, with the date unless it is near `now`: `14:05 UTC`, `2026-03-01 14:05 UTC`."""
    return at.astimezone(UTC).strftime("%H:%M UTC" if is_near(at, now) else "%Y-%m-%d %H:%M UTC")

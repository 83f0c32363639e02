"""Snooze periods: what can be typed, the bounds, and local time."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.incidents.snooze_period import (
    DEFAULT_SNOOZE,
    MAX_SNOOZE,
    MIN_SNOOZE,
    SNOOZE_CHOICES,
    SnoozeFor,
    SnoozeUntil,
    parse_snooze,
    snooze_end,
)

MADRID = ZoneInfo("Europe/Madrid")
T0 = datetime(2020, 1, 1, tzinfo=UTC)
MIN = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("30m", SnoozeFor(30 * MIN)),
        (" 4H ", SnoozeFor(240 * MIN)),
        ("2d", SnoozeFor(timedelta(days=2))),
        ("1h30m", SnoozeFor(90 * MIN)),
        ("1h 30 min", SnoozeFor(90 * MIN)),
        ("5m", SnoozeFor(MIN_SNOOZE)),
        ("7d", SnoozeFor(MAX_SNOOZE)),
        ("168h", SnoozeFor(MAX_SNOOZE)),
        ("until 09:00", SnoozeUntil(time(9))),
        ("UNTIL 9:05", SnoozeUntil(time(9, 5))),
        ("until 23:59", SnoozeUntil(time(23, 59))),
        ("hasta las 09:00", SnoozeUntil(time(9))),
        ("hasta 9:00", SnoozeUntil(time(9))),
    ],
)
def test_valid_periods(text, period):
    assert parse_snooze(text) == period


INVALID = """|m|5|4m|0h|7d1m|169h|-1h|1.5h|1h1d|soon|until|until 24:00|until 9|until 09:60|09:00|1h;|99999999d"""


@pytest.mark.parametrize("text", [*INVALID.split("|"), "\uff11h", "until 09:00 tomorrow", "9" * 2_000 + "m"])
def test_invalid_periods(text):
    assert parse_snooze(text) is None


def test_every_choice_is_valid_and_the_default_is_one_of_them():
    assert all(parse_snooze(choice) for choice in SNOOZE_CHOICES)
    assert DEFAULT_SNOOZE in map(parse_snooze, SNOOZE_CHOICES)


@pytest.mark.parametrize(
    ("now", "clock", "until"),
    [
        ("2026-03-01T02:47+01:00", time(9), "2026-03-01T09:00+01:00"),
        ("2026-03-01T09:00+01:00", time(9), "2026-03-02T09:00+01:00"),
        ("2026-03-01T08:59:59+01:00", time(9), "2026-03-01T09:00+01:00"),
        ("2026-03-01T23:30+00:00", time(9), "2026-03-02T09:00+01:00"),  # already the next day there
        ("2026-03-28T22:00+01:00", time(9), "2026-03-29T09:00+02:00"),  # clocks go forward that night
        ("2026-03-29T01:30+01:00", time(2, 30), "2026-03-29T03:30+02:00"),  # a time that doesn't exist that night
        ("2026-10-25T01:00+02:00", time(2, 30), "2026-10-25T02:30+02:00"),  # a time that occurs twice
        ("2026-10-25T02:30+02:00", time(2, 30), "2026-10-26T02:30+01:00"),
    ],
)
def test_until_the_next_occurrence_of_a_local_time(now, clock, until):
    assert snooze_end(SnoozeUntil(clock), datetime.fromisoformat(now), MADRID) == datetime.fromisoformat(until)


@given(
    st.integers(0, 10 * 366 * 24 * 3600).map(lambda seconds: T0 + timedelta(seconds=seconds)),
    st.times().map(lambda clock: clock.replace(second=0, microsecond=0)),
    st.sampled_from([MADRID, ZoneInfo("America/St_Johns"), ZoneInfo("Australia/Lord_Howe"), UTC]),
)
def test_it_always_ends_in_the_future_and_within_two_days(now, clock, zone):
    until = snooze_end(SnoozeUntil(clock), now, zone)
    assert now < until <= now + timedelta(hours=50)
    assert snooze_end(SnoozeFor(30 * MIN), now, zone) == now + 30 * MIN


@given(st.text(max_size=60))
def test_any_text_can_be_parsed(text):
    period = parse_snooze(text)
    assert not isinstance(period, SnoozeFor) or MIN_SNOOZE <= period.duration <= MAX_SNOOZE

"""When the weekly digest is due."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.core.delivery.digest import DigestSchedule
from bot.core.incidents.quiet_hours import QuietHours

MADRID = ZoneInfo("Europe/Madrid")
MONDAY = DigestSchedule("mon", time(9), MADRID)
QUIET = QuietHours(MADRID, time(22), time(10), days=frozenset({"sat", "sun"}))


def local(day, clock="12:00"):
    return datetime.fromisoformat(f"2026-{day}T{clock}").replace(tzinfo=MADRID)


@pytest.mark.parametrize(
    ("schedule", "now", "due"),
    [
        (MONDAY, local("11-16", "08:59"), None),
        (MONDAY, local("11-16", "09:00"), local("11-16", "09:00")),
        (MONDAY, local("11-19", "08:59"), local("11-16", "09:00")),
        (MONDAY, local("11-19", "09:00"), None),
        # Clocks go forward on March 29 and back on October 25.
        (MONDAY, local("03-30", "09:00"), local("03-30", "09:00")),
        (MONDAY, local("10-26", "08:59"), None),
        (MONDAY, local("10-26", "09:00"), local("10-26", "09:00")),
        (DigestSchedule("mon", time(9), MADRID, QUIET), local("11-16", "09:59"), None),
        (DigestSchedule("mon", time(9), MADRID, QUIET), local("11-16", "10:00"), local("11-16", "09:00")),
        (DigestSchedule("sat", time(12), MADRID, QUIET), local("11-14"), None),
        (DigestSchedule("sat", time(12), MADRID, QUIET), local("11-16"), local("11-14")),
    ],
)
def test_it_is_due_from_its_local_time_for_three_days_and_waits_for_quiet_hours(schedule, now, due):
    assert schedule.due(now) == due


def test_each_moment_has_at_most_one_digest_and_each_week_exactly_one():
    start = local("10-19", "00:00")
    times = [start + timedelta(minutes=30 * step) for step in range(2 * 24 * 28)]
    assert len({MONDAY.due(at) for at in times} - {None}) == 4

"""An old check is never shown as the current state."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.drift.freshness import current_checks, with_last_complete
from bot.core.drift.model import Status
from tests.common.samples import SCALED, T0, check

SYNCED, DRIFTED = check(at=T0), check(at=T0, drift=(SCALED,))
FAILED = check(at=T0, status=Status.UNKNOWN, error="no answer")
EVERY = timedelta(minutes=5)


@pytest.mark.parametrize(
    ("age", "interval", "counts"),
    [
        (timedelta(), EVERY, True),
        (timedelta(minutes=15), EVERY, True),
        (timedelta(minutes=15, seconds=1), EVERY, False),
        (timedelta(minutes=10), timedelta(seconds=1), True),
        (timedelta(minutes=11), timedelta(seconds=1), False),
        (timedelta(hours=3), timedelta(hours=1), True),
        (-timedelta(minutes=15), EVERY, True),
        (-timedelta(days=365), EVERY, False),
    ],
)
def test_a_check_counts_until_three_more_were_due(age, interval, counts):
    for one in (SYNCED, DRIFTED):
        current = current_checks({"shop": one}, T0 + age, interval)["shop"]
        assert (current == one) is counts
        assert counts or (current.status, current.complete_at, current.drift) == (Status.UNKNOWN, T0, one.drift)


def test_a_failed_check_remembers_the_last_complete_one():
    first = with_last_complete(replace(FAILED, at=T0 + EVERY), SYNCED)
    second = with_last_complete(replace(FAILED, at=T0 + 2 * EVERY), first)
    assert (first.complete_at, second.complete_at) == (T0, T0)
    assert with_last_complete(SYNCED, second) == SYNCED
    assert with_last_complete(FAILED, None) == FAILED
    outdated = current_checks({"shop": second}, T0 + timedelta(days=1), EVERY)["shop"]
    assert outdated.complete_at == T0

"""Which requests are interrupted, and when to stop trying."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.access.audit import Origin
from bot.core.pull_requests.intent import MAX_AGE, MAX_ATTEMPTS, AdoptRequest, Intent, is_given_up, is_interrupted

T0 = datetime(2026, 11, 21, tzinfo=UTC)
LEASE = timedelta(minutes=10)
INTENT = Intent("i1", AdoptRequest("shop"), "U1", "ana", "C1", Origin.COMMAND, T0, T0, "this")


@pytest.mark.parametrize(
    ("process", "failed", "lease", "after", "interrupted"),
    [
        ("this", set(), LEASE, 10 * LEASE, False),
        ("this", {"i1"}, LEASE, timedelta(0), True),
        ("other", set(), LEASE, LEASE - timedelta(seconds=1), False),
        ("other", set(), LEASE, LEASE, True),
        ("other", set(), timedelta(0), timedelta(0), True),
        ("other", set(), timedelta(0), timedelta(hours=-3), True),  # the clock was set back
    ],
)
def test_an_intent_is_interrupted_when_no_process_is_at_it(process, failed, lease, after, interrupted):
    assert is_interrupted(INTENT, process=process, failed=failed, lease=lease, now=T0 + after) is interrupted


@pytest.mark.parametrize(
    ("attempts", "after", "given_up"),
    [
        (MAX_ATTEMPTS - 1, MAX_AGE - timedelta(seconds=1), False),
        (MAX_ATTEMPTS, timedelta(0), True),
        (1, MAX_AGE, True),
    ],
)
def test_an_intent_is_given_up_after_some_processes_or_a_day(attempts, after, given_up):
    assert is_given_up(replace(INTENT, attempts=attempts), T0 + after) is given_up

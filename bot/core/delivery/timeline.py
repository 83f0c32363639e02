"""Merges and incidents over time, for a chart."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from itertools import pairwise
from typing import Final

from bot.core.delivery.change import Change
from bot.core.delivery.incident_record import IncidentRecord
from bot.core.delivery.metrics import Period

_DAY = timedelta(days=1)
_MAX_DAILY: Final = 14  # days; a longer period has one bar a week
_MAX_BARS: Final = 20  # of a chart in Slack


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a period: how many merges went live, how many merges failed, and how many incidents began."""

    period: Period
    deployments: int
    failed: int
    incidents: int


def timeline(changes: Sequence[Change], incidents: Sequence[IncidentRecord], period: Period) -> tuple[Bar, ...]:
    """The period in days (UTC), of which the first and the last may be shorter, or in weeks if it is long."""
    if period.length <= _MAX_DAILY * _DAY:
        midnight = period.start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        days = (midnight + _DAY * number for number in range(1, _MAX_DAILY + 2))
        ends = [*(day for day in days if day < period.end), period.end]
    else:
        step = max(7 * _DAY, period.length / _MAX_BARS)
        ends = [period.end - step * index for index in range(math.ceil(period.length / step))][::-1]
    periods = [Period(start, end) for start, end in pairwise([period.start, *ends])]
    return tuple(
        Bar(
            part,
            deployments=sum(change.live_at in part for change in changes),
            failed=sum(change.has_failed is True and change.at in part for change in changes),
            incidents=sum(incident.since in part for incident in incidents),
        )
        for part in periods
    )

"""Merges and incidents over time, for a chart."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
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
    """The period in days, or in weeks if it is long; the first bar may be shorter."""
    step = _DAY if period.length <= _MAX_DAILY * _DAY else max(7 * _DAY, period.length / _MAX_BARS)
    count = math.ceil(period.length / step)
    ends = [period.end - step * index for index in range(count)][::-1]
    periods = [Period(max(period.start, end - step), end) for end in ends]
    return tuple(
        Bar(
            part,
            deployments=sum(change.live_at in part for change in changes),
            failed=sum(change.has_failed is True and change.at in part for change in changes),
            incidents=sum(incident.since in part for incident in incidents),
        )
        for part in periods
    )

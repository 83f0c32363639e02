"""Reads the data for a delivery report."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from bot.core.applications.application import Application
from bot.core.delivery.metrics import Period
from bot.core.delivery.report import LOOKBACK, Report, build_needs_attention, build_report
from bot.ports.store import Store


def read_report(
    store: Store,
    applications: Mapping[str, Application],
    now: datetime,
    length: timedelta,
    only: Collection[str] | None = None,
) -> Report:
    """The report for the last period of this length, on the applications in `only` or on all. Raises StoreError."""
    period = Period.last(length, now)
    needs_attention = build_needs_attention(
        store.incidents.unsettled(), store.pull_requests.unsettled(), store.rollouts.unsettled(), only
    )
    return build_report(
        store.rollouts.deployments(period.before.start - LOOKBACK),
        store.incidents.records(period.before.start),
        needs_attention,
        applications,
        period,
        only,
    )

"""The delivery metrics of one period, as defined in docs/metrics.md."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from bot.core.delivery.change import Change
from bot.core.delivery.incident_record import IncidentRecord


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` up to, but not including, `end`."""

    start: datetime
    end: datetime

    @classmethod
    def last(cls, length: timedelta, now: datetime) -> "Period":
        """The period of this length that ends now."""
        return cls(now - length, now)

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.end - self.start

    @property
    def before(self) -> "Period":
        """The period of the same length before it."""
        return Period(self.start - self.length, self.start)

    def __contains__(self, at: datetime | None) -> bool:
        return at is not None and self.start <= at < self.end


@dataclass(frozen=True, slots=True)
class Durations:
    """How long something took, `count` times. `median` and `p90` are None if `count` is 0.

    `p90` is the shortest duration that at least 90% don't exceed. `unknown` counts the cases whose duration isn't
    known, or not yet.
    """

    count: int = 0
    median: timedelta | None = None
    p90: timedelta | None = None
    unknown: int = 0

    @classmethod
    def of(cls, durations: Iterable[timedelta], unknown: int = 0) -> "Durations":
        """A summary of the durations. Negative ones, which come from clocks that differ, count as zero."""
        seconds = sorted(max(0.0, duration.total_seconds()) for duration in durations)
        if not seconds:
            return cls(unknown=unknown)
        p90 = seconds[-(-9 * len(seconds) // 10) - 1]  # the nearest rank, rounded up
        return cls(len(seconds), timedelta(seconds=median(seconds)), timedelta(seconds=p90), unknown)


@dataclass(frozen=True, slots=True)
class FailureRate:
    """How many of the changes whose outcome is known have failed. `unknown` counts the other changes."""

    failed: int = 0
    total: int = 0
    unknown: int = 0

    @property
    def share(self) -> float | None:
        """From 0 to 1; None if no outcome is known."""
        return self.failed / self.total if self.total else None


@dataclass(frozen=True, slots=True)
class DeliveryMetrics:
    """The numbers of one period. `deployments` counts merges that went live, and `incidents` incidents that began.

    The lead time runs from the merge, `lead_time_from_commit` from its first commit.
    """

    period: Period
    deployments: int
    incidents: int
    lead_time: Durations
    lead_time_from_commit: Durations
    failures: FailureRate
    time_to_acknowledge: Durations
    time_to_restore_drift: Durations
    time_to_restore_merges: Durations

    @property
    def deployments_per_day(self) -> float:
        """The deployment frequency."""
        return self.deployments / (self.period.length / timedelta(days=1))


def measure(changes: Sequence[Change], incidents: Sequence[IncidentRecord], period: Period) -> DeliveryMetrics:
    """The metrics of a period, from at least all changes and incidents related to it."""
    live = [change for change in changes if change.live_at in period]
    return DeliveryMetrics(
        period=period,
        deployments=len(live),
        incidents=sum(incident.since in period for incident in incidents),
        lead_time=_lead_time((change.merged_at, change.live_at) for change in live),
        lead_time_from_commit=_lead_time((change.first_commit_at, change.live_at) for change in live),
        failures=_failures(change for change in changes if change.at in period),
        time_to_acknowledge=_time_to_acknowledge(incidents, period),
        time_to_restore_drift=_time_to_restore(
            (
                (incident.since, None if incident.ended == "unwatched" else incident.resolved_at)
                for incident in incidents
            ),
            period,
        ),
        time_to_restore_merges=_time_to_restore(
            ((change.failed_at, change.restored_at) for change in changes if change.failed_at), period
        ),
    )


def _lead_time(deployed: Iterable[tuple[datetime | None, datetime | None]]) -> Durations:
    spans = [live_at - start if start and live_at else None for start, live_at in deployed]
    known_spans = [span for span in spans if span is not None]
    return Durations.of(known_spans, unknown=len(spans) - len(known_spans))


def _failures(changes: Iterable[Change]) -> FailureRate:
    outcomes = [change.has_failed for change in changes]
    unknown = outcomes.count(None)
    return FailureRate(outcomes.count(True), len(outcomes) - unknown, unknown)


def _time_to_acknowledge(incidents: Iterable[IncidentRecord], period: Period) -> Durations:
    """Zero for an incident that was acknowledged before it was announced, during quiet hours."""
    durations, unknown = [], 0
    for incident in incidents:
        start, at = incident.announced_at or incident.since, incident.acknowledged_at
        if at is not None and at in period:
            durations.append(at - start)
        unknown += start in period and (at is None or at >= period.end)
    return Durations.of(durations, unknown)


def _time_to_restore(failures: Iterable[tuple[datetime | None, datetime | None]], period: Period) -> Durations:
    durations, unknown = [], 0
    for failed_at, restored_at in failures:
        if failed_at and restored_at and restored_at in period:
            durations.append(restored_at - failed_at)
        unknown += failed_at in period and (restored_at is None or restored_at >= period.end)
    return Durations.of(durations, unknown)

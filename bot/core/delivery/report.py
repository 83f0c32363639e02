"""The delivery report: the metrics of a period and the one before, in total and by application, owner and cluster."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from operator import attrgetter
from typing import Final

from bot.core.applications.application import Application
from bot.core.delivery.change import Change, TracedDeployment, changes, trace
from bot.core.delivery.deployment import Deployment
from bot.core.delivery.incident_record import UNKNOWN_TOOL, IncidentRecord
from bot.core.delivery.metrics import DeliveryMetrics, FailureRate, Period, measure
from bot.core.delivery.timeline import Bar, timeline
from bot.core.incidents.incident import Incident
from bot.core.incidents.selection import active_incidents
from bot.core.pull_requests.tracked_pull_request import TrackedPullRequest
from bot.core.rollouts.rollout import Rollout, RolloutState

# How much older than the earlier period merges may be: later ones may replace or restore them.
LOOKBACK: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Scope:
    """What some metrics are about: an application, an owner (a Slack user or user group ID) or a cluster."""

    name: str
    metrics: DeliveryMetrics
    before: DeliveryMetrics


@dataclass(frozen=True, slots=True)
class NeedsAttention:
    """What needs someone now: open incidents, reverts that are not merged, and merges that are late or degraded."""

    incidents: tuple[Incident, ...] = ()
    reverts: tuple[TrackedPullRequest, ...] = ()
    rollouts: tuple[Rollout, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a report shows. `application` is set if the report is on only one.

    Scopes with nothing to report are left out, and the worst come first. `drifted_by` holds the tools that caused the
    period's incidents, with the number of incidents; UNKNOWN_TOOL is for those where the API server recorded none.
    """

    application: str | None
    total: Scope
    applications: tuple[Scope, ...]
    owners: tuple[Scope, ...]
    clusters: tuple[Scope, ...]
    drifted_by: tuple[tuple[str, int], ...]
    timeline: tuple[Bar, ...]
    needs_attention: NeedsAttention

    @property
    def period(self) -> Period:
        """The period that it covers."""
        return self.total.metrics.period

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened in the period or the one before, and nothing needs anyone now."""
        return not (_is_active(self.total) or self.needs_attention != NeedsAttention())


def build_report(
    deployments: Iterable[Deployment],
    incidents: Iterable[IncidentRecord],
    needs_attention: NeedsAttention,
    applications: Mapping[str, Application],
    period: Period,
    only: Collection[str] | None = None,
) -> Report:
    """The report on the applications in `only`, or on all.

    `applications` provide the owners. `deployments` must go back LOOKBACK before the earlier period, since a merge is
    related to the others of its applications.
    """
    is_included = (lambda _: True) if only is None else only.__contains__
    traced = [item for item in trace(deployments) if is_included(item.deployment.application)]
    merged = changes(traced)
    records = [incident for incident in incidents if is_included(incident.application)]

    def scopes(names_of: Callable[[str, str], Iterable[str]]) -> tuple[Scope, ...]:
        return _scopes(traced, records, period, names_of)

    def owners_of(application: str, _cluster: str) -> Iterable[str]:
        return applications[application].owners if application in applications else ()

    tools = Counter(tool for record in records if record.since in period for tool in record.tools)
    name = next(iter(only)) if only is not None and len(only) == 1 else None
    return Report(
        application=name,
        total=_scope("", merged, records, period),
        applications=scopes(lambda application, _: (application,)),
        owners=scopes(owners_of),
        clusters=scopes(lambda _, cluster: (cluster,)),
        drifted_by=tuple(sorted(tools.items(), key=lambda item: (-item[1], item[0] == UNKNOWN_TOOL, item[0]))),
        timeline=timeline(merged, records, period),
        needs_attention=needs_attention,
    )


def build_needs_attention(
    incidents: Iterable[Incident],
    pulls: Iterable[TrackedPullRequest],
    rollouts: Iterable[Rollout],
    only: Collection[str] | None = None,
) -> NeedsAttention:
    """What needs someone in the applications in `only`, or in all, oldest first."""

    def is_included(names: Iterable[str]) -> bool:
        return only is None or any(name in only for name in names)

    reverts = (
        pull for pull in pulls if pull.state == "open" and pull.purpose == "revert" and is_included(pull.applications)
    )
    late_or_degraded = (
        rollout
        for rollout in rollouts
        if rollout.state in (RolloutState.LATE, RolloutState.DEGRADED)
        and not rollout.is_over
        and is_included(part.application for part in rollout.parts)
    )
    return NeedsAttention(
        tuple(sorted(active_incidents(incidents, only), key=attrgetter("since"))),
        tuple(sorted(reverts, key=attrgetter("opened_at"))),
        tuple(sorted(late_or_degraded, key=attrgetter("merged_at"))),
    )


def _scopes(
    traced: Sequence[TracedDeployment],
    records: Sequence[IncidentRecord],
    period: Period,
    names_of: Callable[[str, str], Iterable[str]],
) -> tuple[Scope, ...]:
    """A scope for each name that `names_of` gives an application and cluster, if it has something to report."""
    deployments: dict[str, list[TracedDeployment]] = {}
    incidents: dict[str, list[IncidentRecord]] = {}
    for item in traced:
        for name in names_of(item.deployment.application, item.deployment.cluster):
            deployments.setdefault(name, []).append(item)
    for record in records:
        for name in names_of(record.application, record.cluster):
            incidents.setdefault(name, []).append(record)
    scopes = (
        _scope(name, changes(deployments.get(name, ())), incidents.get(name, ()), period)
        for name in deployments.keys() | incidents.keys()
    )
    return tuple(sorted(filter(_is_active, scopes), key=_worst_first))


def _scope(name: str, merged: Sequence[Change], records: Sequence[IncidentRecord], period: Period) -> Scope:
    return Scope(name, measure(merged, records, period), measure(merged, records, period.before))


def _is_active(scope: Scope) -> bool:
    return any(
        metrics.deployments or metrics.incidents or metrics.failures != FailureRate()
        for metrics in (scope.metrics, scope.before)
    )


def _worst_first(scope: Scope) -> tuple[int, int, float, str]:
    """By failed merges, then by incidents, then by the slowest lead time."""
    metrics = scope.metrics
    lead_time = metrics.lead_time.median.total_seconds() if metrics.lead_time.median else 0
    return -metrics.failures.failed, -metrics.incidents, -lead_time, scope.name

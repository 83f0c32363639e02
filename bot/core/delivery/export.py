"""The delivery report as JSON and CSV. Durations are in seconds, rates from 0 to 1; unknown is null or empty."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, Final

from bot.core.access.audit_export import Row, instant
from bot.core.delivery.metrics import DeliveryMetrics, Durations
from bot.core.delivery.report import Report, Scope

_DURATIONS: Final = (
    "lead_time",
    "lead_time_from_commit",
    "time_to_acknowledge",
    "time_to_restore_drift",
    "time_to_restore_merges",
)
_PARTS: Final = ("count", "unknown", "median", "p90")
COLUMNS: Final = (
    *("start", "end", "scope", "name", "deployments", "deployments_per_day", "incidents"),
    *("changes", "failed_changes", "unknown_changes", "change_failure_rate"),
    *(f"{name}_{part}" for name in _DURATIONS for part in _PARTS),
)


def document(report: Report) -> dict[str, Any]:
    """The report as one JSON object."""
    return {
        "application": report.application,
        "total": _scope(report.total),
        "applications": _named(report.applications),
        "owners": _named(report.owners),
        "clusters": _named(report.clusters),
        "drifted_by": [{"tool": tool or None, "incidents": count} for tool, count in report.drifted_by],
        "waiting": {
            "incidents": [
                {"application": incident.application, "cluster": incident.cluster, "since": instant(incident.since)}
                for incident in report.needs_attention.incidents
            ],
            "rollouts": [
                {"revision": rollout.revision, "subject": rollout.subject, "merged_at": instant(rollout.merged_at)}
                for rollout in report.needs_attention.rollouts
            ],
            "reverts": [
                {"url": pull.url, "title": pull.title, "opened_at": instant(pull.opened_at)}
                for pull in report.needs_attention.reverts
            ],
        },
    }


def rows(report: Report) -> Iterator[Row]:
    """A row for each scope and each of the two periods, by `COLUMNS`."""
    scopes = {
        "total": (report.total,),
        "application": report.applications,
        "owner": report.owners,
        "cluster": report.clusters,
    }
    for kind, named in scopes.items():
        for scope in named:
            for metrics in (scope.metrics, scope.before):
                yield _row(kind, scope.name, metrics)


def _named(scopes: Iterable[Scope]) -> list[dict[str, Any]]:
    return [{"name": scope.name, **_scope(scope)} for scope in scopes]


def _scope(scope: Scope) -> dict[str, Any]:
    return {"metrics": _metrics(scope.metrics), "before": _metrics(scope.before)}


def _metrics(metrics: DeliveryMetrics) -> dict[str, Any]:
    failures = metrics.failures
    return {
        "start": instant(metrics.period.start),
        "end": instant(metrics.period.end),
        "deployments": metrics.deployments,
        "deployments_per_day": round(metrics.deployments_per_day, 3),
        "incidents": metrics.incidents,
        "changes": failures.total,
        "failed_changes": failures.failed,
        "unknown_changes": failures.unknown,
        "change_failure_rate": failures.share if failures.share is None else round(failures.share, 4),
        **{name: _durations(getattr(metrics, name)) for name in _DURATIONS},
    }


def _durations(durations: Durations) -> dict[str, Any]:
    values = (durations.count, durations.unknown, _seconds(durations.median), _seconds(durations.p90))
    return dict(zip(_PARTS, values, strict=True))


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()


def _row(kind: str, name: str, metrics: DeliveryMetrics) -> Row:
    values = _metrics(metrics)
    spans = {f"{key}_{part}": value for key in _DURATIONS for part, value in values.pop(key).items()}
    return {
        column: "" if value is None else str(value)
        for column, value in {"scope": kind, "name": name, **values, **spans}.items()
    }

"""Add the tables for delivery metrics, and fill them from the stored rollouts and incidents."""

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_Body = dict[str, Any]

_DEPLOYMENTS = (
    *("rollout", "application", "cluster", "revision", "merged_at", "outcome"),
    *("first_commit_at", "live_at", "failed_at", "recovered_at", "reverts", "merges"),
)
_RECORDS = ("id", "application", "cluster", "since", "announced_at", "acknowledged_at", "resolved_at", "ended", "tools")
_NULLABLE = {
    *("first_commit_at", "live_at", "failed_at", "recovered_at"),
    *("announced_at", "acknowledged_at", "resolved_at", "ended"),
}
_STUCK_AFTER = timedelta(minutes=2)


def upgrade() -> None:
    """Create and fill both tables."""
    _create("deployments", _DEPLOYMENTS, keys=("rollout", "application"), index="merged_at")
    _create("incident_records", _RECORDS, keys=("id",), index="resolved_at")
    _fill("rollouts", "deployments", _DEPLOYMENTS, _deployments)
    _fill("incidents", "incident_records", _RECORDS, _records)


def _create(name: str, columns: Iterable[str], *, keys: tuple[str, ...], index: str) -> None:
    op.create_table(
        name,
        *(
            sa.Column(
                column,
                sa.Integer if column == "merges" else sa.Text,
                primary_key=column in keys,
                nullable=column in _NULLABLE,
            )
            for column in columns
        ),
        if_not_exists=True,
    )
    op.create_index(f"ix_{name}_{index}", name, [index], if_not_exists=True)


def _fill(source: str, target: str, columns: Iterable[str], rows_of: Callable[[_Body], Iterable[_Body]]) -> None:
    connection = op.get_bind()
    bodies = sa.table(source, sa.column("body"))
    filled = sa.table(target, *map(sa.column, columns))
    connection.execute(filled.delete())
    # In pages, since all bodies at once may take hundreds of megabytes.
    for body in connection.execute(sa.select(bodies.c.body), execution_options={"yield_per": 500}).scalars():
        try:
            rows = list(rows_of(json.loads(body)))
        except (ValueError, KeyError, TypeError, RecursionError):  # the bot also skips such a row
            continue
        for row in rows:
            connection.execute(filled.insert().values(**row))


def _deployments(rollout: _Body) -> Iterator[_Body]:
    ended_at = _time(rollout.get("ended_at"))
    for application, part in {part["application"]: part for part in rollout["parts"]}.items():
        live_at, stuck_since = _time(part.get("live_at")), _time(part.get("stuck_since"))
        degraded_at = _time(part.get("degraded_at"))
        lasted = ended_at is not None and stuck_since is not None and ended_at - stuck_since >= _STUCK_AFTER
        unready = (part.get("pending") or {}).get("unready") or ()
        has_failed = ended_at is not None and any(item.get("failed") for item in unready)
        was_stuck = live_at is None and (lasted or has_failed)
        outcome = "in progress"
        if rollout["state"] == "reverted":
            outcome = "reverted"
        elif degraded_at:
            outcome = "failed"
        elif live_at:
            outcome = "watched" if part.get("watched_until") else "succeeded"
        elif rollout["state"] == "superseded":
            outcome = "failed" if was_stuck else "interrupted"
        yield {
            "rollout": rollout["id"],
            "application": application,
            "cluster": part["cluster"],
            "revision": rollout["revision"],
            "merged_at": _stored(_time(rollout["merged_at"])),
            "outcome": outcome,
            "first_commit_at": None,
            "live_at": _stored(live_at),
            "failed_at": _stored(stuck_since if was_stuck else degraded_at),
            "recovered_at": _stored(_time(part.get("recovered_at"))),
            "reverts": json.dumps(rollout.get("reverts") or []),
            "merges": rollout.get("merges", 1),
        }


def _records(incident: _Body) -> Iterator[_Body]:
    if incident["state"] == "suspected":
        return
    events = incident.get("history") or []
    acknowledged = next((event["at"] for event in events if event["kind"] == "acknowledged"), None)
    drift = incident.get("worst") or incident["drift"]
    yield {
        "id": incident["id"],
        "application": incident["application"],
        "cluster": incident["cluster"],
        "since": _stored(_time(incident["since"])),
        "announced_at": _stored(_time(incident.get("announced_at"))),
        "acknowledged_at": _stored(_time(acknowledged)),
        "resolved_at": _stored(_time(incident.get("resolved_at"))),
        "ended": incident.get("ended"),
        "tools": json.dumps(sorted({tool for found in drift for tool in _tools(found)}), ensure_ascii=False),
    }


def _tools(drift: _Body) -> set[str]:
    written = drift.get("fields") or [drift]
    return {(one.get("actor") or {}).get("tool") or one.get("manager") or "" for one in written}


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _stored(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="microseconds") if at else None

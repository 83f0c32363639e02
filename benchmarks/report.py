"""A delivery report on 10,000 rollouts and 2,000 incidents of 90 days. Run it with `make bench`."""

import platform
import random
import statistics
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from bot.adapters.database.store import SqlStore
from bot.adapters.database.tables import deployments, incident_records
from bot.core.delivery.deployment import DeploymentOutcome
from bot.handlers.queries.report import read_report

ROLLOUTS = 10_000
INCIDENTS = 2_000
APPLICATIONS = 100
NOW = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 90


def fill(store: SqlStore) -> None:
    chance = random.Random(7)  # noqa: S311  repeatable
    outcomes = [DeploymentOutcome.SUCCEEDED] * 18 + [DeploymentOutcome.FAILED, DeploymentOutcome.INTERRUPTED]
    deployed, recorded = [], []
    for number in range(ROLLOUTS):
        merged_at = NOW - timedelta(days=DAYS * (1 - number / ROLLOUTS))
        outcome = chance.choice(outcomes)
        live_at = merged_at + timedelta(seconds=chance.randrange(30, 900))
        is_failed = outcome is DeploymentOutcome.FAILED
        deployed.append(
            {
                "rollout": f"platform@{number:040}",
                "application": f"shop-{chance.randrange(APPLICATIONS)}",
                "cluster": "prod",
                "revision": f"{number:040}",
                "merged_at": merged_at,
                "outcome": outcome,
                "first_commit_at": merged_at - timedelta(minutes=chance.randrange(5_000)),
                "live_at": None if outcome is DeploymentOutcome.INTERRUPTED else live_at,
                "failed_at": live_at + timedelta(minutes=5) if is_failed else None,
                "recovered_at": None,
                "reverts": (),
                "merges": 1,
            }
        )
    for number in range(INCIDENTS):
        since = NOW - timedelta(days=DAYS * (1 - number / INCIDENTS))
        recorded.append(
            {
                "id": f"incident {number}",
                "application": f"shop-{chance.randrange(APPLICATIONS)}",
                "cluster": "prod",
                "since": since,
                "announced_at": since + timedelta(seconds=30),
                "acknowledged_at": since + timedelta(minutes=chance.randrange(60)),
                "resolved_at": since + timedelta(minutes=60),
                "ended": "cluster",
                "tools": ("kubectl",),
            }
        )
    with store.database.begin() as connection:
        connection.execute(sa.insert(deployments), deployed)
        connection.execute(sa.insert(incident_records), recorded)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, closing(SqlStore(f"sqlite:///{Path(folder, 'state.db')}")) as store:
        fill(store)
        print("| report | wall, best of 5 | CPU, median |\n|---|---:|---:|")
        for days in (7, 30, 90):
            wall, cpu = [], []
            for _ in range(5):
                start, cpu_start = time.perf_counter(), time.process_time()
                report = read_report(store, {}, NOW, timedelta(days=days))
                wall.append(time.perf_counter() - start)
                cpu.append(time.process_time() - cpu_start)
            deployed = report.total.metrics.deployments
            print(f"| {days} days, {deployed:,} deployments | {min(wall):.2f} s | {statistics.median(cpu):.2f} s |")
    print(f"\n{platform.system()} {platform.machine()}, Python {platform.python_version()}")


if __name__ == "__main__":
    main()

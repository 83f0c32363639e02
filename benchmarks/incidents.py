"""What incidents cost when 500 applications of one cluster drift at once, and are reverted. Run it with `make bench`.

Measures what follows a comparison: checks are saved, and incidents are opened, posted as one card, resolved, and
settled. The store is SQLite on disk, and Slack is the sandbox's. The baseline opens a connection for each operation.
"""

import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import sqlalchemy as sa
from slack_sdk import WebClient

from bot.adapters.database.store import SqlStore
from bot.adapters.rendering.programs import ProgramRenderer
from bot.adapters.slack.chat import SlackChat
from bot.core.applications.application import Application
from bot.core.drift.model import Check, FieldDrift, ObjectDrift, Status
from bot.core.git.repository_ref import RepositoryRef
from bot.core.incidents.alerting import AlertPolicy
from bot.core.incidents.incident import UNKNOWN_RESOLUTION
from bot.handlers.incidents.record import apply_timers_to_all, record
from bot.handlers.slack.cards import CardReconciler
from bot.i18n.language import ENGLISH
from bot.ports import Ports
from bot.sandbox.slack import Rates, SandboxSlack

MANY = 500
T0 = datetime(2026, 3, 1, 2, 47, tzinfo=UTC)
CHANNEL = "C0ALERTS01"
FIELD = FieldDrift("changed", "spec.replicas", 2, 7, "kubectl", T0)
DRIFT = (ObjectDrift("apps/v1", "Deployment", "shop", "web", "modified", (FIELD,)),)
STEPS = (
    ("500 applications drift: first check", Status.OUT_OF_SYNC),
    ("second check: one card for all", Status.OUT_OF_SYNC),
    ("a check without changes", Status.OUT_OF_SYNC),
    ("all are in sync again: posted and settled", Status.SYNCED),
)


@dataclass
class Bench:
    """The part of the bot that stores and posts incidents, with a clock that the benchmark sets."""

    store: SqlStore
    slack: SandboxSlack
    now: datetime = T0

    def __post_init__(self) -> None:
        chat = SlackChat(WebClient("xoxb-sandbox", base_url=self.slack.api_url, retry_handlers=[]))
        unused: Any = None
        self.ports = Ports({}, {}, {}, unused, ProgramRenderer(), unused, self.store, chat, lambda: self.now)
        self.reconciler = CardReconciler(self.store, chat, lambda: self.now, lambda _: ENGLISH, AlertPolicy())

    def check(self, status: Status) -> None:
        """A check of every application half a minute later, and what follows from it."""
        self.now += timedelta(seconds=30)
        drift = DRIFT if status is Status.OUT_OF_SYNC else ()
        checks = [Check(f"shop-{n}", "prod", "a" * 40, status, None, 3, self.now, drift) for n in range(MANY)]
        self.store.checks.save(checks)
        for check in checks:
            application = Application(check.application, RepositoryRef("platform"), "apps", "prod", "shop", CHANNEL)
            record(
                self.ports,
                application,
                check,
                rolling=False,
                looks=2,
                longest_hold=timedelta(minutes=10),
                resolution=UNKNOWN_RESOLUTION,
            )
        apply_timers_to_all(self.store, self.now, AlertPolicy())
        self.reconciler.reconcile()


def seconds(step: Callable[[], None]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    step()
    return time.perf_counter() - wall, time.process_time() - cpu


def run(create_engine: Callable[..., sa.Engine]) -> list[tuple[float, float]]:
    with (
        patch.object(sa, "create_engine", create_engine),
        tempfile.TemporaryDirectory() as folder,
        SandboxSlack(rates=Rates.unlimited()).serve() as slack,
    ):
        bench = Bench(SqlStore(f"sqlite:///{Path(folder, 'state.db')}"), slack)
        try:
            times = [seconds(partial(bench.check, status)) for _, status in STEPS]
            unsettled, cards = (
                len(bench.store.incidents.unsettled()),
                len([m for m in slack.messages(CHANNEL) if not m.reply]),
            )
        finally:
            bench.store.close()
    if (unsettled, cards) != (0, 1):
        raise SystemExit(f"expected one card and no unsettled incident, not {cards} and {unsettled}")
    return times


def main() -> None:
    pooled = sa.create_engine
    ours = run(pooled)
    baseline = run(lambda url, **_: pooled(url, poolclass=sa.pool.NullPool))
    print("| | wall | CPU | wall, a connection for each operation |\n|---|---:|---:|---:|")
    for (name, _), (wall, cpu), (slow, _) in zip(STEPS, ours, baseline, strict=True):
        print(f"| {name} | {wall:.2f} s | {cpu:.2f} s | {slow:.2f} s |")
    print(f"\n{platform.system()} {platform.machine()}, Python {platform.python_version()}")


if __name__ == "__main__":
    main()

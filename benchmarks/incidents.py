"""500 applications of one cluster drift at once, and are put back: what keeping that costs. Run it with `make bench`.

Measured is what follows the comparing: checks saved, incidents opened, told as one card, resolved, told again and
settled, on SQLite on disk and with the sandbox's Slack. Beside it stands the naive store, which opens its database anew
for each operation.
"""

import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from slack_sdk import WebClient

from bot.adapters.database import engine as engine_module
from bot.adapters.database.store import SqlStore
from bot.adapters.rendering.programs import ProgramRenderer
from bot.adapters.slack.chat import SlackChat
from bot.core.applications.application import Application
from bot.core.drift.model import Check, FieldDrift, ObjectDrift, Status
from bot.core.git.repository_ref import RepositoryRef
from bot.core.incidents.alerting import AlertPolicy
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
    ("500 drift at once, one look", Status.OUT_OF_SYNC),
    ("the second look: one card tells of all", Status.OUT_OF_SYNC),
    ("a look at which nothing has changed", Status.OUT_OF_SYNC),
    ("500 are back in sync: told and settled", Status.SYNCED),
)


@dataclass
class Bench:
    """The part of the bot that keeps incidents and tells them, with a clock that steps."""

    store: SqlStore
    slack: SandboxSlack
    now: datetime = T0

    def __post_init__(self) -> None:
        chat = SlackChat(WebClient("xoxb-sandbox", base_url=self.slack.api_url, retry_handlers=[]))
        self.ports = Ports({}, {}, {}, ProgramRenderer(), self.store, chat, lambda: self.now)
        self.keeper = CardReconciler(self.store, chat, lambda: self.now, lambda _: ENGLISH, AlertPolicy())

    def look(self, status: Status) -> None:
        """A check of every application half a minute later, and what follows from it."""
        self.now += timedelta(seconds=30)
        drift = DRIFT if status is Status.OUT_OF_SYNC else ()
        checks = [Check(f"shop-{n}", "prod", "a" * 40, status, None, 3, self.now, drift) for n in range(MANY)]
        self.store.checks.save(checks)
        for check in checks:
            application = Application(check.application, RepositoryRef("platform"), "apps", "prod", "shop", CHANNEL)
            record(self.ports, application, check, rolling=False, looks=2, cause_if_git_moved="git")
        apply_timers_to_all(self.store, self.now, AlertPolicy())
        self.keeper.reconcile()


def seconds(step: Callable[[], None]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    step()
    return time.perf_counter() - wall, time.process_time() - cpu


def run(create_engine: Callable[..., sa.Engine]) -> list[tuple[float, float]]:
    engine_module.sa.create_engine = create_engine
    with tempfile.TemporaryDirectory() as folder, SandboxSlack(rates=Rates.unlimited()).serve() as slack:
        bench = Bench(SqlStore(f"sqlite:///{Path(folder, 'state.db')}"), slack)
        try:
            times = [seconds(lambda status=status: bench.look(status)) for _, status in STEPS]
            unsettled, cards = (
                len(bench.store.incidents.unsettled()),
                len([m for m in slack.messages(CHANNEL) if not m.reply]),
            )
        finally:
            bench.store.close()
    if (unsettled, cards) != (0, 1):
        raise SystemExit(f"expected one card and nothing left: {cards} cards, {unsettled} incidents unsettled")
    return times


def main() -> None:
    pooled = sa.create_engine
    ours = run(pooled)
    naive = run(lambda url, **_: pooled(url, poolclass=sa.pool.NullPool))
    print("| | wall | CPU | wall, a connection an operation |\n|---|---:|---:|---:|")
    for (name, _), (wall, cpu), (slow, _) in zip(STEPS, ours, naive, strict=True):
        print(f"| {name} | {wall:.2f} s | {cpu:.2f} s | {slow:.2f} s |")
    print(f"\n{platform.system()} {platform.machine()}, Python {platform.python_version()}")


if __name__ == "__main__":
    main()

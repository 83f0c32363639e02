"""The bot in the sandbox: a local Slack, forge and cluster, a small shop, and the very bot that runs for real."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from bot.adapters.database.store import SqlStore
from bot.app import Bot
from bot.config import load
from bot.core.drift.model import Check
from bot.sandbox.cluster.server import SandboxCluster
from bot.sandbox.forge import SandboxForge
from bot.sandbox.shop import Shop, seed
from bot.sandbox.slack import SandboxSlack
from bot.sandbox.stack import SIGNING_SECRET, Stack, StackApplication
from bot.sandbox.tour import Tour
from bot.web import SLACK_PATH

ALERTS = "C0ALERTS01"
DEPLOYS = "C0DEPLOYS1"

# Quicker than the defaults: nobody watches a demo for five minutes.
SCHEDULE: Mapping[str, str] = {
    "drift": "5s",
    "git": "2s",
    "second_look": "2s",
    "rollout": "1s",
    "rollout_deadline": "2m",
}


@dataclass
class Demo:
    """Everything that `gitops-bot demo` runs. `port` is the page's; the forge and the cluster take the two after it.

    With port 0 all take free ones. OSError when a port is taken. The state lives in a temporary folder until `stop`.
    """

    port: int = 0
    schedule: Mapping[str, str] = field(default_factory=lambda: SCHEDULE)
    deploy_delay: float = 3.0
    revert_allowed: tuple[str, ...] = ("*",)
    people: Mapping[str, str] = field(default_factory=dict)  # slack.people
    mode: str = "socket"  # or "http": Slack then sends signed requests to the bot
    # What else the configuration says: of Slack, of the repository, and of applications by name.
    slack_settings: Mapping[str, object] = field(default_factory=dict)
    repository_settings: Mapping[str, object] = field(default_factory=dict)
    application_settings: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.slack = SandboxSlack()
        self.cluster = SandboxCluster()
        self._running = ExitStack()

    def start(self) -> Self:
        """Start everything; returns once the bot runs."""
        with ExitStack() as started:
            self._start(started)
            self._running = started.pop_all()
        return self

    def stop(self) -> None:
        """Stop everything, the bot first, and remove the state."""
        self._running.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The page."""
        return self.slack.url

    def checks(self) -> dict[str, Check]:
        """Each application's latest check, as the bot keeps it."""
        store = SqlStore(self.config.store)
        try:
            return store.checks.latest()
        finally:
            store.close()

    def welcome(self) -> str:
        """What the terminal says: where to look, and how to make drift with kubectl."""
        return (
            f"\n  The demo is running: {self.url}\n\n"
            f"  Pull requests are at {self.stack.forge_url}/{self.shop.repository}\n"
            f"  kubectl works too:   export KUBECONFIG={self.stack.kubeconfig}\n"
            f"                       kubectl -n shop scale deploy/web --replicas=9\n\n"
            f"  Stop it with Ctrl-C.\n"
        )

    def _start(self, started: ExitStack) -> None:
        folder = Path(started.enter_context(TemporaryDirectory(prefix="gitops-bot-demo-", ignore_cleanup_errors=True)))
        self.forge = SandboxForge(folder / "forge")
        self.shop: Shop = seed(self.forge, now=datetime.now(tz=UTC))
        remote = self.forge.repositories[self.shop.repository]
        self.tour = Tour(self.slack, self.cluster, remote, self.shop)
        self.slack.app.add_routes(self.tour.routes())
        self.stack = started.enter_context(
            Stack(
                self.slack,
                self.forge,
                self.cluster,
                remote,
                self.shop.applications,
                folder,
                port=self.port,
                deploy_delay=self.deploy_delay,
            )
        )
        self.config = load(self._write_config(), self.stack.environment)
        self.bot = Bot(self.config).start()
        started.callback(lambda: self.bot.stop())  # noqa: PLW0108  whichever bot runs by then
        if self.mode == "http":
            self.slack.deliver_http(f"http://127.0.0.1:{self.bot.web.port}{SLACK_PATH}", SIGNING_SECRET)
        self.tour.start(self.stack.forge_url)
        started.callback(self.tour.stop)

    def _write_config(self) -> Path:
        slack = {
            "channel": ALERTS,
            "revert_allowed": list(self.revert_allowed),
            "people": dict(self.people),
            "mode": self.mode,
            **self.slack_settings,
        }
        return self.stack.write_config(
            slack=slack,
            schedule=self.schedule,
            application=self._of_application,
            repository=self.repository_settings,
        )

    def _of_application(self, application: StackApplication) -> Mapping[str, object]:
        channel = ALERTS if application.cluster == "prod" else DEPLOYS
        return {"channel": channel, **self.application_settings.get(application.name, {})}

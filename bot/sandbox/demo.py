"""The demo: the real bot in a sandbox with a local Slack, forge and cluster, and a small shop to watch."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from bot.adapters.database.store import SqlStore
from bot.app import Bot
from bot.config.load import load
from bot.core.drift.model import Check
from bot.http_endpoints import SLACK_PATH
from bot.sandbox.cluster.server import SandboxCluster
from bot.sandbox.forge import SandboxForge
from bot.sandbox.shop import Shop, seed
from bot.sandbox.slack import SandboxSlack
from bot.sandbox.stack import SIGNING_SECRET, Stack, StackApplication
from bot.sandbox.tour import Tour

ALERTS = "C0ALERTS01"
DEPLOYS = "C0DEPLOYS1"

# Faster than the defaults: nobody watches a demo for five minutes.
SCHEDULE: Mapping[str, str] = {
    "drift": "5s",
    "git": "2s",
    "second_look": "2s",
    "rollout": "1s",
    "rollout_deadline": "2m",
}


@dataclass
class Demo:
    """Everything that `gitops-bot demo` runs. The page uses `port`, the forge and the cluster the next two.

    With port 0, all three use free ports. OSError when a port is in use. A temporary directory holds the state until
    `stop`.
    """

    port: int = 0
    schedule: Mapping[str, str] = field(default_factory=lambda: SCHEDULE)
    deploy_delay: float = 3.0
    revert_allowed: tuple[str, ...] = ("*",)
    people: Mapping[str, str] = field(default_factory=dict)  # slack.people
    mode: str = "socket"  # or "http": Slack sends signed requests to the bot
    # More settings for the configuration: for Slack, for the repository, and for applications by name.
    slack_settings: Mapping[str, object] = field(default_factory=dict)
    repository_settings: Mapping[str, object] = field(default_factory=dict)
    application_settings: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.slack = SandboxSlack()
        self.cluster = SandboxCluster()
        self._running = ExitStack()

    def start(self) -> Self:
        """Start everything; returns once the bot is running."""
        with ExitStack() as started:
            self._start(started)
            self._running = started.pop_all()
        return self

    def stop(self) -> None:
        """Stop the bot, then everything else, and remove the state."""
        self._running.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The URL of the page."""
        return self.slack.url

    def checks(self) -> dict[str, Check]:
        """Each application's latest check, from the bot's database."""
        store = SqlStore(self.config.store)
        try:
            return store.checks.latest()
        finally:
            store.close()

    def welcome(self) -> str:
        """The text for the terminal: the URLs, and how to cause drift with kubectl."""
        return (
            f"\n  The demo is running: {self.url}\n\n"
            f"  Pull requests:  {self.stack.forge_url}/{self.shop.repository}\n"
            f"  kubectl:        export KUBECONFIG={self.stack.kubeconfig}\n"
            f"                  kubectl -n shop scale deploy/web --replicas=9\n\n"
            f"  Press Ctrl-C to stop.\n"
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
        started.callback(lambda: self.bot.stop())  # noqa: PLW0108  tests replace self.bot
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

"""The bot in the sandbox: a local Slack, forge and cluster, a small shop, and the very bot that runs for real."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import yaml

from bot.adapters.store import SqlStore
from bot.app import Bot
from bot.config import load
from bot.core.drift import Check
from bot.sandbox.cluster.deployer import Deployer
from bot.sandbox.cluster.kubeconfig import write_kubeconfig
from bot.sandbox.cluster.server import SandboxCluster
from bot.sandbox.forge import SandboxForge
from bot.sandbox.server import Server
from bot.sandbox.shop import Shop, seed
from bot.sandbox.slack import SandboxSlack
from bot.sandbox.tour import Tour
from bot.web import SLACK_PATH

ALERTS = "C0ALERTS01"
DEPLOYS = "C0DEPLOYS1"
SIGNING_SECRET = "sandbox-signing-secret"  # noqa: S105  nothing outside the sandbox knows it

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
    # What else the configuration says: of Slack, and of applications by name.
    slack_settings: Mapping[str, object] = field(default_factory=dict)
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
            return store.checks()
        finally:
            store.close()

    def welcome(self) -> str:
        """What the terminal says: where to look, and how to make drift with kubectl."""
        return (
            f"\n  The demo is running: {self.url}\n\n"
            f"  Pull requests are at {self.forge_url}/{self.shop.repository}\n"
            f"  kubectl works too:   export KUBECONFIG={self.kubeconfig}\n"
            f"                       kubectl -n shop scale deploy/web --replicas=9\n\n"
            f"  Stop it with Ctrl-C.\n"
        )

    def _start(self, started: ExitStack) -> None:
        self.folder = Path(
            started.enter_context(TemporaryDirectory(prefix="gitops-bot-demo-", ignore_cleanup_errors=True))
        )
        self.forge = SandboxForge(self.folder / "forge")
        self.shop: Shop = seed(self.forge, now=datetime.now(tz=UTC))
        self.tour = Tour(self.slack, self.cluster, self.forge.repositories[self.shop.repository], self.shop)
        self.slack.app.add_routes(self.tour.routes())
        self.slack.services.url, self.forge_url, self.cluster_url = (
            started.enter_context(Server(app, self.port + offset if self.port else 0)).url
            for offset, app in enumerate((self.slack.app, self.forge.app, self.cluster.app))
        )
        self.kubeconfig = write_kubeconfig(self.folder / "kubeconfig", self.cluster_url, identity="admin")
        for application in self.shop.applications:
            self.cluster.api.create_namespace(application.namespace)
        remote = self.forge.repositories[self.shop.repository]
        self.deployer = Deployer(
            str(remote.path),
            self.shop.branch,
            self.cluster.api,
            [(each.path, each.namespace) for each in self.shop.applications],
            interval=0.5,
            delay=self.deploy_delay,
        )
        self.deployer.sync()
        started.enter_context(self.deployer)
        self.config = load(self._write_config(), self._environment())
        self.bot = Bot(self.config).start()
        started.callback(lambda: self.bot.stop())  # noqa: PLW0108  whichever bot runs by then
        if self.mode == "http":
            self.slack.deliver_http(f"http://127.0.0.1:{self.bot.web.port}{SLACK_PATH}", SIGNING_SECRET)
        self.tour.start(self.forge_url)
        started.callback(self.tour.stop)

    def _write_config(self) -> Path:
        api_url = f"{self.forge_url}/api/v3"
        config = {
            "slack": {
                "channel": ALERTS,
                "api_url": self.slack.api_url,
                "revert_allowed": list(self.revert_allowed),
                "people": dict(self.people),
                "mode": self.mode,
                "listen": "127.0.0.1:0",
                **self.slack_settings,
            },
            "repositories": {
                "platform": {
                    "url": f"{self.forge_url}/{self.shop.repository}.git",
                    "branch": self.shop.branch,
                    "forge": {"kind": "github", "repository": self.shop.repository, "api_url": api_url},
                }
            },
            "clusters": {
                name: {"kubeconfig": str(self._bot_kubeconfig()), "context": "sandbox"}
                for name in sorted({each.cluster for each in self.shop.applications})
            },
            "applications": {
                each.name: {
                    "repository": "platform",
                    "path": each.path,
                    "cluster": each.cluster,
                    "namespace": each.namespace,
                    "channel": ALERTS if each.cluster == "prod" else DEPLOYS,
                    **self.application_settings.get(each.name, {}),
                }
                for each in self.shop.applications
            },
            "schedule": dict(self.schedule),
            "store": f"sqlite:///{self.folder}/state.db",
            "mirrors": str(self.folder / "mirrors"),
        }
        path = self.folder / "config.yaml"
        path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
        return path

    def _bot_kubeconfig(self) -> Path:
        return write_kubeconfig(self.folder / "bot.kubeconfig", self.cluster_url, identity="bot")

    def _environment(self) -> dict[str, str]:
        return {
            "SLACK_BOT_TOKEN": "xoxb-sandbox",
            "SLACK_APP_TOKEN": "xapp-sandbox",
            "SLACK_SIGNING_SECRET": SIGNING_SECRET,
            "GITHUB_TOKEN": self.forge.token,
        }

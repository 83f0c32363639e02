"""What a bot talks to, run here: a Slack, a forge and a cluster, a deployer between the two, and the way there.

Whichever bot runs, in this process or in one of its own, is led here by the configuration and the environment alone.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Self

import yaml

from bot.sandbox.cluster.api import ADMIN, BOT
from bot.sandbox.cluster.deployer import Deployer
from bot.sandbox.cluster.kubeconfig import write_kubeconfig
from bot.sandbox.cluster.server import SandboxCluster
from bot.sandbox.forge import HostedRepository, SandboxForge
from bot.sandbox.server import Server
from bot.sandbox.slack import SandboxSlack
from bot.sandbox.slack.web_api import APP_TOKEN, BOT_TOKEN

SIGNING_SECRET = "sandbox-signing-secret"  # noqa: S105  nothing outside the sandbox knows it
WEBHOOK_SECRET = "sandbox-webhook-secret"  # noqa: S105


class StackApplication(NamedTuple):
    """One application as the bot is configured to watch it."""

    name: str
    path: str
    cluster: str
    namespace: str


@dataclass
class Stack:
    """One `repository` of the forge, brought to the cluster as its `applications`. Use as a context manager.

    `port` is Slack's page; the forge and the cluster take the two after it, with 0 all take free ones. `deploy_delay`
    and `deploy_interval` are the deployer's, in seconds. Inside, `folder` holds the kubeconfigs of a person and the
    bot, and what `write_config` leads a bot to keep there. Raises OSError when a port is taken.
    """

    slack: SandboxSlack
    forge: SandboxForge
    cluster: SandboxCluster
    repository: HostedRepository
    applications: Sequence[StackApplication]
    folder: Path
    port: int = 0
    deploy_delay: float = 3.0
    deploy_interval: float = 0.5
    _running: ExitStack = field(default_factory=ExitStack, init=False, repr=False)

    def __enter__(self) -> Self:
        """Serve all three, and deploy what the tracked branch holds; returns once that is done."""
        with ExitStack() as started:
            self._start(started)
            self._running = started.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    @property
    def kubeconfig(self) -> Path:
        """A person's way to the cluster."""
        return self.folder / "kubeconfig"

    @property
    def store(self) -> str:
        """The URL of the bot's database."""
        return f"sqlite:///{self.folder}/state.db"

    @property
    def environment(self) -> dict[str, str]:
        """Every secret that the bot takes from its environment."""
        return {
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_APP_TOKEN": APP_TOKEN,
            "SLACK_SIGNING_SECRET": SIGNING_SECRET,
            "GITHUB_TOKEN": self.forge.token,
            "WEBHOOK_SECRET": WEBHOOK_SECRET,
        }

    def write_config(
        self,
        *,
        slack: Mapping[str, object],
        schedule: Mapping[str, str],
        application: Callable[[StackApplication], Mapping[str, object]],
        repository: Mapping[str, object] | None = None,
        **more: object,
    ) -> Path:
        """Write the bot's configuration file; its path.

        `slack`, `repository` and `application` are what those sections say beside where things are; `more` are other
        sections.
        """
        bot_kubeconfig = write_kubeconfig(self.folder / "bot.kubeconfig", self.cluster_url, identity=BOT)
        name = self.repository.full_name
        config = {
            "slack": {"api_url": self.slack.api_url, "listen": "127.0.0.1:0", **slack},
            "repositories": {
                "platform": {
                    "url": f"{self.forge_url}/{name}.git",
                    "branch": self.repository.branch,
                    "forge": {"kind": "github", "repository": name, "api_url": f"{self.forge_url}/api/v3"},
                    **(repository or {}),
                }
            },
            "clusters": {
                cluster: {"kubeconfig": str(bot_kubeconfig), "context": "sandbox"}
                for cluster in sorted({each.cluster for each in self.applications})
            },
            "applications": {
                each.name: {
                    "repository": "platform",
                    "path": each.path,
                    "cluster": each.cluster,
                    "namespace": each.namespace,
                    **application(each),
                }
                for each in self.applications
            },
            "schedule": dict(schedule),
            "store": self.store,
            "mirrors": str(self.folder / "mirrors"),
            **more,
        }
        path = self.folder / "config.yaml"
        path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
        return path

    def _start(self, started: ExitStack) -> None:
        self.slack.services.url, self.forge_url, self.cluster_url = (
            started.enter_context(Server(app, self.port + offset if self.port else 0)).url
            for offset, app in enumerate((self.slack.app, self.forge.app, self.cluster.app))
        )
        write_kubeconfig(self.kubeconfig, self.cluster_url, identity=ADMIN)
        for application in self.applications:
            self.cluster.api.create_namespace(application.namespace)
        deployer = Deployer(
            str(self.repository.path),
            self.repository.branch,
            self.cluster.api,
            [(each.path, each.namespace) for each in self.applications],
            interval=self.deploy_interval,
            delay=self.deploy_delay,
        )
        deployer.sync()
        started.enter_context(deployer)

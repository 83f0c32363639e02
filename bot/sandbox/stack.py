"""Runs everything that a bot connects to: Slack, a forge, a cluster, and a deployer from the forge to the cluster.

A bot in this process or another one connects to it only by the configuration file and the environment.
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

SIGNING_SECRET = "sandbox-signing-secret"  # noqa: S105  not used outside the sandbox
WEBHOOK_SECRET = "sandbox-webhook-secret"  # noqa: S105


class StackApplication(NamedTuple):
    """One application in the bot's configuration."""

    name: str
    path: str
    cluster: str
    namespace: str


@dataclass
class Stack:
    """Deploys the `applications` of one `repository` to the cluster. Use as a context manager.

    Slack's page, the forge and the cluster use `ports`; 0 is a free one. `deploy_delay` and `deploy_interval` are the
    deployer's, in seconds. `folder` holds the kubeconfigs of a person and of the bot, and the bot's state. Raises
    OSError if a port is in use.
    """

    slack: SandboxSlack
    forge: SandboxForge
    cluster: SandboxCluster
    repository: HostedRepository
    applications: Sequence[StackApplication]
    folder: Path
    ports: Sequence[int] = (0, 0, 0)
    deploy_delay: float = 3.0
    deploy_interval: float = 0.5
    _running: ExitStack = field(default_factory=ExitStack, init=False, repr=False)

    def __enter__(self) -> Self:
        """Serve all three and deploy the tracked branch; returns once that is done."""
        with ExitStack() as started:
            self._start(started)
            self._running = started.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    @property
    def kubeconfig(self) -> Path:
        """A person's kubeconfig, with write access."""
        return self.folder / "kubeconfig"

    @property
    def store(self) -> str:
        """The URL of the bot's database."""
        return f"sqlite:///{self.folder}/state.db"

    @property
    def environment(self) -> dict[str, str]:
        """Every secret that the bot reads from its environment."""
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
        cluster: Callable[[str], Mapping[str, object]] = lambda _: {},
        **more: object,
    ) -> Path:
        """Write the bot's configuration file and return its path.

        `slack`, `repository`, `application` and `cluster` add settings to those sections, `more` adds sections.
        """
        bot_kubeconfig = write_kubeconfig(self.folder / "bot.kubeconfig", self.cluster_url, identity=BOT)
        name = self.repository.full_name
        config = {
            "slack": {
                "api_url": self.slack.api_url,
                "listen": "127.0.0.1:0",
                "health_listen": "127.0.0.1:0",
                **slack,
            },
            "repositories": {
                "platform": {
                    "url": f"{self.forge_url}/{name}.git",
                    "branch": self.repository.branch,
                    "forge": {"kind": "github", "repository": name, "api_url": f"{self.forge_url}/api/v3"},
                    **(repository or {}),
                }
            },
            "clusters": {
                cluster_name: {"kubeconfig": str(bot_kubeconfig), "context": "sandbox", **cluster(cluster_name)}
                for cluster_name in sorted({watched.cluster for watched in self.applications})
            },
            "applications": {
                watched.name: {
                    "repository": "platform",
                    "path": watched.path,
                    "cluster": watched.cluster,
                    "namespace": watched.namespace,
                    **application(watched),
                }
                for watched in self.applications
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
            started.enter_context(Server(app, port)).url
            for app, port in zip((self.slack.app, self.forge.app, self.cluster.app), self.ports, strict=True)
        )
        write_kubeconfig(self.kubeconfig, self.cluster_url, identity=ADMIN)
        for application in self.applications:
            self.cluster.api.create_namespace(application.namespace)
        deployer = Deployer(
            str(self.repository.path),
            self.repository.branch,
            self.cluster.api,
            [(application.path, application.namespace) for application in self.applications],
            interval=self.deploy_interval,
            delay=self.deploy_delay,
        )
        deployer.sync()
        started.enter_context(deployer)

"""The demo: the real bot in a sandbox with a local Slack, forge and cluster, and a small shop to watch."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self
from urllib.parse import urlsplit

from bot.adapters.database.store import SqlStore
from bot.app import Bot
from bot.config.load import load
from bot.core.drift.model import Check
from bot.http_endpoints import SLACK_PATH
from bot.sandbox.cluster.server import SandboxCluster
from bot.sandbox.forge import HostedRepository, SandboxForge
from bot.sandbox.past import remember
from bot.sandbox.shop import Shop, seed
from bot.sandbox.slack import SandboxSlack
from bot.sandbox.slack.model import Channel
from bot.sandbox.stack import SIGNING_SECRET, Stack, StackApplication
from bot.sandbox.tour import Tour

ALERTS = "C0ALERTS01"
DEPLOYS = "C0DEPLOYS1"
PAGOS = "C0PAGOS001"

# Faster than the defaults, since no one watches a demo for five minutes.
SCHEDULE: Mapping[str, str] = {
    "drift": "5s",
    "git": "2s",
    "second_look": "2s",
    "rollout": "1s",
    "rollout_deadline": "2m",
}


# For the story, a failing rollout is late soon, and a push without approval is reported soon.
_STORY_SCHEDULE: Mapping[str, str] = {**SCHEDULE, "rollout_deadline": "20s", "discover": "2s"}
_STORY_REPOSITORY: Mapping[str, object] = {"approvals": {"grace": "2s"}}
_MEMORY_USE: Mapping[str, int] = {"web": 180}  # MiB


@dataclass
class Demo:
    """Everything that `gitops-bot demo` runs. The page, the forge and the cluster use `ports`; 0 is a free one.

    A temporary directory holds the state until `stop`. With `story`, there is a guided tour, and the channels have a
    history; `restart` is called to start over. Raises OSError if a port is in use.
    """

    ports: Sequence[int] = (0, 0, 0)
    story: bool = False
    restart: Callable[[], None] | None = None
    schedule: Mapping[str, str] | None = None
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
        self.cluster = SandboxCluster(memory_use=_MEMORY_USE if self.story else {})
        if self.story:
            self.repository_settings = {**_STORY_REPOSITORY, **self.repository_settings}
            self.slack_settings = {"languages": {PAGOS: "es"}, **self.slack_settings}
            channels = self.slack.workspace.channels
            channels[PAGOS] = Channel(PAGOS, "pagos", "Drift y rollouts de payments", set(channels[ALERTS].members))
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

    def ports_in_use(self) -> Sequence[int]:
        """The actual ports, once it has started."""
        urls = (self.slack.url, self.stack.forge_url, self.stack.cluster_url)
        return [urlsplit(url).port or 0 for url in urls]

    def checks(self) -> dict[str, Check]:
        """Each application's latest check, from the bot's database."""
        return self._store.checks.latest()

    def has_polled(self) -> bool:
        """Whether the bot has read the head of every repository. Later commits get rollouts."""
        return all(self._store.rollouts.head(name) for name in self.config.repositories)

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
        now = datetime.now(tz=UTC)
        self.forge = SandboxForge(folder / "forge")
        self.shop: Shop = seed(self.forge, now=now, story=self.story)
        remote = self.forge.repositories[self.shop.repository]
        tour = Tour(self.slack, self.cluster, remote, self.shop, self.restart) if self.story else None
        if tour:
            self.slack.app.add_routes(tour.routes())
        self.stack = started.enter_context(
            Stack(
                self.slack,
                self.forge,
                self.cluster,
                remote,
                self.shop.applications,
                folder,
                ports=self.ports,
                deploy_delay=self.deploy_delay,
            )
        )
        self.config = load(self._write_config(), self.stack.environment)
        self._store = SqlStore(self.config.store)
        started.callback(self._store.close)
        if tour:
            self._remember(remote, now)
        self.bot = Bot(self.config).start()
        started.callback(lambda: self.bot.stop())  # noqa: PLW0108  tests replace self.bot
        if self.mode == "http":
            self.slack.deliver_http(f"http://127.0.0.1:{self.bot.web.port}{SLACK_PATH}", SIGNING_SECRET)
        if tour:
            tour.start(self.stack.forge_url)
            started.callback(tour.stop)

    def _remember(self, remote: HostedRepository, now: datetime) -> None:
        """Give the bot and the channels a history."""
        remember(
            self._store,
            self.slack.workspace,
            remote,
            self.config.applications,
            self.config.slack.translator,
            url=f"{self.stack.forge_url}/{self.shop.repository}",
            now=now,
        )

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
            schedule=self.schedule or (_STORY_SCHEDULE if self.story else SCHEDULE),
            application=self._of_application,
            repository=self.repository_settings,
            cluster=lambda name: {"discover": ["argocd"]} if self.story and name == "prod" else {},
        )

    def _of_application(self, application: StackApplication) -> Mapping[str, object]:
        channel = ALERTS if application.cluster == "prod" else DEPLOYS
        if self.story and application.name == "payments":
            channel = PAGOS
        return {"channel": channel, **self.application_settings.get(application.name, {})}

"""The bot under test: built from its real adapters as in `gitops-bot run`, and driven by the test."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import yaml

from bot import build
from bot.app import build_monitor
from bot.config.load import load
from bot.config.model import Config
from bot.core.drift.model import Check
from bot.handlers.discovery.discover import Discoverer
from bot.handlers.discovery.held_names import HeldNames
from bot.handlers.slack.cards import CardReconciler
from bot.handlers.slack.people import People
from bot.ports import Ports
from bot.ports.forge import Forge
from bot.ports.store import Store
from bot.sandbox.slack import SandboxSlack
from bot.sandbox.slack.web_api import APP_TOKEN, BOT_TOKEN
from tests.common.clock import Clock
from tests.common.database import create_database
from tests.common.kubernetes import RunningCluster
from tests.common.slack import ALERTS

# Tests wait for states instead of intervals. Checks fetch too, so git is polled less often.
QUICK_SCHEDULE = {"drift": "3s", "git": "5s", "second_look": "1s", "rollout": "1s", "rollout_deadline": "2m"}

FREE_PORTS = {"listen": "127.0.0.1:0", "health_listen": "127.0.0.1:0"}


def merged(base: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with the overrides, mapping by mapping."""
    both = dict(base)
    for key, value in overrides.items():
        before = both.get(key)
        both[key] = merged(before, value) if isinstance(before, Mapping) and isinstance(value, Mapping) else value
    return both


def application_settings(name: str, **settings: object) -> dict[str, object]:
    """One entry of `applications:`, at apps/NAME in the cluster prod and the namespace NAME."""
    return {"repository": "platform", "path": f"apps/{name}", "cluster": "prod", "namespace": name, **settings}


def write_config(file: Path, **sections: Any) -> Path:
    """Write a configuration file, and return its path. By default, state and mirrors are next to it."""
    defaults = {"store": f"sqlite:///{file.parent}/state.db", "mirrors": str(file.parent / "mirrors")}
    file.write_text(yaml.safe_dump({**defaults, **sections}, sort_keys=False))
    return file


class BotUnderTest:
    """The real bot without schedule, listeners and web server: it acts when a test calls it, with the test's clock.

    `start` takes sections of the configuration. By default, the only application `shop` is at `apps/shop` in the
    repository `platform`, in the namespace `shop` of the cluster `prod`.
    """

    config: Config

    def __init__(
        self,
        folder: Path,
        *,
        repository: str,
        slack: SandboxSlack,
        clusters: Mapping[str, RunningCluster],
        clock: Clock | None = None,
    ) -> None:
        self.folder = folder
        self.slack = slack
        self.clock = clock or Clock()
        self._clusters = clusters
        self._sections: dict[str, Any] = {
            "slack": {"channel": ALERTS, "api_url": slack.api_url},
            "repositories": {"platform": {"url": repository}},
            "clusters": {
                name: {"kubeconfig": str(cluster.kubeconfig(folder / f"{name}.kubeconfig"))}
                for name, cluster in clusters.items()
            },
        }
        self._closing: list[Any] = []

    def start(self, *, forges: Mapping[str, Forge] | None = None, **sections: Any) -> Self:
        """Run as configured; stops a running bot first. `forges` replaces the configured ones."""
        self._sections = merged(self._sections, sections)
        self._sections.setdefault("applications", {"shop": application_settings("shop")})
        create_database(self.folder)
        file = write_config(self.folder / "config.yaml", **self._sections)
        return self.restart(load(file, {"SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN}), forges)

    def restart(self, config: Config | None = None, forges: Mapping[str, Forge] | None = None) -> Self:
        """Start again with the same state, as after a deployment, and with a new configuration if given."""
        self.close()
        self.config = config or self.config
        ports = build.ports(self.config, build.slack_client(self.config), self.clock)
        self.ports: Ports = ports if forges is None else replace(ports, forges=forges)
        self.reconciler = CardReconciler(
            self.store,
            self.ports.chat,
            self.clock,
            self.config.slack.translator,
            self.config.alerts.policy(),
            default_channel=self.config.slack.channel,
            configured_channels=self.config.channels,
        )
        held_names = HeldNames(ports.store.checks.latest, self.clock)
        self.discoverer = Discoverer(
            self.config, ports.clusters, ports.repositories.__getitem__, ports.charts, held_names, self.clock
        )
        config = replace(self.config, applications=self.discoverer.applications)
        people = People(self.ports.chat, self.config.slack.people, self.clock)
        self.monitor = build_monitor(self.ports, config, self.reconciler, self.discoverer, people)
        self._closing = [ports.store, self.monitor]
        return self

    def close(self) -> None:
        """Stop it, if it is running."""
        while self._closing:
            self._closing.pop().close()

    @property
    def store(self) -> Store:
        return self.ports.store

    def discover(self) -> None:
        """Read every cluster's Argo CD and Flux resources, once."""
        for cluster in self.discoverer.polled_clusters:
            self.discoverer.poll(cluster)

    def check(self, *names: str, seconds: float = 30) -> dict[str, Check]:
        """Advance the clock, then check these applications, or all. Returns the checks by name."""
        self.clock.advance(seconds=seconds)
        checks = self.monitor.check(names or list(self.discoverer.applications))
        return {check.application: check for check in checks}

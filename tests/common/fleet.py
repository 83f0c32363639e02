"""A fleet of applications with a channel for each team, and the bot in its own process."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from bot.sandbox.cluster import SandboxCluster
from bot.sandbox.forge import SandboxForge
from bot.sandbox.slack import SandboxSlack
from bot.sandbox.slack.model import BOT_USER, Channel
from bot.sandbox.stack import Stack, StackApplication
from tests.common.kubernetes import as_yaml, config_map
from tests.common.wait import wait_for

# Checks fetch too, so git is polled less often.
SCHEDULE = {"git": "5s", "second_look": "1s", "rollout": "1s", "rollout_deadline": "10m"}


class BotProcess:
    """`gitops-bot run` as people run it. A restart continues with the same database and mirrors."""

    def __init__(self, config: Path, environment: Mapping[str, str], log: Path) -> None:
        self._command = [sys.executable, "-m", "bot", "run", "--config", str(config)]
        self._environment = {**os.environ, **environment, "LOG_LEVEL": "INFO"}
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("a") as log:
            # In its own process group, so that, as in a container, its children die with it.
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process, "it was never started"
        return self._process

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """`kill -9` it and its children, and wait until it has ended."""
        if self.running:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self) -> int:
        """Stop it as Kubernetes stops a container, and return the exit code."""
        self.process.terminate()
        return self.process.wait(timeout=60)

    def log(self) -> str:
        return self._log.read_text()


class Fleet:
    """Deployed applications with some ConfigMaps each, and their sandbox."""

    def __init__(self, stack: Stack, channels: list[str]) -> None:
        self.stack = stack
        self.slack, self.api, self.repository = stack.slack, stack.cluster.api, stack.repository
        self.applications = stack.applications
        self.channels = channels

    def channel_of(self, application: StackApplication) -> str:
        return self.channels[self.applications.index(application) % len(self.channels)]

    def edit(self, application: StackApplication, number: int, level: str) -> None:
        """Edit one of the application's ConfigMaps in the cluster manually."""
        self.api.call(
            "PATCH",
            f"/api/v1/namespaces/{application.namespace}/configmaps/settings-{number}",
            {"data": {"level": level}},
            content_type="application/merge-patch+json",
            user_agent="kubectl/v1.36.2 (linux/amd64) kubernetes/sandbox",
            query={"fieldManager": "kubectl-edit"},
        )

    def commit(self, files: Mapping[str, str], message: str) -> str:
        return self.repository.commit(self.repository.branch, dict(files), message, "ana")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The result of a query on the bot's database; empty until it has created its tables."""
        url = f"file:{self.stack.folder}/state.db?mode=rw"
        try:
            with closing(sqlite3.connect(url, uri=True, timeout=10)) as database:
                return database.execute(query).fetchall()
        except sqlite3.OperationalError:
            return []

    def unsettled(self) -> list[tuple[Any, ...]]:
        """The incidents and rollouts that have not ended, or whose end is not in Slack yet."""
        return self.rows("SELECT id FROM incidents WHERE NOT settled UNION SELECT id FROM rollouts WHERE NOT settled")

    @contextmanager
    def running_bot(self, *, drift: str = "2s", **sections: Any) -> Iterator[BotProcess]:
        """A bot that has checked every application once, and must end cleanly. A merge ends once it is live.

        `drift` is the time between two checks.
        """
        config = self.stack.write_config(
            slack={"channel": self.channels[0]},
            schedule={**SCHEDULE, "drift": drift},
            application=lambda application: {"channel": self.channel_of(application)},
            **{"rollouts": {"watch": "0s"}, **sections},
        )
        bot = BotProcess(config, self.stack.environment, self.stack.folder / "bot.log")
        bot.start()
        try:
            wait_for(lambda: len(self.rows("SELECT 1 FROM checks")) == len(self.applications), failure=bot.log)
            yield bot
            assert bot.stop() == 0
        finally:
            bot.kill()


def settings_path(application: StackApplication, number: int) -> str:
    return f"{application.path}/settings-{number}.yaml"


def settings_manifest(number: int, level: str = "1") -> str:
    return as_yaml(config_map(f"settings-{number}", level=level, limit="10"))


@contextmanager
def running_fleet(folder: Path, applications: int, channels: int, settings: int = 1, **slack: Any) -> Iterator[Fleet]:
    """A fleet with this many applications, channels, and ConfigMaps for each; `slack` are the sandbox's options."""
    workspace = SandboxSlack(**slack)
    people = {user for user in workspace.workspace.users if user != BOT_USER}
    ids = [f"C0TEAM{number:04}" for number in range(channels)]
    for number, id_ in enumerate(ids):
        channel = Channel(id_, f"team-{number:02}", "What is ours", {*people, BOT_USER})
        workspace.workspace.channels[id_] = channel
    forge = SandboxForge(folder / "forge")
    forge.add_person("ana", "Ana Ferrer", "ana@acme.example")
    repository = forge.create_repository("acme/platform")
    names = [f"app-{number:02}" for number in range(applications)]
    fleet = [StackApplication(name, f"apps/{name}", "prod", name) for name in names]
    files = {
        settings_path(application, number): settings_manifest(number)
        for application in fleet
        for number in range(settings)
    }
    repository.commit("main", files, "Describe everything\n", "ana")
    cluster = SandboxCluster(rollout=0.2)
    with Stack(workspace, forge, cluster, repository, fleet, folder, deploy_delay=0.1, deploy_interval=0.3) as stack:
        yield Fleet(stack, ids)

"""What the tests of delivery share: a team's whole estate, and the bot beside it as a process of its own."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager

import pytest

from bot.sandbox.cluster import SandboxCluster
from bot.sandbox.forge import SandboxForge
from bot.sandbox.slack import SandboxSlack
from bot.sandbox.slack.model import BOT_USER, Channel
from bot.sandbox.stack import Stack, StackApplication

# A check looks for merges too, so git itself is polled more seldom.
QUICK = {"drift": "2s", "git": "5s", "second_look": "1s", "rollout": "1s", "rollout_deadline": "10m"}
SETTING = """\
apiVersion: v1
kind: ConfigMap
metadata: {{name: settings-{number}}}
data: {{level: "{level}", limit: "10"}}
"""


def path_of(application, number):
    return f"{application.path}/settings-{number}.yaml"


def setting(number, level="1"):
    return SETTING.format(number=number, level=level)


class BotProcess:
    """`gitops-bot run` as people run it. A restart goes on with the same database and mirrors."""

    def __init__(self, config, environment, log):
        self._command = [sys.executable, "-m", "bot", "run", "--config", str(config)]
        self._environment = {**os.environ, **environment, "LOG_LEVEL": "INFO"}
        self._log = log
        self._process = None

    def start(self):
        with self._log.open("a") as log:
            # A group of its own: as in a container, what it has started dies with it.
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )

    @property
    def running(self):
        return self._process is not None and self._process.poll() is None

    @property
    def returncode(self):
        return self._process.poll()

    def kill(self, *, wait=True):
        """`kill -9` for it and all it has started; with `wait` it is gone when this returns."""
        if self.running:
            os.killpg(self._process.pid, signal.SIGKILL)
            if wait:
                self._process.wait()

    def stop(self):
        """As Kubernetes asks a container to stop; the exit code."""
        self._process.terminate()
        return self._process.wait(timeout=60)

    def log(self):
        return self._log.read_text()


class Estate:
    """Applications with some settings each, deployed, and the sandbox that they live in."""

    setting = staticmethod(setting)
    path_of = staticmethod(path_of)

    def __init__(self, stack, channels):
        self.stack = stack
        self.slack = stack.slack
        self.api = stack.cluster.api
        self.repository = stack.repository
        self.applications = stack.applications
        self.channels = channels

    def channel_of(self, application):
        return self.channels[self.applications.index(application) % len(self.channels)]

    def write(self, application, number, level):
        """Somebody writes to the cluster by hand."""
        self.api.call(
            "PATCH",
            f"/api/v1/namespaces/{application.namespace}/configmaps/settings-{number}",
            {"data": {"level": level}},
            content_type="application/merge-patch+json",
            user_agent="kubectl/v1.36.2 (linux/amd64) kubernetes/sandbox",
            query={"fieldManager": "kubectl-edit"},
        )

    def commit(self, files, message):
        return self.repository.commit(self.repository.branch, files, message, "ana")

    def rows(self, query):
        """What the bot has stored; nothing before it has made its tables."""
        there = f"file:{self.stack.folder}/state.db?mode=rw"
        try:
            with closing(sqlite3.connect(there, uri=True, timeout=10)) as database:
                return database.execute(query).fetchall()
        except sqlite3.OperationalError:
            return []

    def unsettled(self):
        """The incidents and rollouts that have not ended, or whose end Slack does not show yet."""
        return self.rows("SELECT id FROM incidents WHERE NOT settled UNION SELECT id FROM rollouts WHERE NOT settled")

    def until(self, condition, patience, why=lambda: "it never came to be"):
        """Wait for a state that nobody announces."""
        deadline = time.monotonic() + patience
        while not (found := condition()):
            assert time.monotonic() < deadline, why()
            with self.slack.workspace.changed:
                self.slack.workspace.changed.wait(0.1)
        return found

    def bot(self, **sections):
        config = self.stack.write_config(
            slack={"channel": self.channels[0]},
            schedule=QUICK,
            application=lambda each: {"channel": self.channel_of(each)},
            **sections,
        )
        return BotProcess(config, self.stack.environment, self.stack.folder / "bot.log")


@pytest.fixture
def make_estate(tmp_path):
    """Makes one of so many applications and channels; `slack` are options of the sandbox's."""

    @contextmanager
    def make(applications, channels, settings=1, **slack):
        workspace = SandboxSlack(**slack)
        for number in range(channels):
            id_, name = f"C0TEAM{number:04}", f"team-{number:02}"
            people = {user for user in workspace.workspace.users if user != BOT_USER}
            workspace.workspace.channels[id_] = Channel(id_, name, "What is ours", {*people, BOT_USER})
        forge = SandboxForge(tmp_path / "forge")
        forge.add_person("ana", "Ana Ferrer", "ana@acme.example")
        repository = forge.create_repository("acme/platform")
        names = [f"app-{number:02}" for number in range(applications)]
        estate = [StackApplication(name, f"apps/{name}", "prod", name) for name in names]
        files = {path_of(each, number): setting(number) for each in estate for number in range(settings)}
        repository.commit("main", files, "Describe everything\n", "ana")
        cluster = SandboxCluster(rollout=0.2)
        with Stack(
            workspace, forge, cluster, repository, estate, tmp_path, deploy_delay=0.1, deploy_interval=0.3
        ) as stack:
            yield Estate(stack, [f"C0TEAM{number:04}" for number in range(channels)])

    return make

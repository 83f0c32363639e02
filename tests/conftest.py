"""What several folders of tests share: the whole product in its sandbox."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from bot.sandbox.demo import Demo

# How long an example takes says more about the machine than about the code.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# Quicker still than the demo: tests wait for states, not for clocks.
QUICK = {"drift": "1s", "git": "1s", "second_look": "1s", "rollout": "1s", "rollout_deadline": "2m"}


@pytest.fixture(scope="module")
def demo():
    """The real bot over real protocols: one shop, one Slack, one forge and one cluster for a file of tests."""
    with Demo(schedule=QUICK, deploy_delay=0.5) as running:
        running.slack.wait_for(lambda: running.slack.connections > 0, timeout=30)
        yield running


class Source:
    """The team's repository: a work tree to commit in, and the remote the bot pushes to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        self.git("init", "-q", "-b", "main")
        for key, value in (("user.name", "Ana"), ("user.email", "ana@example.com"), ("commit.gpgsign", "false")):
            self.git("config", key, value)

    def git(self, *argv: str, ok: bool = True, stdin: str | None = None) -> str:
        done = subprocess.run(["git", *argv], cwd=self.path, input=stdin, capture_output=True, text=True, check=False)
        assert done.returncode == 0 or not ok, done.stderr
        return done.stdout.strip()

    def commit(self, message: str, files: dict[str, str | bytes | None], author: str = "Ana <ana@example.com>") -> str:
        for name, content in files.items():
            file = self.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                file.unlink()
            elif isinstance(content, bytes):
                file.write_bytes(content)
            else:
                file.write_text(content)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, f"--author={author}")
        return self.sha()

    def sha(self, name: str = "HEAD") -> str:
        return self.git("rev-parse", name)

    def branch(self, name: str) -> None:
        self.git("switch", "-qc", name)

    def main(self) -> None:
        self.git("switch", "-q", "main")

    def merge(self, *branches: str, message: str = "") -> str:
        self.git("merge", "-q", "--no-ff", "-m", message or f"Merge {' and '.join(branches)}", *branches)
        return self.sha()

    def show(self, revision: str, path: str) -> str:
        return self.git("show", f"{revision}:{path}")


@pytest.fixture
def make_source(tmp_path):
    """Makes such a repository, by its folder's name."""
    return lambda name: Source(tmp_path / name)


@pytest.fixture
def source(make_source):
    """One of them."""
    return make_source("source")

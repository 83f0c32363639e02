"""A revert in a repository of 50,000 files and 2,000 commits, compared with git's. Run it with `make bench`.

Everything goes over HTTP to the sandbox's forge, in its own process. The bot's handler fetches, merges in the bare
mirror, renders what changes, pushes, and opens the pull request. It is compared with what a person does, in an existing
and in a new clone: `git fetch` or `git clone`, `git revert`, `git push`, without opening the pull request. The runs
alternate, so that the load of the machine is the same.
"""

import multiprocessing
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

from bot.adapters.database.store import SqlStore
from bot.adapters.forges.github import GitHubForge
from bot.adapters.git.repository import GitRepository
from bot.adapters.rendering.programs import ProgramRenderer
from bot.config.credentials import Credentials
from bot.config.sections.forge import ForgeConfig
from bot.core.access.permission import Granted
from bot.core.applications.application import Application
from bot.core.git.repository_ref import RepositoryRef
from bot.core.pull_requests.change_ref import Sha
from bot.core.pull_requests.revert import Opened, RevertRequest
from bot.handlers.mainline import Mainline
from bot.handlers.pull_requests.revert import revert
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.sandbox.forge import SandboxForge
from bot.sandbox.server import Server

APPLICATIONS, FILES, COMMITS = 500, 100, 2_000
ROUNDS, CLONES = 15, 2
SECONDS_BETWEEN_WRITES = 1.0  # the bot's client waits this long, as GitHub requires
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{file}}}\ndata: {{value: '{value}'}}\n"


def path(application: int, file: int) -> str:
    return f"apps/a{application:03}/c{file:03}.yaml"


def history() -> str:
    """Input for `git fast-import`: 50,000 files, and commits that change one each."""
    parts = []

    def add(name: str, text: str) -> str:
        return f"M 100644 inline {name}\ndata {len(text)}\n{text}\n"

    def commit(number: int, changes: str) -> None:
        who = f"committer Mia <mia@example.org> {1_700_000_000 + number} +0000"
        parts.append(f"commit refs/heads/main\n{who}\ndata 9\nChange {number % 100:02}\n{changes}\n")

    everything = ((app, file) for app in range(APPLICATIONS) for file in range(FILES))
    commit(0, "".join(add(path(app, file), CONFIG.format(file=file, value=0)) for app, file in everything))
    for number in range(1, COMMITS):
        changed = path(number % APPLICATIONS, number // APPLICATIONS)
        commit(number, add(changed, CONFIG.format(file=number // APPLICATIONS, value=number)))
    return "".join(parts)


def serve(root: str, connection: Connection) -> None:
    """Serve the forge until the process is ended."""
    forge = SandboxForge(Path(root))
    forge.add_person("mia", "Mia", "mia@example.org")
    hosted = forge.create_repository("acme/platform")
    subprocess.run(["git", "fast-import", "--quiet"], cwd=hosted.git.path, input=history(), text=True, check=True)
    subprocess.run(["git", "repack", "-adq"], cwd=hosted.git.path, check=True)
    with Server(forge.app) as server:
        connection.send((server.url, forge.token))
        signal.pause()


@dataclass(frozen=True)
class Cost:
    """Seconds of wall time, and of CPU time of this process and those that it started."""

    wall: float
    cpu: float


def measured(work: Callable[[], object]) -> Cost:
    began, began_cpu = time.perf_counter(), sum(os.times()[:4])
    work()
    return Cost(time.perf_counter() - began, sum(os.times()[:4]) - began_cpu)


def git(*argv: str, cwd: Path) -> str:
    identity = ("-c", "user.name=Ana", "-c", "user.email=ana@example.org", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", *identity, *argv], cwd=cwd, check=True, capture_output=True, text=True).stdout.strip()


def revert_in_new_clone(remote: str, home: Path, sha: str) -> None:
    clone = home / f"clone-{sha}"
    git("clone", "-q", remote, str(clone), cwd=home)
    git("revert", "--no-edit", sha, cwd=clone)
    git("push", "-q", "origin", f"HEAD:refs/heads/by-hand-{sha}", cwd=clone)


def revert_in_clone(clone: Path, sha: str) -> None:
    git("fetch", "-q", cwd=clone)
    git("revert", "--no-edit", sha, cwd=clone)
    git("push", "-q", "origin", f"HEAD:refs/heads/warm-{sha}", cwd=clone)


def merge_only(clone: Path, sides: tuple[str, str]) -> None:
    git("merge-tree", "--write-tree", *sides, cwd=clone)


def merge_sides(clone: Path, sha: str) -> tuple[str, str]:
    """Two commits whose merge is the revert of `sha`."""
    base = git("commit-tree", "-m", "base", f"{sha}^{{tree}}", cwd=clone)
    ours, theirs = (
        git("commit-tree", "-p", base, "-m", "side", f"{side}^{{tree}}", cwd=clone)
        for side in ("origin/main", f"{sha}^")
    )
    return ours, theirs


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.get_context("spawn").Process(target=serve, args=(str(home / "forge"), theirs))
        process.daemon = True  # ends with this process
        process.start()
        url, token = ours.recv()
        remote = f"{url}/acme/platform.git"
        config = ForgeConfig(kind="github", repository="acme/platform", api_url=f"{url}/api/v3")
        forge = GitHubForge.from_config(config, Credentials(github_token=token))
        repository = GitRepository("platform", remote, "main", home / "mirrors", credential=forge.git_credential)
        applications = [
            Application(f"a{number:03}", RepositoryRef("platform"), f"apps/a{number:03}", "prod", "shop", "C1")
            for number in range(APPLICATIONS)
        ]
        rendered = ManifestCache(ProgramRenderer.find())
        first = measured(repository.fetch)
        # A running bot already knows the inputs of each application.
        warm = measured(
            lambda: rendered.prepare(
                repository, repository.head(), [application.source for application in applications]
            )
        )
        store = SqlStore(f"sqlite:///{home / 'state.db'}")
        line = repository.first_parent(None, repository.head(), limit=10 * ROUNDS)[::10]

        def ask(sha: str) -> None:
            outcome = revert(
                RevertRequest("Ana", Sha(sha)),
                repository=repository,
                forge=forge,
                applications=applications,
                permit=lambda _: Granted(),
                manifest_cache=rendered,
                mainline=Mainline(repository, store.approvals, repository.name),
            )
            if not isinstance(outcome, Opened) or outcome.effects[0].change.changed != 1:
                raise SystemExit(f"Not reverted: {outcome}")

        with_token = remote.replace("http://", f"http://bot:{token}@")
        clone = home / "clone"
        git("clone", "-q", with_token, str(clone), cwd=home)
        costs: dict[str, list[Cost]] = {}
        for number, commit in enumerate(line):
            sides = merge_sides(clone, commit.sha)
            ways: dict[str, Callable[[], None]] = {
                "the bot, from the request to the open pull request": partial(ask, commit.sha),
                "git fetch, git revert, git push in a clone": partial(revert_in_clone, clone, commit.sha),
                "git merge-tree": partial(merge_only, clone, sides),
            }
            if number < CLONES:
                ways["git clone, git revert, git push"] = partial(revert_in_new_clone, with_token, home, commit.sha)
            for way, work in ways.items():
                costs.setdefault(way, []).append(measured(work))
            git("reset", "-q", "--hard", "origin/main", cwd=clone)
            time.sleep(SECONDS_BETWEEN_WRITES)
        repository.fetch()
        for commit in line:
            tips = [repository.tip(f"{name}-{commit.sha}") for name in ("gitops-bot/revert", "warm", "by-hand")]
            if len({repository.tree_id(tip, "") for tip in tips if tip}) != 1:
                raise SystemExit(f"The reverts of {commit.sha} differ")
    print_costs(costs)
    print(f"\nOf {ROUNDS} each, {CLONES} of the clone. Before, once: the first fetch {first.wall:.1f} s, ", end="")
    print(f"reading the files of {APPLICATIONS} applications {warm.wall:.1f} s.")
    git_version = git("--version", cwd=Path.cwd())
    print(f"{os.cpu_count()} cores, {platform.platform()}, Python {sys.version.split()[0]}, {git_version}")


def print_costs(costs: dict[str, list[Cost]]) -> None:
    print(f"A revert in a repository of {APPLICATIONS * FILES:,} files and {COMMITS:,} commits, over HTTP\n")
    print(f"{'':52}{'best':>9}{'median':>9}{'this/the bot':>14}{'CPU, median':>13}{'this/the bot':>14}")
    walls, cpus = (
        {way: median([getattr(cost, name) for cost in runs]) for way, runs in costs.items()} for name in ("wall", "cpu")
    )
    bot = next(iter(costs))
    for way, runs in costs.items():
        best = min(cost.wall for cost in runs)
        print(f"{way:52}{best:>7.3f} s{walls[way]:>7.3f} s{walls[way] / walls[bot]:>14.2f}", end="")
        print(f"{cpus[way]:>11.3f} s{cpus[way] / cpus[bot]:>14.2f}")


if __name__ == "__main__":
    main()

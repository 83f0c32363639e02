"""The time from an edit in a cluster of 10,000 objects to the card in Slack, with and without a watch.

The cluster is the sandbox's, in its own process, with ten edits a second by controllers in the background, half of
which write only a status. The bot is `gitops-bot run` with the default settings, except that each alert has its own
card; Slack is the sandbox's, in this process. Run it with `make bench`; `--edits 100` takes four minutes more.
"""

import argparse
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from drift_check import (
    BRANCH,
    NAMESPACES,
    SETS,
    cluster,
    files,
    filled_cluster,
    machine,
    make_remote,
    namespaces,
    patch,
)

SETTLE = 3.0  # seconds, the default of alerts.settle
CHURN = 10  # edits a second
CPU_SECONDS = 20.0
PAUSE = 1.0  # between two edits
WAIT = 180.0  # for anything

Object = dict[str, Any]


# ---------------------------------------------------------------- the cluster, in its own process


def serve(home: Path) -> None:
    """Serve the cluster and print its URL; each line of standard input turns the background edits on or off."""
    from bot.sandbox.cluster import write_kubeconfig  # noqa: PLC0415  each process loads only what it needs
    from bot.sandbox.server import Server  # noqa: PLC0415

    sandbox = filled_cluster()
    churning = threading.Event()
    with Server(sandbox.app) as server:
        write_kubeconfig(home / "kubeconfig", server.url, identity="bot")
        threading.Thread(target=churn, args=(sandbox.api, churning), daemon=True).start()
        print(server.url, flush=True)
        for line in sys.stdin:
            (churning.set if line.strip() == "on" else churning.clear)()


def churn(api: Any, churning: threading.Event) -> None:
    """What controllers write all the time: a status, or an annotation that git does not declare."""
    number = 0
    while churning.wait():
        number += 1
        namespace = f"shop-{number % NAMESPACES:02}"
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments/service-{number % SETS:02}"
        change: Object = {"metadata": {"annotations": {"example.org/seen": str(number)}}}
        if number % 2:
            path, change = f"{path}/status", {"status": {"observedGeneration": number}}
        api.call("PATCH", path, change, content_type="application/merge-patch+json", user_agent="controller")
        time.sleep(1 / CHURN)


def turn_churn(server: "subprocess.Popen[str]", state: str) -> None:
    """Turn the background edits `on` or `off`."""
    assert server.stdin
    server.stdin.write(f"{state}\n")
    server.stdin.flush()


# ---------------------------------------------------------------- the bot, in its own process


def configuration(home: Path, api_url: str, *, watch: bool, clusters: Sequence[str] = ("prod",)) -> Path:
    """The configuration of a bot whose clusters all hold the same objects."""
    state = Path(tempfile.mkdtemp(dir=home))
    file = state / "config.yaml"
    applications = {
        f"{name}-{cluster}": {"repository": "platform", "path": f"apps/{name}", "cluster": cluster, "namespace": name}
        for cluster in clusters
        for name in namespaces()
    }
    settings = {
        "slack": {
            "channel": "C0ALERTS01",
            "api_url": api_url,
            "listen": "127.0.0.1:0",
            "health_listen": "127.0.0.1:0",
        },
        "repositories": {"platform": {"url": str(home / "remote"), "branch": BRANCH}},
        "clusters": {name: {"kubeconfig": str(home / "kubeconfig"), "watch": watch} for name in clusters},
        "applications": applications,
        "alerts": {"group": 10_000},
        "store": f"sqlite:///{state}/state.db",
        "mirrors": str(state / "mirrors"),
    }
    file.write_text(yaml.safe_dump(settings))
    return file


class Bot:
    """A running bot."""

    def __init__(self, config: Path) -> None:
        from bot.sandbox.slack.web_api import APP_TOKEN, BOT_TOKEN  # noqa: PLC0415

        self._log = config.with_name("log")
        environment = {**os.environ, "SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN, "LOG_LEVEL": "INFO"}
        with self._log.open("w") as log:
            argv = [sys.executable, "-m", "bot", "run", "--config", str(config)]
            self._process = subprocess.Popen(argv, env=environment, stdout=log, stderr=log)

    def wait(self, *, watches: bool, clusters: int = 1) -> None:
        """Wait until it has checked every application and, if `watches`, is watching every cluster."""

        def is_ready() -> bool:
            log = self._log.read_text()
            if self._process.poll() is not None:
                raise SystemExit(f"The bot ended:\n{log}")
            return self._checks() == NAMESPACES * clusters and (log.count(" watching ") >= clusters or not watches)

        wait_for(is_ready, "The first checks")

    def _checks(self) -> int:
        url = f"file:{self._log.with_name('state.db')}?mode=ro"
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(url, uri=True)) as database:
            return int(database.execute("SELECT count(*) FROM checks").fetchone()[0])
        return 0  # the table doesn't exist yet

    def cpu(self) -> float:
        """Its CPU seconds, without its children."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def threads(self) -> int:
        """The number of its threads."""
        return len(list(Path(f"/proc/{self._process.pid}/task").iterdir()))

    def memory(self) -> int:
        """Its memory, in bytes."""
        return int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def stop(self) -> None:
        """End it as Kubernetes does."""
        self._process.terminate()
        self._process.wait(timeout=WAIT)


def wait_for(condition: Callable[[], bool], what: str) -> float:
    """Wait for a condition, and return the time at which it became true."""
    deadline = time.monotonic() + WAIT
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"{what} did not come within {WAIT:.0f} s.")
        time.sleep(0.005)
    return time.monotonic()


# ---------------------------------------------------------------- measurements


def latencies(slack: Any, url: str, edits: int) -> list[float]:
    """Seconds from each edit until Slack has its card."""
    edited: dict[str, float] = {}
    arrived: dict[str, float] = {}

    def look() -> bool:
        texts = [message.text for message in slack.messages("C0ALERTS01")]
        for name in edited.keys() - arrived.keys():
            if any(f"{name}-prod on prod" in text for text in texts):
                arrived[name] = time.monotonic()
        return len(arrived) == edits

    def edit() -> None:
        for number, name in enumerate(namespaces()[:edits]):
            path = f"/api/v1/namespaces/{name}/configmaps/service-{number % SETS:02}"
            edited[name] = time.monotonic()
            patch(url, path, {"data": {"number": "999"}})
            time.sleep(PAUSE)

    thread = threading.Thread(target=edit)
    thread.start()
    wait_for(look, f"All {edits} cards")
    thread.join()
    return [arrived[name] - edited[name] for name in edited]


def cpu_per_minute(bot: Bot) -> float:
    before = bot.cpu()
    time.sleep(CPU_SECONDS)
    return (bot.cpu() - before) * 60 / CPU_SECONDS


def bytes_per_object(home: Path) -> float:
    """The memory of the informers and the plan per object, by tracemalloc."""
    from bot.adapters.kubernetes.cluster import KubernetesCluster  # noqa: PLC0415
    from bot.core.applications.application import Application  # noqa: PLC0415
    from bot.core.git.repository_ref import RepositoryRef  # noqa: PLC0415
    from bot.core.objects.manifest import read_manifests  # noqa: PLC0415
    from bot.handlers.drift.declared import declared_objects  # noqa: PLC0415
    from bot.handlers.watch.informer import Informer  # noqa: PLC0415
    from bot.handlers.watch.plan import watch_plan  # noqa: PLC0415

    prod = KubernetesCluster("prod", kubeconfig=home / "kubeconfig")
    discovery = prod.discover()
    applications = {
        name: Application(name, RepositoryRef("platform"), f"apps/{name}", "prod", name, "C1") for name in namespaces()
    }
    declarations = [
        (manifest, applications[path.split("/")[1]])
        for path, text in files()
        for manifest in read_manifests(path, text.encode())
    ]
    declared = declared_objects(declarations, discovery)
    tracemalloc.start()
    plan = watch_plan(declared, discovery)
    clock = partial(datetime.now, UTC)
    informers = [Informer(prod, kind, None, plan, lambda *_: None, clock) for kind in plan.namespaces]
    for informer in informers:
        informer._list()  # noqa: SLF001  without the watch that follows
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return taken / sum(map(len, informers))


def report(edits: int) -> None:
    from bot.sandbox.slack import SandboxSlack  # noqa: PLC0415

    print("\n".join(machine()), flush=True)
    with tempfile.TemporaryDirectory() as folder, SandboxSlack(seed=1).serve() as slack:
        home = Path(folder)
        make_remote(home / "remote")
        with cluster(home, __file__) as (url, server):
            print(
                f"\nmemory of a watched object: {bytes_per_object(home):,.0f} bytes (goal: below 2,048)\n", flush=True
            )
            print(f"{'':10}{'CPU, idle':>16}{'CPU, 10 edits/s':>19}{'memory':>10}", flush=True)
            for watch in (False, True):
                bot = Bot(configuration(home, slack.api_url, watch=watch))
                try:
                    bot.wait(watches=watch)
                    time.sleep(10)  # until startup work is done
                    idle = cpu_per_minute(bot)
                    turn_churn(server, "on")
                    busy = cpu_per_minute(bot)
                    name = "watch" if watch else "polling"
                    print(f"{name:10}{idle:10.2f} s/min{busy:13.2f} s/min{bot.memory() / 2**20:7.0f} MB", flush=True)
                    if watch:
                        seconds = sorted(latencies(slack, url, edits))
                    turn_churn(server, "off")
                finally:
                    bot.stop()
    p50, p99 = statistics.median(seconds), seconds[min(len(seconds) - 1, round(0.99 * len(seconds)))]
    print(f"\nedit to card, {edits} edits: p50 {p50:.2f} s, p99 {p99:.2f} s (goal: below 5 s)")
    print(f"of that beyond the settle time of {SETTLE:.0f} s: p50 {p50 - SETTLE:.2f} s, p99 {p99 - SETTLE:.2f} s")
    print("polling, by its default intervals of 5 minutes and 30 s: p50 165 s, p99 325 s, plus the time of two checks")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", metavar="HOME", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--edits", metavar="N", type=int, default=15, choices=range(1, NAMESPACES + 1))
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
    else:
        report(options.edits)


if __name__ == "__main__":
    main()

"""Kills replicas with `kill -9` while people edit clusters: how long until others have taken over, and what it costs.

Three replicas of the bot share one PostgreSQL and four clusters; each is a process, restarted at once. Around each
kill, somebody edits every cluster. Afterwards each edit must have exactly one alert. Beside it, one replica that is
restarted. Run it with `make bench`; `--kills 200 --lease 2` is the long run, with leases of 2 s.
"""

import argparse
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
from drift_check import machine

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT))  # for the servers of the tests

from bot.sandbox.slack import Rates, SandboxSlack  # noqa: E402
from bot.sandbox.slack.web_api import APP_TOKEN, BOT_TOKEN  # noqa: E402
from tests.common.bot import FREE_PORTS, application_settings, write_config  # noqa: E402
from tests.common.git import SourceRepository  # noqa: E402
from tests.common.kubernetes import RunningCluster, as_yaml, config_map, running_cluster  # noqa: E402
from tests.common.postgresql import running_postgresql  # noqa: E402
from tests.common.slack import ALERTS  # noqa: E402

CLUSTERS = ("dev", "prod", "stage", "test")
LEASES = len(CLUSTERS) + 1
SETTINGS = config_map(level="info")
WAIT = 120.0  # seconds, for anything
LEASE = 8.0  # seconds, the default

# Each replica is this process, with leases of another duration.
REPLICA = """
import sys
from pathlib import Path
from bot.adapters.database import leases
from bot.cli.log import configure_logging
from bot.cli.run import run_bot
from bot.handlers import lease_keeper
leases.LEASE_SECONDS = float(sys.argv[2])
lease_keeper.RENEW_SECONDS = float(sys.argv[2]) / 4
configure_logging()
run_bot(Path(sys.argv[1]))
"""


class Replica:
    """One process, which is started again with the same mirrors."""

    def __init__(self, config: Path, lease: float) -> None:
        self._config, self._lease = config, lease
        self._log = config.with_name("log")
        self.start()

    def start(self) -> None:
        """Start it, or start it again."""
        environment = {
            **os.environ,
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_APP_TOKEN": APP_TOKEN,
            "LOG_LEVEL": "INFO",
            "PYTHONPATH": str(ROOT),
        }
        with self._log.open("a") as log:
            argv = [sys.executable, "-c", REPLICA, str(self._config), str(self._lease)]
            self._process = subprocess.Popen(argv, env=environment, stdout=log, stderr=log, start_new_session=True)

    @property
    def id(self) -> str:
        """What the store calls it; "" until it has taken a lease."""
        took = re.findall(r"replica (\S+) took", self._log.read_text())
        return took[-1] if took else ""

    def kill(self) -> str:
        """End it as a crash does; its ID."""
        id_ = self.id
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        return id_

    def stop(self) -> None:
        """End it as Kubernetes does."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(timeout=WAIT)


class Bench:
    """The clusters, Slack, and replicas on one database."""

    def __init__(
        self, database: str, slack: SandboxSlack, clusters: dict[str, RunningCluster], replicas: Sequence[Replica]
    ) -> None:
        self.slack, self.clusters, self.replicas = slack, clusters, replicas
        self._database = psycopg.connect(database, autocommit=True)

    def holders(self) -> list[str]:
        """The running replicas that hold a lease, one for each lease that is held."""
        query = "SELECT holder FROM leases JOIN replicas ON id = holder AND expires_at > clock_timestamp()"
        return [row[0] for row in self._database.execute(query)]

    def edit(self, cluster: str, level: str) -> None:
        """Edit the ConfigMap on a cluster by hand."""
        self.clusters[cluster].edit(SETTINGS, cluster, {"data": {"level": level}})

    def alerts(self, level: str) -> Counter[str]:
        """How many messages in the channel have ever said that a cluster has this value."""
        posted = [message for message in self.slack.posted(ALERTS) if not message.reply]
        return Counter(
            name
            for name in CLUSTERS
            for message in posted
            if any(f"{name} on" in version.text and level in version.text for version in message.versions)
        )

    def open_incidents(self) -> int:
        """How many incidents have not ended, or are not shown as ended in Slack."""
        query = "SELECT count(*) FROM incidents WHERE NOT settled"
        row = self._database.execute(query).fetchone()
        assert row
        return int(row[0])


@contextmanager
def running_bench(replicas: int, lease: float) -> Iterator[Bench]:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (home / "postgresql").mkdir()
        home.chmod(0o755)
        database = stack.enter_context(running_postgresql(home / "postgresql")).url
        slack = stack.enter_context(SandboxSlack(seed=1, rates=Rates.unlimited()).serve())
        source = SourceRepository(home / "source")
        source.commit("First", {f"apps/{name}/all.yaml": as_yaml(SETTINGS) for name in CLUSTERS})
        clusters = {name: stack.enter_context(running_cluster()) for name in CLUSTERS}
        for name, cluster in clusters.items():
            cluster.apply(SETTINGS, namespace=name)
            cluster.kubeconfig(home / name)
        started = []
        for number in range(replicas):
            folder = home / f"replica-{number}"
            folder.mkdir()
            config = write_config(
                folder / "config.yaml",
                slack={"channel": ALERTS, "api_url": slack.api_url, **FREE_PORTS},
                repositories={"platform": {"url": source.url}},
                clusters={name: {"kubeconfig": str(home / name)} for name in CLUSTERS},
                applications={name: application_settings(name, cluster=name) for name in CLUSTERS},
                alerts={"group": 1_000},
                store=database,
            )
            started.append(Replica(config, lease))
            stack.callback(started[-1].stop)
            if not number:  # it migrates the database
                wait_for(lambda: started[0].id != "", "The first replica")
        bench = Bench(database.replace("+psycopg", ""), slack, clusters, started)
        wait_for(lambda: len(bench.holders()) == LEASES, "Every lease")
        yield bench


def wait_for(condition: Callable[[], bool], what: str) -> float:
    """Wait for a condition; the time at which it held."""
    deadline = time.monotonic() + WAIT
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"{what} did not come within {WAIT:.0f} s.")
        time.sleep(0.02)
    return time.monotonic()


def one_kill(bench: Bench, number: int, chance: random.Random) -> tuple[float, list[float]]:
    """Kill a replica while the clusters are edited: seconds until every lease was held, and from edits to alerts."""
    wait_for(lambda: len(set(bench.holders())) == len(bench.replicas), "A lease for each replica")
    level = f"round-{number}-"
    edited: dict[str, float] = {}

    def edit() -> None:
        for name in chance.sample(CLUSTERS, len(CLUSTERS)):
            bench.edit(name, level)
            edited[name] = time.monotonic()
            time.sleep(pause)

    pause = chance.uniform(0, 1)
    editing = threading.Thread(target=edit)
    editing.start()
    time.sleep(chance.uniform(0, 4 * pause + 1))
    victim = chance.choice(bench.replicas)
    killed = victim.kill()
    killed_at = time.monotonic()
    victim.start()

    def are_held() -> bool:
        holders = bench.holders()
        return len(holders) == LEASES and killed not in holders

    held_at = wait_for(are_held, "Every lease")
    editing.join()
    alerted: dict[str, float] = {}

    def are_alerted() -> bool:
        for name in bench.alerts(level):
            alerted.setdefault(name, time.monotonic())
        return len(alerted) == len(CLUSTERS)

    wait_for(are_alerted, "Every alert")
    for name in CLUSTERS:
        bench.edit(name, "info")
    wait_for(lambda: bench.open_incidents() == 0, "The end of every incident")
    doubled = {name: count for name, count in bench.alerts(level).items() if count > 1}
    if doubled:
        raise SystemExit(f"Kill {number}: more than one alert: {doubled}")
    return held_at - killed_at, [alerted[name] - edited[name] for name in CLUSTERS]


def report(replicas: int, kills: int, lease: float, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    taken_over, alerted = [], []
    with running_bench(replicas, lease) as bench:
        for number in range(kills):
            seconds, alerts = one_kill(bench, number, chance)
            taken_over.append(seconds)
            alerted += alerts
            print(f"  kill {number + 1}: {seconds:.1f} s", file=sys.stderr, flush=True)
    name = f"{replicas} replica{'s' if replicas > 1 else ''}, {kills} kills"
    print(
        f"{name:24}{statistics.median(taken_over):8.1f} s{max(taken_over):8.1f} s"
        f"{statistics.median(alerted):16.1f} s{max(alerted):8.1f} s   {len(alerted)} edits, as many alerts",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", metavar="N", type=int, default=3)
    parser.add_argument("--replicas", metavar="N", type=int, default=3)
    parser.add_argument("--lease", metavar="SECONDS", type=float, default=LEASE)
    parser.add_argument("--seed", metavar="N", type=int, default=0)
    options = parser.parse_args()
    print("\n".join(list(machine())[:-1]), flush=True)
    print(f"leases of {options.lease:.0f} s, {len(CLUSTERS)} clusters; median and longest of each\n")
    print(f"{'':24}{'every lease held':>20}{'edit to alert':>28}", flush=True)
    report(options.replicas, options.kills, options.lease, options.seed)
    report(1, min(options.kills, 3), options.lease, options.seed)


if __name__ == "__main__":
    main()

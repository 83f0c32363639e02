"""How one process grows with its clusters, each with 10,000 objects in 50 applications. Run it with `make bench`.

This is 100 clusters at a scale of 1 to 10. The bot is `gitops-bot run` with the default settings, so it checks and
watches every cluster. The clusters are one sandbox in a process of its own, which the bot reads under many names, so
the bot lists, compares, and watches the objects of each one. The baseline is a single cluster.
"""

import argparse
import tempfile
import time
from pathlib import Path

from drift_check import NAMESPACES, cluster, machine, make_remote
from watch import Bot, configuration, cpu_per_minute, serve

SIZES = (1, 5, 10)  # clusters


def measure(home: Path, api_url: str, clusters: int) -> tuple[float, float, float, int]:
    """CPU seconds until every cluster is checked and watched, then CPU seconds per idle minute, MB, and threads."""
    names = [f"prod-{number:02}" for number in range(clusters)]
    bot = Bot(configuration(home, api_url, watch=True, clusters=names))
    try:
        bot.wait(watches=True, clusters=clusters)
        started = bot.cpu()
        time.sleep(15)  # for the jobs that start it off
        return started, cpu_per_minute(bot), bot.memory() / 2**20, bot.threads()
    finally:
        bot.stop()


def report() -> None:
    from bot.sandbox.slack import SandboxSlack  # noqa: PLC0415

    print("\n".join(machine()), flush=True)
    with tempfile.TemporaryDirectory() as folder, SandboxSlack(seed=1).serve() as slack:
        home = Path(folder)
        make_remote(home / "remote")
        with cluster(home, __file__):
            print(f"\n{NAMESPACES} applications and 10,000 objects in each cluster\n", flush=True)
            print(f"{'clusters':>8}{'CPU to start':>14}{'CPU, idle':>16}{'memory':>10}{'threads':>9}", flush=True)
            rows = []
            for clusters in SIZES:
                row = started, idle, memory, threads = measure(home, slack.api_url, clusters)
                rows.append(row)
                print(f"{clusters:8}{started:12.1f} s{idle:10.2f} s/min{memory:7.0f} MB{threads:9}", flush=True)
    added = [(last - first) / (SIZES[-1] - SIZES[0]) for first, last in zip(rows[0], rows[-1], strict=True)]
    print(f"\neach further cluster: {added[0]:.1f} s, {added[1]:.2f} s/min, {added[2]:.0f} MB, {added[3]:.0f} threads")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", metavar="HOME", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
    else:
        report()


if __name__ == "__main__":
    main()

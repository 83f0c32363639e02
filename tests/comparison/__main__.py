"""Compares reverts with `git revert` on many generated histories, and prints the table: `make soak`."""

import argparse
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import chain
from pathlib import Path

from tests.comparison.compare import Row, compare


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.comparison", description=__doc__)
    parser.add_argument("--histories", type=int, default=500, metavar="N", help="how many (default 500)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the first history (default 0)")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="processes (default 2)")
    options = parser.parse_args()
    version = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    seeds = range(options.seed, options.seed + options.histories)
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(options.jobs) as pool:
        rows = list(chain.from_iterable(pool.map(partial(_compare, Path(folder)), seeds, chunksize=4)))
    print(f"{version}: {len(rows):,} reverts in {options.histories:,} histories, from seed {options.seed}\n")
    print_table(rows)
    unexplained = {(row.case.kind, row.verdict): row for row in rows if not row.is_explained}
    for row in unexplained.values():
        print(
            f"\nseed {row.seed}, {row.case.kind} {row.case.change}: {row.verdict}\n  bot: {row.bot}\n  git: {row.git}"
        )
    return 1 if unexplained else 0


def _compare(folder: Path, seed: int) -> list[Row]:
    return compare(seed, folder / str(seed))


def print_table(rows: list[Row]) -> None:
    for (kind, verdict), count in sorted(Counter((row.case.kind, row.verdict) for row in rows).items()):
        print(f"{count:7,}  {kind:28} {verdict}")
    several = [row for row in rows if row.one_by_one]
    print(f"\nSeveral commits: the bot against one `git revert` for each of {len(several):,}\n")
    for (bot, git), count in sorted(Counter((row.bot.result, _one_by_one(row)) for row in several).items()):
        print(f"{count:7,}  bot: {bot:12} git: {git}")


def _one_by_one(row: Row) -> str:
    assert row.one_by_one
    if row.bot.result == row.one_by_one.result == "reverted":
        return "the same tree" if row.bot.tree == row.one_by_one.tree else "another tree"
    return row.one_by_one.result


if __name__ == "__main__":
    sys.exit(main())

"""Kills the bot with `kill -9` at random moments of a revert: `make soak`.

After each, the git processes that it started end, and the next process finishes the request. Then there is exactly one
branch and one pull request, and nothing is left on disk.
"""

import argparse
import gc
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from bot.app import Bot
from bot.config.load import load
from bot.core.pull_requests.change_ref import parse_change_ref
from bot.core.pull_requests.revert import RevertRequest
from tests.common.fleet import running_fleet
from tests.common.processes import command_lines
from tests.common.wait import wait_for
from tests.hostile.test_interrupted import ROOT, Interrupted, requester


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.comparison.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=100, metavar="N", help="how many (default 100)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the moments (default 0)")
    options = parser.parse_args()
    dice = random.Random(options.seed)  # noqa: S311  moments to repeat
    moments: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, running_fleet(Path(folder), applications=2, channels=2) as fleet:
        interrupted = Interrupted(fleet)
        longest = kill_after(None, interrupted, interrupted.change(fleet.applications[1]))
        for number in range(1, options.kills + 1):
            sha = interrupted.change(fleet.applications[1])
            kill_after(dice.uniform(0.0, longest), interrupted, sha)
            wait_for(lambda: not remote_git(interrupted))
            moment = progress(interrupted, sha)
            moments[moment] += 1
            print(f"kill {number}: there was {moment}", file=sys.stderr, flush=True)
            finish(interrupted, sha)
            branches = [name for name in fleet.repository.git.branches() if sha in name]
            pulls = [pull for pull in fleet.repository.listed() if sha in pull.head]
            assert (len(branches), len(pulls)) == (1, 1), f"kill {number}: {branches} and {len(pulls)} pull requests"
        gc.collect()  # ends the bots of this process, which remove their own
        left = [path.name for path in interrupted.config.mirrors.glob("quarantine-*")]
        assert not left, left
    print(f"{options.kills} kills, each when there was … already: {dict(moments)}")
    print("Each time there was exactly one branch and one pull request after the next request, and no folder is left.")


def finish(interrupted: Interrupted, sha: str) -> None:
    """What the next process does."""
    with interrupted.restarted() as (_, commands):
        commands.resume_interrupted()
        commands.revert(requester(), RevertRequest("jonas", parse_change_ref(sha)))


def remote_git(interrupted: Interrupted) -> list[bytes]:
    """The command lines of git processes that talk to the forge."""
    url = interrupted.config.repositories["platform"].url.encode()
    return [line for line in command_lines() if url in line]


def progress(interrupted: Interrupted, sha: str) -> str:
    """How far the killed process came."""
    if any(sha in pull.head for pull in interrupted.fleet.repository.listed()):
        return "the pull request"
    return "the branch" if any(sha in name for name in interrupted.fleet.repository.git.branches()) else "nothing"


def kill_after(seconds: float | None, interrupted: Interrupted, sha: str) -> float:
    """Ask for a revert in a process of its own, and kill it after so many seconds, or None once it has the answer.

    The seconds from the request to the kill.
    """
    environment = {**os.environ, **interrupted.fleet.stack.environment, "PYTHONPATH": str(ROOT)}
    argv = [
        sys.executable,
        "-c",
        f"from tests.comparison.kills import ask; ask({str(interrupted.config_file)!r}, {sha!r})",
    ]
    with subprocess.Popen(argv, cwd=ROOT, env=environment, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        began = time.monotonic()
        if seconds is None:
            assert process.stdout.readline() == b"answered\n"
        else:
            time.sleep(seconds)
        os.killpg(process.pid, signal.SIGKILL)
        return time.monotonic() - began


def ask(config: str, sha: str) -> None:
    """What the process does that is killed."""
    commands = Bot(load(Path(config), os.environ))._commands
    print("ready", flush=True)
    commands.revert(requester(), RevertRequest("jonas", parse_change_ref(sha)))
    print("answered", flush=True)
    signal.pause()


if __name__ == "__main__":
    main()

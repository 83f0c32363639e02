"""Requests of people, each in a process of its own that `kill -9` ends at a given point: see test_interrupted.py.

A line of standard input is one request, as a JSON array: the configuration, the point, and the command (`revert SHA` or
`adopt APP`). Its process is a fork of this one, which has imported everything; the answer is its exit code.
"""

import json
import os
import signal
import sys
from functools import wraps
from pathlib import Path

from bot.adapters.database.audit_log import SqlAuditLog
from bot.adapters.database.intents import SqlIntents
from bot.adapters.database.pull_requests import SqlPullRequests
from bot.adapters.forges.github import GitHubForge
from bot.adapters.git.repository import GitRepository
from bot.app import Bot
from bot.config.load import load
from bot.core.access.audit import Origin
from bot.core.access.requester import Requester
from bot.core.pull_requests.change_ref import parse_change_ref
from bot.core.pull_requests.revert import RevertRequest
from bot.i18n.language import ENGLISH

POINTS = {
    "the intent is recorded": (SqlIntents, "save", "after"),
    "the branch is about to be pushed": (GitRepository, "push_commit", "before"),
    "the branch is pushed": (GitRepository, "push_commit", "after"),
    "the pull request is open": (GitHubForge, "create_pull_request", "after"),
    "the pull request is stored": (SqlPullRequests, "save", "after"),
    "the entry is appended": (SqlAuditLog, "append", "after"),
}


def kill_at(point: str) -> None:
    owner, name, when = POINTS[point]
    original = getattr(owner, name)

    @wraps(original)
    def killed(*arguments, **keywords):
        if when == "after":
            original(*arguments, **keywords)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, killed)


def main(config_path: str, point: str, verb: str, what: str) -> None:
    commands = Bot(load(Path(config_path), os.environ))._commands
    requester = Requester("U0JONAS001", "jonas", "C0TEAM0000", Origin.COMMAND, ENGLISH)
    kill_at(point)
    if verb == "revert":
        print(commands.revert(requester, RevertRequest("jonas", parse_change_ref(what))))
    else:
        print(commands.adopt(requester, what))


def serve() -> None:
    for line in sys.stdin:
        child = os.fork()
        if not child:
            main(*json.loads(line))
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    serve()

"""Stops the git processes of a bot that was killed, and so could not stop them itself.

Git would go on to fetch into a mirror that the next bot uses. PR_SET_PDEATHSIG does not help: it stops git, but not the
processes that git has started to talk to the remote.
"""

import atexit
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# The last line lists the process groups that run when the bot ends, each as `kill` takes it.
_COMMAND: Final = ("sh", "-c", "while read -r line; do groups=$line; done; kill -s TERM -- $groups")

_lock: Final = threading.Lock()
_groups: Final[set[int]] = set()
_running: Final[list["subprocess.Popen[bytes]"]] = []  # at most one


@contextmanager
def watched(group: int) -> Iterator[None]:
    """Stop this process group if the bot is killed inside of the context."""
    with _lock:
        _groups.add(group)
        _tell()
    try:
        yield
    finally:
        with _lock:
            _groups.remove(group)
            _tell()


def _tell() -> None:
    line = " ".join(f"-{group}" for group in sorted(_groups)).encode() + b"\n"
    if _running and _running[0].poll() is not None:  # it was killed, too
        _running.pop()
    if not _running:
        # In a session of its own, so that what ends the bot's process group does not end it.
        _running.append(
            subprocess.Popen(
                _COMMAND, bufsize=0, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
            )
        )
    if stdin := _running[0].stdin:
        stdin.write(line)


@atexit.register
def _end() -> None:
    for process in _running:
        process.communicate()

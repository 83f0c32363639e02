"""Stops the git processes of a bot that was killed before it could stop them.

They would continue to fetch into a mirror that the next bot uses. PR_SET_PDEATHSIG would stop git, but not the
processes that git has started to talk to the remote.
"""

import atexit
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

# Each line lists the running process groups, as kill(1) takes them. When the bot ends, the last line counts.
_COMMAND: Final = ("sh", "-c", "while read -r line; do groups=$line; done; kill -s TERM -- $groups")


class Watchdog:
    """A process that waits for its input to close, which happens when the bot ends. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._groups: set[int] = set()
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self._end)

    @contextmanager
    def watching(self, group: int) -> Iterator[None]:
        """Stop this process group if the bot ends inside the context."""
        with self._lock:
            self._groups.add(group)
            self._send()
        try:
            yield
        finally:
            with self._lock:
                self._groups.remove(group)
                self._send()

    def _send(self) -> None:
        if self._process is None or self._process.poll() is not None:
            # In its own session, so that a signal to the bot's process group or session does not end it.
            self._process = subprocess.Popen(
                _COMMAND, bufsize=0, env={}, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
            )
        if stdin := self._process.stdin:
            with suppress(BrokenPipeError):  # it was killed just now
                stdin.write(" ".join(f"-{group}" for group in self._groups).encode() + b"\n")

    def _end(self) -> None:
        if self._process:
            self._process.communicate()

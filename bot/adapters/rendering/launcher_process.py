"""The bot's side of `launcher.py`: processes that run one program after another."""

import atexit
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, Final

PYTHON: Final = os.path.realpath(sys.executable)
_COMMAND: Final = (PYTHON, "-I", "-S", str(Path(__file__).with_name("launcher.py")))
_CLOSE_SECONDS = 5.0
_MAX_ANSWER_BYTES = 16

Request = Mapping[str, Any]  # as `launcher.py` reads it


class Launcher:
    """A process of `launcher.py`, which runs one program at a time."""

    def __init__(self) -> None:
        """Start the launcher. Raises OSError."""
        self._socket, other_end = socket.socketpair()
        with other_end:
            self._process = subprocess.Popen(
                [*_COMMAND, str(other_end.fileno())],
                env=libraries(),
                stdin=subprocess.DEVNULL,
                pass_fds=[other_end.fileno()],
                start_new_session=True,
            )

    def start(self, request: Request, stdout: int, stderr: int) -> None:
        """Start a program that writes to these descriptors. Raises OSError if the launcher has ended."""
        line = json.dumps(request).encode() + b"\n"
        sent = socket.send_fds(self._socket, [line], [stdout, stderr])
        self._socket.sendall(line[sent:])

    def wait(self, deadline: float) -> int:
        """The program's exit status; negative for a signal. Raises TimeoutError; OSError if the launcher has ended."""
        self._socket.settimeout(max(0.001, deadline - time.monotonic()))
        answer = self._socket.recv(_MAX_ANSWER_BYTES)
        self._socket.settimeout(None)
        if not answer:
            raise ConnectionResetError(0, "the launcher has ended")
        return int(answer)

    def close(self) -> None:
        """End the launcher, after ending the program and its children."""
        self._socket.close()
        try:
            self._process.wait(_CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


_idle: Final[list[Launcher]] = []  # at most as many as have run at once


class Program:
    """A running program: its output and exit status."""

    def __init__(self, launcher: Launcher, stdout: IO[bytes], stderr: IO[bytes]) -> None:
        self.stdout, self.stderr = stdout, stderr
        self._launcher = launcher
        self.has_ended = False

    def wait(self, deadline: float) -> int:
        """See Launcher."""
        status = self._launcher.wait(deadline)
        self.has_ended = True
        return status


@contextmanager
def launched(request: Request) -> Iterator[Program]:
    """Start a program, which ends with the context at the latest, as do its children. Raises OSError."""
    with ExitStack() as stack:
        stdout, stdout_end = _pipe(stack)
        stderr, stderr_end = _pipe(stack)
        launcher = _start(request, stdout_end.fileno(), stderr_end.fileno())
        stdout_end.close()
        stderr_end.close()
        program = Program(launcher, stdout, stderr)
        try:
            yield program
        finally:
            if program.has_ended:
                _idle.append(launcher)
            else:
                launcher.close()


@atexit.register
def close_idle() -> None:
    """End the idle launchers."""
    while _idle:
        _idle.pop().close()


def libraries() -> dict[str, str]:
    """The environment variable with the path of Python's shared library, if it is set."""
    return {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}


def _start(request: Request, stdout: int, stderr: int) -> Launcher:
    while _idle:
        try:
            launcher = _idle.pop()
        except IndexError:  # another thread took it
            break
        try:
            launcher.start(request, stdout, stderr)
        except OSError:  # it was killed
            launcher.close()
        else:
            return launcher
    launcher = Launcher()
    launcher.start(request, stdout, stderr)
    return launcher


def _pipe(stack: ExitStack) -> tuple[IO[bytes], IO[bytes]]:
    reader, writer = os.pipe()
    ends = os.fdopen(reader, "rb", buffering=0), os.fdopen(writer, "wb", buffering=0)
    return stack.enter_context(ends[0]), stack.enter_context(ends[1])

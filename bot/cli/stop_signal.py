"""Waits for SIGTERM or Ctrl-C."""

import signal
import socket
from types import FrameType


class StopSignal:
    """Waits for SIGTERM or Ctrl-C, and catches one that arrives before `wait` is called.

    A `threading.Event` set by a signal handler is not enough: if a signal arrives just before the wait's system call,
    its handler runs only after something else ends the wait. Instead, `wait` reads the byte that the interpreter writes
    on every signal: https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd
    """

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno())
        self.received = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._handle)

    def wait(self) -> None:
        """Block until a signal arrives, which sets `received`, or until `wake` is called."""
        self._reader.recv(1)

    def wake(self) -> None:
        """End `wait`, from any thread."""
        self._writer.send(b"\0")

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self.received = True

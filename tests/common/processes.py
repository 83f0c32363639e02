"""What anybody on this machine sees of its processes."""

from collections.abc import Iterator
from pathlib import Path


def command_lines() -> Iterator[bytes]:
    """What every process was started with, each argument ended by a zero byte."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield file.read_bytes()
        except OSError:  # it has ended
            continue

"""A PostgreSQL server for tests."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_OPTIONS = "-c listen_addresses=127.0.0.1 -c port={port} -c fsync=off -c unix_socket_directories="


class RunningPostgresql:
    """A server in a folder, which can be stopped and started. It refuses to run as root, so root switches users."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._binaries = _binaries()
        self._prefix: list[str] = []
        if os.geteuid() == 0:
            capabilities = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
            self._prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *capabilities, "--"]
            os.chown(folder, 65534, 65534)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port: int = probe.getsockname()[1]
        self._run("initdb", "-U", "bot", "-A", "trust", "--no-sync")

    @property
    def url(self) -> str:
        """The URL to configure in the store."""
        return f"postgresql+psycopg://bot@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        # TCP, since a socket's path may have at most 107 characters.
        options = _OPTIONS.format(port=self._port)
        self._run("pg_ctl", "-w", "-o", options, "-l", str(self._folder / "log"), "start")

    def stop(self) -> None:
        """Stop it as in a crash, which cuts every connection."""
        self._run("pg_ctl", "-w", "-m", "immediate", "stop")

    def _run(self, program: str, *options: str) -> None:
        command = [*self._prefix, str(self._binaries / program), "-D", str(self._folder / "data"), *options]
        subprocess.run(command, check=True, capture_output=True, cwd=self._folder)


@contextmanager
def running_postgresql(folder: Path) -> Iterator[RunningPostgresql]:
    server = RunningPostgresql(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _binaries() -> Path:
    initdb = shutil.which("initdb")
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if initdb:
        return Path(initdb).parent
    assert places, "PostgreSQL is not installed: apt-get install postgresql, or put initdb and postgres on the PATH"
    return places[0]

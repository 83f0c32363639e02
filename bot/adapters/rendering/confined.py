"""Runs a program on untrusted files, with limits on what it can read, use and print.

It gets a private copy of the files and its own environment. `launcher.py`, which starts it, bounds its memory and time,
and isolates it if the system allows that: it can then only read and execute what is listed here, and can't open a
socket. In any case, its PATH is empty, and its proxies don't exist.
"""

import functools
import os
import platform
import selectors
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bot.adapters.rendering.helm_command import helm_environment
from bot.adapters.rendering.launcher import FAILED
from bot.adapters.rendering.launcher_process import PYTHON, Program, launched, libraries
from bot.adapters.rendering.private_copy import private_copy
from bot.adapters.rendering.slow_runs import LimitedRun
from bot.core.rendering.limits import MAX_STDERR_BYTES, Limits
from bot.i18n.catalogue import render as texts
from bot.i18n.language import LocalizedText
from bot.ports.errors import PortError
from bot.ports.rendering import RenderError, RenderStoppedError

_HERE: Final = Path(__file__).parent
# What programs may load: system and Python libraries, and the programs next to this module.
_READABLE: Final = (
    *("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/dev/null", "/dev/urandom", "/dev/zero"),
    *(sys.prefix, sys.base_prefix, str(_HERE)),
)
_DYNAMIC_LINKERS: Final = tuple(
    os.path.realpath(path) for folder in (Path("/lib"), Path("/lib64")) for path in folder.glob("ld-*.so*")
)
_CHUNK = 2**16
_MAX_SHEBANG_BYTES: Final = 256  # Linux's BINPRM_BUF_SIZE
# Hold it while there is a copy of the files for a run. Times the memory limit of a run and the size of a copy, this is
# what a pod needs in addition to the bot: see manifests/base/deployment.yaml.
CONCURRENT_RUNS: Final = threading.BoundedSemaphore(2)


@dataclass(frozen=True, slots=True)
class ProgramOutput:
    """A program's exit status (negative for a signal), its stdout, and the beginning of its stderr."""

    status: int
    stdout: bytes
    stderr: str


def run(
    argv: Sequence[str],
    *,
    folder: Path,
    what: str,
    limited: LimitedRun,
    programs: Sequence[str] = (),
) -> ProgramOutput:
    """Run a program in `folder`/tree of a private copy, with CONCURRENT_RUNS held. `what` is the run's name in errors.

    `programs` are the paths of other programs that it may start. Raises RenderError if it exceeds a limit,
    RenderStoppedError if that is a time limit, and PortError if it cannot be started.
    """
    limits = limited.limits
    if not os.access(argv[0], os.X_OK):
        raise PortError(LocalizedText(texts.CANNOT_RUN, program=argv[0], why=LocalizedText(texts.NO_PROGRAM)))
    request = _request(argv, folder, limits, isolated=not missing_isolation(), programs=programs)
    status, stdout, raw_stderr = _run(what, request, limits)
    limited.succeeded = status == 0
    stderr = raw_stderr.decode(errors="replace")
    if status == -signal.SIGXCPU or "SIGXCPU" in stderr:
        raise _timeout(what, limits)
    if status == -signal.SIGKILL:
        raise RenderStoppedError(LocalizedText(texts.STOPPED, what=what))
    if status == FAILED and stderr.startswith("launcher: "):
        raise PortError(LocalizedText(texts.CANNOT_RUN, program=argv[0], why=stderr.removeprefix("launcher: ").strip()))
    if status != 0 and any(phrase in stderr for phrase in ("out of memory", "cannot allocate memory", "MemoryError")):
        raise RenderError(LocalizedText(texts.MEMORY, what=what, most=str(limits.memory_bytes >> 20)))
    return ProgramOutput(status, stdout, stderr)


@functools.cache
def missing_isolation() -> str:
    """Why programs cannot be isolated on this machine; "" if they can, as on most Linux machines.

    Raises PortError if that can't be tested at the moment, such as on a full disk.
    """
    if sys.platform != "linux":
        return f"{platform.system()} has neither Landlock nor seccomp"
    # Try it with Python: the paths listed here must be enough to start a program.
    command, limits = [PYTHON, "-I", "-S", "-c", ""], Limits(seconds=10.0)
    with private_copy([]) as folder:
        status, _, stderr = _run("test of isolation", _request(command, folder, limits, isolated=True), limits)
    reason = stderr.decode(errors="replace").removeprefix("launcher: ").strip().partition("\n")[0]
    return "" if status == 0 else reason[:200] or f"exit status {status}"


def _run(what: str, request: Mapping[str, Any], limits: Limits) -> tuple[int, bytes, bytes]:
    """The exit status, stdout, and the beginning of stderr. Raises PortError, RenderError, RenderStoppedError."""
    deadline = time.monotonic() + limits.seconds
    try:
        with launched(request) as program:
            stdout, stderr = _collect(program, what, limits, deadline)
            return program.wait(deadline), stdout, stderr
    except TimeoutError:
        raise _timeout(what, limits) from None
    except OSError as error:
        why = str(error.strerror)
        raise PortError(LocalizedText(texts.CANNOT_RUN, program=request["argv"][0], why=why)) from error


def _request(
    argv: Sequence[str], folder: Path, limits: Limits, *, isolated: bool, programs: Sequence[str] = ()
) -> dict[str, Any]:
    """What `launcher.py` needs to start a program in `folder`/tree."""
    programs = [argv[0], *programs]
    executable = (*_DYNAMIC_LINKERS, *(os.path.realpath(path) for path in (*programs, *_interpreters(programs))))
    return {
        "argv": argv,
        "folder": str(folder / "tree"),
        "environment": _environment(folder, limits),
        "isolated": isolated,
        "memory_bytes": limits.memory_bytes,
        "cpu_seconds": limits.cpu_seconds,
        "output_bytes": limits.output_bytes,
        "open_files": limits.open_files,
        "readable": (*_READABLE, str(folder / "tree")),
        "writable": [str(folder / name) for name in ("home", "tmp")],
        "executable": executable,
    }


def _interpreters(programs: Sequence[str]) -> Iterator[str]:
    """The interpreters of the programs that are scripts."""
    for program in programs:
        with suppress(OSError), Path(program).open("rb") as file:
            first, _, path = file.readline(_MAX_SHEBANG_BYTES).decode(errors="replace").partition("#!")
            if path.strip() and not first:
                yield path.split()[0]


def _environment(folder: Path, limits: Limits) -> dict[str, str]:
    nowhere = "http://127.0.0.1:9"  # the discard port
    proxies = {name: nowhere for upper in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY") for name in (upper, upper.lower())}
    return {
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "PATH": str(folder / "bin"),
        "LANG": "C.UTF-8",
        # Most runs end before they need garbage collection, so this saves a fifth of their CPU time. Two programs run
        # at once, each mostly in one thread; fewer threads save another tenth.
        "GOGC": "800",
        "GOMAXPROCS": "1",
        "GOMEMLIMIT": str(limits.memory_bytes * 3 // 4),
        **helm_environment(str(folder)),
        **proxies,
        **libraries(),
    }


def _collect(program: Program, what: str, limits: Limits, deadline: float) -> tuple[bytes, bytes]:
    """All of stdout, and the beginning of stderr. Raises RenderError, RenderStoppedError."""
    stdout, stderr = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(program.stdout, selectors.EVENT_READ, stdout)
        selector.register(program.stderr, selectors.EVENT_READ, stderr)
        while selector.get_map():
            remaining = deadline - time.monotonic()
            ready = selector.select(remaining) if remaining > 0 else []
            if not ready:
                raise _timeout(what, limits)
            for key, _ in ready:
                chunk = os.read(key.fd, _CHUNK)
                if not chunk:
                    selector.unregister(key.fileobj)
                elif key.data is stdout:
                    stdout += chunk
                    if len(stdout) > limits.output_bytes:
                        raise RenderError(LocalizedText(texts.OUTPUT, what=what, most=str(limits.output_bytes >> 20)))
                else:
                    stderr += chunk[: MAX_STDERR_BYTES - len(stderr)]
    return bytes(stdout), bytes(stderr)


def _timeout(what: str, limits: Limits) -> RenderStoppedError:
    return RenderStoppedError(LocalizedText(texts.TOO_LONG, what=what, seconds=f"{limits.seconds:.0f}"))

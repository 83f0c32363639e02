"""Run one program over untrusted files, with limits on what it can read, use, and print.

It gets a private copy of the files and an environment of its own. `launcher.py`, which starts it, bounds its memory and
time, and isolates it where the system allows that: it then reads and executes only what is listed here, and opens no
socket. Everywhere, its PATH is empty, and its proxies lead nowhere.
"""

import functools
import os
import platform
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.adapters.rendering.helm_command import helm_environment
from bot.adapters.rendering.launcher import FAILED
from bot.core.rendering.limits import MAX_STDERR_BYTES, Limits
from bot.i18n.catalogue import render as texts
from bot.i18n.language import LocalizedText
from bot.ports.errors import PortError
from bot.ports.rendering import RenderError, RenderStoppedError

PYTHON: Final = os.path.realpath(sys.executable)
_HERE: Final = Path(__file__).parent
_LAUNCHER: Final = (PYTHON, "-I", "-S", str(_HERE / "launcher.py"))
# What programs load: system and Python libraries, and the programs next to this module.
_READABLE: Final = (
    *("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/dev/null", "/dev/urandom", "/dev/zero"),
    *(sys.prefix, sys.base_prefix, str(_HERE)),
)
_DYNAMIC_LINKERS: Final = tuple(
    os.path.realpath(path) for folder in (Path("/lib"), Path("/lib64")) for path in folder.glob("ld-*.so*")
)
_CHUNK = 2**16
_MAX_SHEBANG_BYTES: Final = 256  # as in Linux, BINPRM_BUF_SIZE
# With the memory limit of each, this is what a pod needs on top of the bot: see manifests/base/deployment.yaml.
_CONCURRENT_RUNS = threading.BoundedSemaphore(2)


@dataclass(frozen=True, slots=True)
class ProgramOutput:
    """How a program ended: its exit status (negative: a signal), its stdout, and the beginning of its stderr."""

    status: int
    stdout: bytes
    stderr: str


def run(argv: Sequence[str], *, folder: Path, what: str, limits: Limits, programs: Sequence[str] = ()) -> ProgramOutput:
    """Run a program in `folder`/tree of a private copy, at most two at a time. `what` is the run's name in errors.

    `programs` are the paths of other programs that it may start. RenderError when it exceeds a limit,
    RenderStoppedError when that is time; PortError when it cannot be started.
    """
    if not os.access(argv[0], os.X_OK):
        raise PortError(LocalizedText(texts.CANNOT_RUN, program=argv[0], why=LocalizedText(texts.NO_PROGRAM)))
    with _CONCURRENT_RUNS:
        status, stdout, raw_stderr = _run(argv, folder, what, limits, programs)
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
    """Why programs cannot be isolated on this machine; "" when they can be, as on most Linux machines."""
    if sys.platform != "linux":
        return f"{platform.system()} has neither Landlock nor seccomp"
    # Python itself: what is listed here has to be enough to start a program.
    command = [PYTHON, "-I", "-S", "-c", ""]
    test = _launch(command, Limits(), isolated=True, folder=Path(os.devnull), programs=[])
    try:
        result = subprocess.run(test, capture_output=True, check=False, timeout=10, env=_libraries(), text=True)
    except (OSError, subprocess.SubprocessError) as error:
        return type(error).__name__
    reason = result.stderr.removeprefix("launcher: ").strip().partition("\n")[0]
    return "" if result.returncode == 0 else reason[:200] or f"exit status {result.returncode}"


def _run(
    argv: Sequence[str], folder: Path, what: str, limits: Limits, programs: Sequence[str]
) -> tuple[int, bytes, bytes]:
    try:
        process = subprocess.Popen(
            _launch(argv, limits, isolated=not missing_isolation(), folder=folder, programs=programs),
            cwd=folder / "tree",
            env=_environment(folder, limits),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # one process group, so that whatever it starts ends with it
        )
    except OSError as error:
        raise PortError(LocalizedText(texts.CANNOT_RUN, program=argv[0], why=str(error.strerror))) from error
    deadline = time.monotonic() + limits.seconds
    with process:
        try:
            stdout, stderr = _collect(process, what, limits, deadline)
            return process.wait(timeout=max(0.0, deadline - time.monotonic())), stdout, stderr
        except subprocess.TimeoutExpired:
            raise _timeout(what, limits) from None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _launch(argv: Sequence[str], limits: Limits, *, isolated: bool, folder: Path, programs: Sequence[str]) -> list[str]:
    programs = [argv[0], *programs]
    executable = [*_DYNAMIC_LINKERS, *(os.path.realpath(path) for path in (*programs, *_interpreters(programs)))]
    return [
        *_LAUNCHER,
        f"parent={os.getpid()}",
        f"isolated={isolated:d}",
        f"memory_bytes={limits.memory_bytes}",
        f"cpu_seconds={limits.cpu_seconds}",
        f"output_bytes={limits.output_bytes}",
        f"open_files={limits.open_files}",
        *(f"readable={path}" for path in (*_READABLE, folder / "tree")),
        *(f"writable={folder / name}" for name in ("home", "tmp")),
        *(f"executable={path}" for path in executable),
        "--",
        *argv,
    ]


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
        "GOMEMLIMIT": str(limits.memory_bytes * 3 // 4),
        **helm_environment(str(folder)),
        **proxies,
        **_libraries(),
    }


def _libraries() -> dict[str, str]:
    """The variable that says where Python's shared library is, if it is set."""
    return {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}


def _collect(process: subprocess.Popen[bytes], what: str, limits: Limits, deadline: float) -> tuple[bytes, bytes]:
    """All of stdout, and the beginning of stderr. RenderError, RenderStoppedError."""
    stdout, stderr = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        for stream, buffer in ((process.stdout, stdout), (process.stderr, stderr)):
            if stream is not None:
                selector.register(stream, selectors.EVENT_READ, buffer)
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

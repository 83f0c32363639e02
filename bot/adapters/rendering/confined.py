"""Run one program over untrusted files, with limits on what it can read, use, and print.

It gets a private copy of the files, an empty environment with its own home, no other program on its PATH, and no
network: a network namespace without interfaces where the system allows one, and everywhere proxies that lead nowhere,
which Go's HTTP clients use. Memory is limited by RLIMIT_DATA, which counts writable memory; RLIMIT_AS would count the
address space that Go reserves and never uses.
"""

import functools
import os
import resource
import selectors
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bot.i18n.catalogue import render as texts
from bot.i18n.language import LocalizedText
from bot.ports.errors import PortError
from bot.ports.git import File
from bot.ports.rendering import RenderError, RenderStoppedError

_CHUNK = 2**16
# With the memory limit of each, this is what a pod needs on top of the bot: see manifests/base/deployment.yaml.
_CONCURRENT_RUNS = threading.BoundedSemaphore(2)
_MAX_STDERR_BYTES = 2**16


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one run: wall-clock time, CPU time in whole seconds, writable memory, and output."""

    seconds: float = 30.0
    cpu_seconds: int = 30
    memory_bytes: int = 2**29
    output_bytes: int = 64 * 2**20


@dataclass(frozen=True, slots=True)
class ProgramOutput:
    """How a program ended: its exit status (negative: a signal), its stdout, and the beginning of its stderr."""

    status: int
    stdout: bytes
    stderr: str


@contextmanager
def private_copy(files: Sequence[File]) -> Iterator[Path]:
    """A folder that only this user can enter, with the files in `tree`; it is removed afterwards.

    RenderError for a path that leads out of the folder.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="gitops-bot-render-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            for subfolder in ("tree", "home", "tmp", "bin"):
                (folder / subfolder).mkdir()
            for file in files:
                _write(folder / "tree", file)
            yield folder
    except OSError as error:
        raise PortError(LocalizedText(texts.NO_SPACE, folder=tempfile.gettempdir(), why=str(error.strerror))) from error


def _write(tree: Path, file: File) -> None:
    parts = file.path.split("/")
    # Git itself creates no such names, but a hostile server can.
    if not file.path.isprintable() or any(part in ("", ".", "..", ".git") for part in parts):
        raise RenderError(LocalizedText(texts.BAD_PATH, path=repr(file.path)))
    target = tree.joinpath(*parts)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as out:  # never through a link or over an existing file
            out.write(file.content)
    except (FileExistsError, NotADirectoryError):
        raise RenderError(LocalizedText(texts.TWICE, path=file.path)) from None


def run(argv: Sequence[str], *, folder: Path, what: str, limits: Limits) -> ProgramOutput:
    """Run a program in `folder`/tree of a private copy, at most two at a time. `what` is the run's name in errors.

    RenderError when it exceeds a limit, RenderStoppedError when that is time; PortError when it cannot be started.
    """
    if not os.access(argv[0], os.X_OK):
        raise PortError(LocalizedText(texts.CANNOT_RUN, program=argv[0], why=LocalizedText(texts.NO_PROGRAM)))
    with _CONCURRENT_RUNS:
        status, stdout, raw_stderr = _run(argv, folder, what, limits)
    stderr = raw_stderr.decode(errors="replace")
    if status == -signal.SIGXCPU or "SIGXCPU" in stderr:
        raise _timeout(what, limits)
    if status == -signal.SIGKILL:
        raise RenderStoppedError(LocalizedText(texts.STOPPED, what=what))
    if status != 0 and any(phrase in stderr for phrase in ("out of memory", "cannot allocate memory", "MemoryError")):
        raise RenderError(LocalizedText(texts.MEMORY, what=what, most=str(limits.memory_bytes >> 20)))
    return ProgramOutput(status, stdout, stderr)


def _run(argv: Sequence[str], folder: Path, what: str, limits: Limits) -> tuple[int, bytes, bytes]:
    try:
        process = subprocess.Popen(
            [*_without_network(), *argv],
            cwd=folder / "tree",
            env=_environment(folder, limits),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # one process group, so that whatever it starts ends with it
        )
    except OSError as error:
        raise PortError(LocalizedText(texts.CANNOT_RUN, program=argv[0], why=str(error.strerror))) from error
    _limit(process.pid, limits)
    with process:
        try:
            stdout, stderr = _collect(process, what, limits)
            return process.wait(timeout=limits.seconds), stdout, stderr
        except subprocess.TimeoutExpired:
            raise _timeout(what, limits) from None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _environment(folder: Path, limits: Limits) -> dict[str, str]:
    nowhere = "http://127.0.0.1:9"  # the discard port
    proxies = {name: nowhere for upper in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY") for name in (upper, upper.lower())}
    return {
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "PATH": str(folder / "bin"),
        "LANG": "C.UTF-8",
        "GOMEMLIMIT": str(limits.memory_bytes * 3 // 4),
        **proxies,
    }


def _limit(pid: int, limits: Limits) -> None:
    if not hasattr(resource, "prlimit"):  # only Linux has it
        return
    resource_limits = {
        resource.RLIMIT_DATA: (limits.memory_bytes, limits.memory_bytes),
        resource.RLIMIT_CPU: (limits.cpu_seconds, limits.cpu_seconds + 1),  # SIGXCPU, and SIGKILL if that is ignored
        resource.RLIMIT_FSIZE: (limits.output_bytes, limits.output_bytes),
        resource.RLIMIT_CORE: (0, 0),
    }
    with suppress(ProcessLookupError):  # it has ended already
        for name, limit in resource_limits.items():
            resource.prlimit(pid, name, limit)


@functools.cache
def _without_network() -> tuple[str, ...]:
    """What to prefix a command with so that it has no network; () where the system does not allow that."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return ()
    prefix = (unshare, "--user", "--net", "--")
    try:
        test = subprocess.run(
            [*prefix, shutil.which("true") or "true"], capture_output=True, check=False, timeout=10, env={}
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    return prefix if test.returncode == 0 else ()


def _collect(process: subprocess.Popen[bytes], what: str, limits: Limits) -> tuple[bytes, bytes]:
    """All of stdout, and the beginning of stderr. RenderError, RenderStoppedError."""
    deadline = time.monotonic() + limits.seconds
    stdout, stderr = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        for stream, buffer in ((process.stdout, stdout), (process.stderr, stderr)):
            if stream is not None:
                selector.register(stream, selectors.EVENT_READ, buffer)
        while selector.get_map():
            ready = selector.select(max(0.0, deadline - time.monotonic()))
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
                    stderr += chunk[: _MAX_STDERR_BYTES - len(stderr)]
    return bytes(stdout), bytes(stderr)


def _timeout(what: str, limits: Limits) -> RenderStoppedError:
    return RenderStoppedError(LocalizedText(texts.TOO_LONG, what=what, seconds=f"{limits.seconds:.0f}"))

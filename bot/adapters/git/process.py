"""Git processes: hardened, with bounded time, memory and output, and a minimal environment."""

import os
import resource
import select
import selectors
import signal
import subprocess
import tempfile
import time
import weakref
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import git

from bot.adapters.git import bounds
from bot.adapters.git.disk import DiskLimit
from bot.adapters.git.errors import disk_errors
from bot.adapters.git.watchdog import Watchdog
from bot.i18n.catalogue import repository as texts
from bot.i18n.language import LocalizedText
from bot.ports.git import RepositoryError

_HARDENED = {
    "LANGUAGE": "C",  # the errors are matched in English
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CONFIG_PARAMETERS": "",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS": "",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TRACE_REDACT": "1",
}
_SSH = "ssh -oBatchMode=yes -oConnectTimeout=15 -oServerAliveInterval=15 -oServerAliveCountMax=4"
# What git and ssh need from the bot's environment: programs, a home for known_hosts, keys, proxies and certificates.
_INHERITED = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TZ", "LD_LIBRARY_PATH"),
        *("GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "SSH_AUTH_SOCK", "GIT_EXEC_PATH"),
        *("GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_SSL_CERT", "GIT_SSL_KEY", "GIT_SSL_VERSION", "GIT_PROXY_SSL_CAINFO"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE"),
        *("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"),
    }
)
_CONFIG = (
    ("core.hooksPath", os.devnull),
    ("core.attributesFile", os.devnull),
    ("credential.helper", ""),
    ("safe.directory", "*"),  # a mounted volume often belongs to another user
    ("http.followRedirects", "false"),  # git would send the credential to the target of a redirect
    ("http.lowSpeedLimit", "1000"),  # bytes a second
    ("http.lowSpeedTime", "30"),
    ("log.showSignature", "false"),
    ("core.bigFileThreshold", "16m"),  # larger files are streamed to the mirror
    ("fetch.unpackLimit", "1"),  # what a fetch does not finish is one unfinished pack, not many finished objects
    ("gc.bigPackThreshold", "64m"),  # gc joins the packs of fetches, and leaves larger ones as they are
)
_CHUNK = 2**16
_WATCHDOG = Watchdog()


@dataclass(frozen=True, slots=True)
class Output:
    """The exit status of a git process (negative if it was killed) and what it printed."""

    status: int
    stdout: bytes
    stderr: str


@dataclass(frozen=True, slots=True)
class GitObject:
    """An object; `kind` is commit, tree, blob or tag, and `size` is in bytes."""

    sha: str
    kind: str
    size: int


class ReaderFailedError(Exception):
    """The process of an ObjectReader ended or did not answer. The message is git's."""


def run_git(
    argv: Sequence[str],
    *,
    git_dir: Path,
    objects: Path,
    protocol: str,
    seconds: float,
    cpu_seconds: int | None = None,
    stdin: bytes = b"",
    config: Sequence[tuple[str, str]] = (),
    index: Path | None = None,
    work_tree: Path | None = None,
    output_bytes: int | None = None,
    field_bytes: Sequence[int] = (),
    limited: Path | None = None,
) -> Output:
    """Run a git command. Returns its output, whatever the status. Raises RepositoryError if it cannot be run.

    It reads objects from `git_dir` and `objects`, and writes them to `objects`. It is killed after `seconds`, after
    `cpu_seconds` of CPU time (only on Linux), if it prints more than `output_bytes` (default: OUTPUT_BYTES), or if the
    folder `limited` exceeds its DiskLimit; stderr then reports which. With `field_bytes`, stdout consists of records of
    as many NUL-terminated fields, and longer ones are cut.
    """
    added = {"GIT_INDEX_FILE": index, "GIT_WORK_TREE": work_tree}
    environment = _environment(git_dir, objects, protocol, config) | {
        name: str(path) for name, path in added.items() if path
    }
    folder = git_dir.parent
    with (
        disk_errors(folder),
        _temporary_file(folder) as stream,
        DiskLimit(limited) if limited else nullcontext() as disk,
    ):
        stream.write(stdin)
        stream.seek(0)
        running = _start(argv, work_tree or git_dir, environment, stream)
        with cast("subprocess.Popen[bytes]", running.proc) as process, _WATCHDOG.watching(process.pid):
            # Processes that git starts inherit the limits, including the server for a local repository.
            _limit(process.pid, cpu_seconds)
            stdout = _Fields(field_bytes)
            stderr = bytearray()
            problem = _collect(process, stdout, stderr, seconds, output_bytes or bounds.OUTPUT_BYTES, disk)
            if problem:
                _stop(process)
    if process.returncode == -signal.SIGXCPU:
        problem = problem or f"used more than {cpu_seconds} s of CPU time"
    elif process.returncode < 0:
        problem = problem or f"was killed by signal {-process.returncode}"
    if problem:  # git may have ended by itself just before it was stopped
        return Output(-signal.SIGKILL, b"", f"fatal: git {argv[0]} {problem}")
    return Output(process.returncode, bytes(stdout.content), stderr.decode(errors="replace").rstrip("\n"))


class ObjectReader:
    """A long-running `git cat-file`, since starting it takes longer than most answers.

    It sees objects that are fetched or written later. Not thread-safe. It ends when closed or garbage collected.
    """

    def __init__(self, git_dir: Path, objects: Path, protocol: str) -> None:
        self.objects = objects
        argv = ("cat-file", "--batch-command=%(objectname) %(objecttype) %(objectsize)", "-z")
        with disk_errors(git_dir.parent):
            # GitPython stops the process when this is garbage collected.
            self._running = _start(argv, git_dir, _environment(git_dir, objects, protocol), subprocess.PIPE)
        self._process = cast("subprocess.Popen[bytes]", self._running.proc)
        _limit(self._process.pid)
        self._stdin = cast("IO[bytes]", self._process.stdin)
        self._unsent = bytearray()
        self._stdout = bytearray()
        self._stderr = bytearray()
        self._selector = selectors.DefaultSelector()
        self._selector.register(cast("IO[bytes]", self._process.stdout), selectors.EVENT_READ, self._stdout)
        self._selector.register(cast("IO[bytes]", self._process.stderr), selectors.EVENT_READ, self._stderr)
        self.close = weakref.finalize(self, _end, self._process, self._selector)

    def read(self, names: Sequence[bytes]) -> list[GitObject | None]:
        """The objects with these names, None for missing ones. Raises ReaderFailedError.

        A name is anything that git resolves to an object, such as SHA:PATH, without NUL.
        """
        deadline = time.monotonic() + bounds.LOCAL_SECONDS
        if names:
            self._ask(b"".join(b"info " + name + b"\0" for name in names))
        return [self._answer(name, deadline) for name in names]

    def content(self, sha: str, most_bytes: int) -> bytes | None:
        """The content of the object with this full sha, None if it is missing.

        Raises ReaderFailedError also above `most_bytes`, when it has to be closed.
        """
        deadline = time.monotonic() + bounds.LOCAL_SECONDS
        self._ask(f"contents {sha}\0".encode())
        if (item := self._answer(sha.encode(), deadline)) is None:
            return None
        if item.size > most_bytes:
            raise ReaderFailedError(f"fatal: git cat-file printed more than {most_bytes >> 20} MiB")
        while len(self._stdout) <= item.size:  # a line feed follows
            self._receive(deadline)
        content = bytes(self._stdout[: item.size])
        del self._stdout[: item.size + 1]
        return content

    def _ask(self, commands: bytes) -> None:
        self._unsent += commands
        self._selector.register(self._stdin, selectors.EVENT_WRITE, self._unsent)

    def _answer(self, name: bytes, deadline: float) -> GitObject | None:
        # "NAME missing", where the name may contain line feeds, or "SHA KIND SIZE": git-cat-file(1), BATCH OUTPUT
        missing = name + b" missing\n"
        while not self._stdout.startswith(missing):
            if b"\n" in self._stdout and not missing.startswith(self._stdout[: len(missing)]):
                break
            self._receive(deadline)
        else:
            del self._stdout[: len(missing)]
            return None
        end = self._stdout.index(b"\n") + 1
        sha, kind, *size = self._stdout[:end].decode().split()
        del self._stdout[:end]
        # Newer versions print "SHA submodule" for the commit of a submodule.
        return GitObject(sha, kind, int(size[0])) if size else None

    def _receive(self, deadline: float) -> None:
        """Wait until git prints more, while sending it the remaining names."""
        ready = self._selector.select(max(0.0, deadline - time.monotonic()))
        if not ready:
            raise ReaderFailedError(f"fatal: git cat-file did not complete in {bounds.LOCAL_SECONDS:g} s")
        for stream, _ in ready:
            if stream.data is self._unsent:
                self._send()
                continue
            chunk = os.read(stream.fd, _CHUNK)
            if not chunk and stream.data is self._stdout:
                raise self._failed()
            stream.data.extend(chunk)
        del self._stderr[: -bounds.STDERR_BYTES]

    def _send(self) -> None:
        # A pipe that is ready takes this much at once: pipe(7). Git stops reading while its output is not read.
        with suppress(BrokenPipeError):  # git has ended; its output is read first
            del self._unsent[: os.write(self._stdin.fileno(), self._unsent[: select.PIPE_BUF])]
            if self._unsent:
                return
        self._selector.unregister(self._stdin)

    def _failed(self) -> ReaderFailedError:
        """Why it ended."""
        _stop(self._process)
        self._stderr += cast("IO[bytes]", self._process.stderr).read(bounds.STDERR_BYTES)
        return ReaderFailedError(self._stderr.decode(errors="replace"))


def _environment(git_dir: Path, objects: Path, protocol: str, config: Sequence[tuple[str, str]] = ()) -> dict[str, str]:
    settings = (*_CONFIG, *config)
    return {
        "GIT_SSH_COMMAND": _SSH,
        **{name: os.environ[name] for name in _INHERITED if name in os.environ},
        **_HARDENED,
        "GIT_ALLOW_PROTOCOL": protocol,
        "GIT_DIR": str(git_dir),
        "GIT_OBJECT_DIRECTORY": str(objects),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": _quoted(git_dir / "objects"),
        "GIT_CONFIG_COUNT": str(len(settings)),
        **{f"GIT_CONFIG_KEY_{number}": key for number, (key, _) in enumerate(settings)},
        **{f"GIT_CONFIG_VALUE_{number}": value for number, (_, value) in enumerate(settings)},
    }


def _start(
    argv: Sequence[str], folder: Path, environment: Mapping[str, str], stdin: int | IO[bytes]
) -> "git.Git.AutoInterrupt":
    # Not by GitPython, which passes on the bot's whole environment, including tokens.
    command = ["git", *argv]
    try:
        process = subprocess.Popen(
            command,
            cwd=folder if folder.is_dir() else None,  # git reports a missing mirror itself
            env=environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C stops the bot, which lets its git processes finish
        )
    except FileNotFoundError as error:
        if error.filename != command[0]:  # the mirror was removed
            raise
        raise RepositoryError(LocalizedText(texts.NO_GIT)) from error
    return git.Git.AutoInterrupt(process, command)


def _temporary_file(folder: Path) -> IO[bytes]:
    """A file in memory if the system supports that, so that git can read mirrors when the disk is full."""
    if hasattr(os, "memfd_create"):  # only Linux has it
        return os.fdopen(os.memfd_create("stdin"), "w+b")
    return tempfile.TemporaryFile(dir=folder)


class _Fields:
    """Collects output as it arrives, and cuts each NUL-terminated field of a record at its limit in bytes, if any."""

    def __init__(self, limits: Sequence[int]) -> None:
        self.content = bytearray()
        self._limits = limits
        self._field = 0  # of the record
        self._length = 0  # of the current field

    def add(self, chunk: bytes) -> None:
        if not self._limits:
            self.content += chunk
            return
        for index, part in enumerate(chunk.split(b"\0")):
            if index:
                self.content += b"\0"
                self._field = (self._field + 1) % len(self._limits)
                self._length = 0
            kept = part[: self._limits[self._field] - self._length]
            self.content += kept
            self._length += len(kept)


def _collect(
    process: "subprocess.Popen[bytes]",
    stdout: _Fields,
    stderr: bytearray,
    seconds: float,
    output_bytes: int,
    disk: DiskLimit | None,
) -> str:
    """Read until the process ends. Returns why it has to be killed, or ""."""
    deadline = time.monotonic() + seconds
    timeout = f"did not complete in {seconds:g} s"
    with selectors.DefaultSelector() as selector:
        for stream in filter(None, (process.stdout, process.stderr)):
            selector.register(stream, selectors.EVENT_READ)
        while selector.get_map():
            remaining = deadline - time.monotonic()
            problem = timeout if remaining <= 0 else disk.problem() if disk else ""
            if problem:
                return problem
            for key, _ in selector.select(min(remaining, bounds.DISK_SECONDS)):
                chunk = os.read(key.fd, _CHUNK)
                if not chunk:
                    selector.unregister(key.fileobj)
                elif key.fileobj is process.stderr:
                    stderr += chunk[: bounds.STDERR_BYTES - len(stderr)]
                else:
                    stdout.add(chunk)
                    if len(stdout.content) > output_bytes:
                        return f"printed more than {output_bytes >> 20} MiB"
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return timeout
    return ""


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Stop git and its children, such as git-remote-https. On SIGTERM, git removes its lock files."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(bounds.GRACE_SECONDS)
        os.killpg(process.pid, signal.SIGKILL)


def _end(process: "subprocess.Popen[bytes]", selector: selectors.BaseSelector) -> None:
    """End a process that waits for input."""
    selector.close()
    with process:  # closes its streams, and waits
        process.kill()


def _limit(pid: int, cpu_seconds: int | None = None) -> None:
    if not hasattr(resource, "prlimit"):  # only Linux has it
        return
    limits = {resource.RLIMIT_DATA: (bounds.PROCESS_BYTES, bounds.PROCESS_BYTES), resource.RLIMIT_CORE: (0, 0)}
    if cpu_seconds is not None:
        limits[resource.RLIMIT_CPU] = (cpu_seconds, cpu_seconds + 1)  # SIGXCPU, then SIGKILL
    with suppress(ProcessLookupError):  # it has already ended
        for limit, values in limits.items():
            resource.prlimit(pid, limit, values)


def _quoted(path: Path) -> str:
    """A path in a list that colons separate: https://git-scm.com/docs/git#_the_git_repository."""
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

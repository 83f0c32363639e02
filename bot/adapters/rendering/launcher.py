"""Starts renderers with limits that they cannot lift: a separate program, not part of the bot.

It is run by its path in an isolated interpreter, so it imports nothing from the bot. Its argument is the descriptor of
a socket. For each request, a line of JSON with descriptors for stdout and stderr, it forks. The new process irrevocably
limits itself and becomes the program. The response is a line with its exit status. Forking saves the start of an
interpreter, and still gives each program its own limits and rights:

- It dies with the launcher, and the launcher with the bot: prctl(2), PR_SET_PDEATHSIG, and the end of the socket.
- It can't use more memory, CPU time and open files than allowed: setrlimit(2).
- It can only read, write and execute listed paths: Landlock, https://docs.kernel.org/userspace-api/landlock.html
- It can't open sockets: seccomp(2).

Landlock and seccomp need no privileges, and container runtimes allow both by default, unlike namespaces.
"""

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
from typing import Any, Final, NoReturn

Request = dict[str, Any]  # see `confined._request`

FAILED = 125  # the exit status if the program was not started, as for env(1)

_CHUNK: Final = 2**16

_PR_SET_PDEATHSIG = 1
_PR_SET_SECCOMP = 22
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2

# linux/landlock.h. The system calls have the same numbers on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1
_PATH_BENEATH = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = (1 << bit for bit in range(4))
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG = 1 << 4, 1 << 5, 1 << 7, 1 << 8
_TRUNCATE = 1 << 14
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_WRITE = _READ_FILE | _READ_DIR | _WRITE_FILE | _TRUNCATE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG
_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}  # the number of rights in each version; later versions add some
_BIND_AND_CONNECT_TCP = 3
_SCOPE_SOCKETS_AND_SIGNALS = 3

# linux/audit.h, and the numbers of socket(2) and io_uring_setup(2), which can open sockets too.
_ARCHITECTURES = {"x86_64": (0xC000003E, (41, 425)), "aarch64": (0xC00000B7, (198, 425))}
_X32 = 0x40000000  # system calls of the x32 ABI, which have their own numbers
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | 13, 0x80000000  # 13 is EACCES
_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06


def main(argv: list[str]) -> None:
    """Serve requests until the bot closes its end of the socket."""
    os.set_inheritable(int(argv[0]), False)
    connection, parent = socket.socket(fileno=int(argv[0])), os.getpid()
    ended, signaled = os.pipe()
    os.set_blocking(signaled, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(signaled, warn_on_full_buffer=False)
    if sys.platform == "linux":
        _call("prctl", _PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # to find processes that leave their process group
    with contextlib.suppress(ConnectionError):  # the bot closes the socket when time is up
        while received := _receive(connection):
            request, outputs = received
            pid = os.fork()
            if not pid:
                _start(request, outputs, parent)
            for descriptor in outputs:
                os.close(descriptor)
            is_closed = _wait(connection, ended, pid)
            status = _end(pid)
            _end_others()
            if is_closed:
                return
            connection.sendall(f"{status}\n".encode())


def _receive(connection: socket.socket) -> tuple[Request, list[int]] | None:
    """The next request with its descriptors; None if the bot has closed the socket."""
    line, outputs, _, _ = socket.recv_fds(connection, _CHUNK, 2)  # it ignores MSG_CMSG_CLOEXEC
    for descriptor in outputs:
        os.set_inheritable(descriptor, False)
    while line and not line.endswith(b"\n"):
        chunk = connection.recv(_CHUNK)
        if not chunk:
            return None
        line += chunk
    return (json.loads(line), outputs) if line else None


def _wait(connection: socket.socket, ended: int, pid: int) -> bool:
    """Wait until the process has ended or the bot has closed the socket. Returns whether the bot has."""
    ready = select.poll()  # select() fails for descriptors above 1,023, and the socket has the number it has in the bot
    for descriptor in (connection.fileno(), ended):
        ready.register(descriptor, select.POLLIN)
    while True:
        if connection.fileno() in dict(ready.poll()):
            return True
        os.read(ended, _CHUNK)  # it may be about another process that the program started
        if sys.platform != "linux" or os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return False


def _end_others() -> None:
    """End processes that the program has started in other process groups."""
    with contextlib.suppress(OSError):  # ChildProcessError if there is none left
        while True:
            with open(f"/proc/self/task/{os.getpid()}/children") as children:  # noqa: PTH123  pathlib takes long to import
                for child in children.read().split():
                    os.kill(int(child), signal.SIGKILL)
            os.waitpid(-1, 0)


def _end(pid: int) -> int:
    """End the process, if it is still running, and its children. Returns its exit status, or a negative signal."""
    for kill in (os.killpg, os.kill):
        try:
            kill(pid, signal.SIGKILL)
        except ProcessLookupError:  # not yet a group
            continue
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _start(request: Request, outputs: list[int], parent: int) -> NoReturn:
    """Become the program, in a new process. `readable`, `writable` and `executable` count only if `isolated`."""
    try:
        os.setsid()  # a new process group, so that its children end with it
        for number, descriptor in enumerate(outputs, 1):
            os.dup2(descriptor, number)
        os.chdir(request["folder"])
        _limit(request, parent)
        if request["isolated"]:
            _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            _restrict_files(request)
            _refuse_sockets()
        argv = request["argv"]
        os.execve(argv[0], argv, request["environment"])  # noqa: S606  there is no shell
    except OSError as error:
        os.write(2, f"launcher: {error.strerror}\n".encode())
    finally:
        os._exit(FAILED)


def _limit(request: Request, parent: int) -> None:
    memory, cpu_seconds, output, files = (
        request[name] for name in ("memory_bytes", "cpu_seconds", "output_bytes", "open_files")
    )
    if sys.platform == "linux":
        _call("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            raise ProcessLookupError(0, "the bot has ended")
        # RLIMIT_DATA counts writable memory; RLIMIT_AS would count address space that Go reserves but never uses.
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    # SIGXCPU, and SIGKILL a second later if it is ignored.
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (output, output))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = files if most == resource.RLIM_INFINITY else min(most, files)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))


def _restrict_files(request: Request) -> None:
    version = _call("syscall", _CREATE_RULESET, None, 0, _VERSION)
    rights = (1 << max(bits for since, bits in _RIGHTS.items() if since <= version)) - 1
    attributes = [rights, *([_BIND_AND_CONNECT_TCP] if version >= 4 else [])]
    attributes += [_SCOPE_SOCKETS_AND_SIGNALS] if version >= 6 else []
    ruleset = struct.pack(f"={len(attributes)}Q", *attributes)
    descriptor = _call("syscall", _CREATE_RULESET, ruleset, len(ruleset), 0)
    for paths, allowed in (
        (request["readable"], _READ_FILE | _READ_DIR),
        (request["writable"], _WRITE),
        (request["executable"], _READ_FILE | _EXECUTE),
    ):
        for path in paths:
            _allow(descriptor, path, allowed & rights)
    _call("syscall", _RESTRICT_SELF, descriptor, 0)
    os.close(descriptor)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return
    try:
        rights &= -1 if os.path.isdir(path) else _ON_FILES  # noqa: PTH112  pathlib takes long to import
        _call("syscall", _ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, parent), 0)
    finally:
        os.close(parent)


def _refuse_sockets() -> None:
    """Allow all system calls except those that open sockets."""
    machine = os.uname().machine
    if machine not in _ARCHITECTURES:
        raise OSError(0, f"system calls are not known on {machine}")
    architecture, refused = _ARCHITECTURES[machine]
    instructions = [
        (_LOAD, 0, 0, 4),  # struct seccomp_data: the number at 0, the architecture at 4
        (_JUMP_IF_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),
        (_JUMP_IF_AT_LEAST, len(refused) + 1, 0, _X32),
        *((_JUMP_IF_EQUAL, len(refused) - index, 0, number) for index, number in enumerate(refused)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    program = b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", len(instructions), ctypes.addressof(buffer))
    _call("prctl", _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, header, 0, 0)


def _call(function: str, *arguments: bytes | int | None) -> int:
    """Call a C library function with arguments as unsigned long or pointers. Raises OSError."""
    converted = [ctypes.c_ulong(value) if isinstance(value, int) else value for value in arguments]
    result = int(getattr(ctypes.CDLL(None, use_errno=True), function)(*converted))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")
    return result


if __name__ == "__main__":
    main(sys.argv[1:])

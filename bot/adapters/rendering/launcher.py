"""Starts a renderer with limits that it cannot lift: a separate program, not part of the bot.

It is run by its path in an isolated interpreter, so it imports nothing from the bot; and little else, because it starts
before every rendering. Its arguments are settings such as `cpu_seconds=30`, `--`, and the command to run. It limits
itself, which cannot be undone, and becomes the command:

- It dies with the bot: prctl(2), PR_SET_PDEATHSIG.
- It uses no more memory, CPU time and open files than given: setrlimit(2).
- It reads, writes and executes nothing but what it is given: Landlock, https://docs.kernel.org/userspace-api/landlock.html
- It opens no socket of any kind: seccomp(2).

Neither Landlock nor seccomp needs a privilege, and container runtimes allow both by default, unlike namespaces.
"""

import ctypes
import os
import resource
import signal
import struct
import sys

Settings = dict[str, list[str]]

FAILED = 125  # the exit status if the command was not started, as with env(1)

_PR_SET_PDEATHSIG = 1
_PR_SET_SECCOMP = 22
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
_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}  # how many rights each version knows, the first ones
_BIND_AND_CONNECT_TCP = 3
_SCOPE_SOCKETS_AND_SIGNALS = 3

# linux/audit.h, and the numbers of socket(2) and io_uring_setup(2), which can open sockets too.
_ARCHITECTURES = {"x86_64": (0xC000003E, (41, 425)), "aarch64": (0xC00000B7, (198, 425))}
_X32 = 0x40000000  # system calls of the x32 ABI, which have numbers of their own
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | 13, 0x80000000  # 13 is EACCES
_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06


def main(argv: list[str]) -> None:
    """Become the command. With no command, return if isolation works here.

    Each of `readable`, `writable` and `executable` is a path that counts if `isolated=1`; missing ones are left out.
    """
    separator = argv.index("--")
    settings: Settings = {}
    for setting in argv[:separator]:
        name, _, value = setting.partition("=")
        settings.setdefault(name, []).append(value)
    try:
        _limit(settings)
        if settings["isolated"] == ["1"]:
            _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            _restrict_files(settings)
            _refuse_sockets()
        if command := argv[separator + 1 :]:
            os.execv(command[0], command)  # noqa: S606  there is no shell
    except OSError as error:
        sys.stderr.write(f"launcher: {error.strerror}\n")
        sys.exit(FAILED)


def _limit(settings: Settings) -> None:
    parent, memory, cpu_seconds, output, files = (
        int(settings[name][0]) for name in ("parent", "memory_bytes", "cpu_seconds", "output_bytes", "open_files")
    )
    if sys.platform == "linux":
        _call("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            raise ProcessLookupError(0, "the bot has ended")
        # RLIMIT_DATA counts writable memory; RLIMIT_AS would count the address space that Go reserves and never uses.
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    # SIGXCPU, and a second later SIGKILL if that is ignored.
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (output, output))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = files if most == resource.RLIM_INFINITY else min(most, files)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))


def _restrict_files(settings: Settings) -> None:
    version = _call("syscall", _CREATE_RULESET, None, 0, _VERSION)
    rights = (1 << max(bits for since, bits in _RIGHTS.items() if since <= version)) - 1
    attributes = [rights, *([_BIND_AND_CONNECT_TCP] if version >= 4 else [])]
    attributes += [_SCOPE_SOCKETS_AND_SIGNALS] if version >= 6 else []
    ruleset = struct.pack(f"={len(attributes)}Q", *attributes)
    descriptor = _call("syscall", _CREATE_RULESET, ruleset, len(ruleset), 0)
    for paths, allowed in (
        (settings["readable"], _READ_FILE | _READ_DIR),
        (settings["writable"], _WRITE),
        (settings["executable"], _READ_FILE | _EXECUTE),
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
    """Let every system call pass but those that open sockets."""
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
    """Call a function of the C library with its arguments as unsigned long or pointers. OSError."""
    converted = [ctypes.c_ulong(value) if isinstance(value, int) else value for value in arguments]
    result = int(getattr(ctypes.CDLL(None, use_errno=True), function)(*converted))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")
    return result


if __name__ == "__main__":
    main(sys.argv[1:])

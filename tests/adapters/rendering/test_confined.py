"""The limits on a program that renders, with programs that try to exceed them."""

import fcntl
import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from unittest.mock import Mock

import pytest

from bot.adapters.rendering import confined
from bot.adapters.rendering.confined import run
from bot.adapters.rendering.private_copy import private_copy
from bot.adapters.rendering.slow_runs import LimitedRun
from bot.core.rendering.limits import Limits
from bot.ports.errors import PortError
from bot.ports.git import File
from bot.ports.rendering import RenderError
from tests.common.descriptors import many_open_files
from tests.common.wait import wait_for

PATIENT = Limits(seconds=10.0)
QUICK = Limits(seconds=1.0, cpu_seconds=1, memory_bytes=128 * 2**20, output_bytes=2**20)
LARGE = Limits(seconds=10.0, output_bytes=2**20)


def python(code, *, limits=PATIENT, files=()):
    with private_copy(list(files)) as folder:
        argv = [sys.executable, "-I", "-S", "-c", code]
        return run(argv, folder=folder, what="The program", limited=LimitedRun(limits))


def test_it_sees_its_files_and_nothing_of_our_environment(monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", "hunter2")
    files = [File("apps/a.yaml", b"a"), File("b", b"b")]
    code = "import os; print(sorted(os.environ)); print(open('apps/a.yaml').read(), os.listdir())"
    done = python(code, files=files)
    assert done.status == 0
    environment, listed = done.stdout.decode().splitlines()
    assert "TOKEN" not in environment
    assert listed.startswith("a [")


def test_it_reaches_no_network_and_reads_and_runs_nothing_else(tmp_path):
    (tmp_path / "token").write_text("hunter2")
    attempts = [
        "import socket; socket.create_connection(('127.0.0.1', 9), 3)",
        "import socket; socket.socket(socket.AF_UNIX)",
        "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
        f"print(open({str(tmp_path / 'token')!r}).read())",
        "print(open('/proc/self/environ').read())",
        f"open({str(tmp_path / 'new')!r}, 'w')",
        "open('new', 'w')",
        f"import os; os.symlink({str(tmp_path)!r}, '../tmp/link')",
        "import os; os.execv('/bin/sh', ['sh', '-c', ':'])",
    ]
    for code in attempts:
        done = python(code)
        assert done.status != 0, code
        assert "PermissionError" in done.stderr, code
        assert done.stdout == b""


def test_a_failure_to_test_isolation_is_not_remembered(monkeypatch):
    confined.missing_isolation.cache_clear()
    with monkeypatch.context() as full_disk:
        full_disk.setattr(confined, "private_copy", Mock(side_effect=PortError("no space")))
        with pytest.raises(PortError):
            python("")
    assert confined.missing_isolation() == ""


def test_without_isolation_it_reaches_no_network_by_proxies(monkeypatch):
    monkeypatch.setattr(confined, "missing_isolation", lambda: "not here")
    done = python("import urllib.request as u; u.urlopen('http://example.org/', timeout=3)")
    assert done.status != 0
    assert "refused" in done.stderr


@pytest.mark.parametrize(
    "code",
    [
        "import time; time.sleep(600)",
        "while True: pass",
        "import os; os.close(1); os.close(2)\nwhile True: pass",
        "import signal; signal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass",
    ],
)
def test_it_is_stopped_when_it_takes_too_long(code):
    with pytest.raises(RenderError, match="took longer than 1 s and was stopped"):
        python(code, limits=QUICK)


def is_free(lock):
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@pytest.mark.parametrize("has_own_session", [False, True])
@pytest.mark.parametrize("end", ["while True: print('x' * 1000)", "os.close(1); os.close(2)"])
def test_what_it_started_ends_with_it(end, has_own_session):
    child = "import fcntl, time; f = open('../tmp/lock', 'w'); fcntl.flock(f, 2); print(flush=True); time.sleep(600)"
    code = f"""
import os, subprocess, sys, time
command = [sys.executable, "-I", "-S", "-c", {child!r}]
pipes = {{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}}
subprocess.Popen(command, **pipes, start_new_session={has_own_session}).stdout.readline()
{end}
"""
    with private_copy([]) as folder:
        with suppress(RenderError):
            run(
                [sys.executable, "-I", "-S", "-c", code],
                folder=folder,
                what="It",
                limited=LimitedRun(Limits(output_bytes=2**20)),
            )
        with (folder / "tmp/lock").open("r+") as lock:
            wait_for(lambda: is_free(lock))


def test_what_it_leaves_behind_does_not_end_the_program_early():
    """The launcher hears of the end of each process, as the parent of those that have none any more."""
    code = """
import os
for _ in range(20):
    reading, writing = os.pipe()
    if not os.fork():
        os.fork()
        os._exit(0)
    os.close(writing)
    os.wait()
    os.read(reading, 1)  # returns when both have ended
print("whole")
"""
    assert python(code).stdout == b"whole\n"


def test_it_has_no_descriptor_of_the_bot():
    code = """
import os
for descriptor in range(3, 64):
    try:
        os.fstat(descriptor)
    except OSError:
        continue
    print(descriptor)
"""
    assert python(code).stdout == b""


def test_a_killed_launcher_is_replaced_also_while_the_bot_has_many_open_files():
    launcher = int(python("import os; print(os.getppid())").stdout)
    os.kill(launcher, signal.SIGKILL)
    wait_for(lambda: ") Z " in Path(f"/proc/{launcher}/stat").read_text())
    with many_open_files():
        assert python("").status == 0


def test_it_is_stopped_when_it_says_too_much():
    with pytest.raises(RenderError, match="printed more than 1 MiB and was stopped"):
        python("while True: print('x' * 1000)", limits=QUICK)
    assert len(python("print('x' * (2**20 - 1))", limits=LARGE).stdout) == 2**20
    with pytest.raises(RenderError, match="printed more than 1 MiB"):
        python("print('x' * 2**20)", limits=LARGE)
    done = python("import sys; sys.stderr.write('e' * 10_000_000); sys.exit(3)")
    assert done.status == 3
    assert len(done.stderr) == 2**16


def test_it_is_stopped_when_it_takes_too_much_memory():
    with pytest.raises(RenderError, match="used more than 128 MiB of memory"):
        python("x = bytearray(10**9)", limits=QUICK)


def test_a_file_it_writes_is_bounded():
    code = "with open('../tmp/large', 'wb') as file: file.write(b'x' * {})"
    assert python(code.format(2**20), limits=LARGE).status == 0
    done = python(code.format(2**20 + 1), limits=LARGE)
    assert done.status != 0
    assert "PermissionError" not in done.stderr


def test_the_files_it_opens_are_bounded():
    code = "files = [open('/dev/null') for _ in range({})]"
    limits = Limits(seconds=10.0, open_files=64)
    assert python(code.format(50), limits=limits).status == 0
    assert "Too many open files" in python(code.format(64), limits=limits).stderr


def test_many_at_once_are_each_their_own():
    output = {}

    def one(number):
        output[number] = python(f"import os; print({number}, os.getcwd())").stdout.decode().split()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {number: int(words[0]) for number, words in output.items()} == {number: number for number in range(8)}
    assert len({words[1] for words in output.values()}) == 8
    assert not any(Path(words[1]).exists() for words in output.values())


@pytest.mark.parametrize("path", ["../a", "/a", "a/../../b", "a//b", ".git/config", "a/.git/hooks/x", "a\nb", ""])
def test_a_path_out_of_the_copy_is_not_written(path):
    with pytest.raises(RenderError, match="is not a valid path in git"), private_copy([File(path, b"")]):
        pass


def test_a_file_that_is_also_a_folder_is_said():
    files = [File("a", b""), File("a/b", b"")]
    with pytest.raises(RenderError, match="twice, or both as a file and as a directory"), private_copy(files):
        pass


def test_a_program_that_is_not_there_is_said():
    with private_copy([]) as folder, pytest.raises(PortError, match="/nowhere/program cannot be run"):
        run(["/nowhere/program"], folder=folder, what="It", limited=LimitedRun(QUICK))

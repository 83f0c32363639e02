"""A file that an API server appends to and rotates."""

import os

import pytest

from bot.adapters.kubernetes import audit_log
from bot.adapters.kubernetes.audit_log import AuditLogFile
from bot.ports.cluster import ClusterError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "audit.log"


@pytest.fixture
def log(path):
    log = AuditLogFile(path)
    yield log
    log.close()


def append(path, text):
    with path.open("ab") as file:
        file.write(text)


def read_all(log):
    lines, more = [], True
    while more:
        more = log.read()
        lines += more
    return lines


def test_lines_come_once_and_only_when_complete(log, path):
    append(path, b"one\n\ntw")
    assert read_all(log) == [b"one"]
    append(path, b"o\nthree\n")
    assert read_all(log) == [b"two", b"three"]
    assert read_all(log) == []


@pytest.mark.parametrize("is_copied", [False, True], ids=["renamed", "copied and emptied"])
def test_a_rotation_loses_no_line(log, path, is_copied):
    append(path, b"one\n")
    assert read_all(log) == [b"one"]
    if is_copied:
        os.truncate(path, 0)
    else:
        append(path, b"two\n")
        path.rename(path.with_suffix(".1"))
        assert log.read() == [b"two"]
        with pytest.raises(ClusterError, match="No such file"):
            read_all(log)
    append(path, b"3\n")
    assert read_all(log) + read_all(log) == [b"3"]


def test_a_line_above_the_bound_is_cut_and_does_not_fill_memory(log, path, monkeypatch):
    monkeypatch.setattr(audit_log, "AUDIT_LINE_BYTES", 100)
    monkeypatch.setattr(audit_log, "AUDIT_READ_BYTES", 30)
    append(path, b"first\n" + b"x" * 1_000)
    lines = []
    for _ in range(100):
        lines += log.read()
        assert len(log._begun) <= 130
    append(path, b"x\n" + b"y" * 100 + b"\n" + b"z" * 101 + b"\nlast\n")
    monkeypatch.setattr(audit_log, "_BEGINNING", 10)
    for _ in range(20):
        lines += log.read()
    assert lines == [b"first", b"x" * 100, b"y" * 100, b"z" * 10, b"last"]

"""Follows the audit log of an API server: one event per line, in a file that is rotated.

https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/#log-backend
"""

import os
from pathlib import Path
from typing import BinaryIO, Final

from bot.adapters.kubernetes.bounds import AUDIT_LINE_BYTES, AUDIT_READ_BYTES
from bot.i18n.catalogue import cluster as texts
from bot.i18n.language import LocalizedText
from bot.ports.cluster import ClusterError

_BEGINNING: Final = 100  # bytes kept of a line that is too long, so that parsing fails and the missing event is noticed


class AuditLogFile:
    """One file, which is read from its beginning, and from there again after a rotation. Not thread-safe."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._begun = bytearray()  # the start of an incomplete line
        self._skips_line = False

    def read(self) -> list[bytes]:
        """The complete lines appended since the last call, up to AUDIT_READ_BYTES.

        A line above AUDIT_LINE_BYTES is cut off. Raises ClusterError if the file can't be read.
        """
        try:
            if self._file is None:
                self._file = self._path.open("rb")
            data = self._file.read(AUDIT_READ_BYTES)
            if not data and self._is_rotated(self._file):
                data = self._file.read(AUDIT_READ_BYTES)  # the last lines before the rotation
                if not data:
                    self.close()
        except OSError as error:
            self.close()
            raise ClusterError(LocalizedText(texts.AUDIT_LOG, path=str(self._path), why=error.strerror or "")) from None
        return self._lines(data)

    def close(self) -> None:
        """Close the file, and forget the position in it."""
        if self._file:
            self._file.close()
        self._file, self._skips_line = None, False
        self._begun.clear()

    def _is_rotated(self, file: BinaryIO) -> bool:
        """Whether another file is now at the path, or this one was truncated."""
        opened, current = os.fstat(file.fileno()), self._path.stat()
        return (opened.st_dev, opened.st_ino) != (current.st_dev, current.st_ino) or current.st_size < file.tell()

    def _lines(self, data: bytes) -> list[bytes]:
        *complete, rest = data.split(b"\n")
        lines = []
        for part in complete:
            line = bytes(self._begun) + part
            if not self._skips_line and line.strip():
                lines.append(line if len(line) <= AUDIT_LINE_BYTES else line[:_BEGINNING])
            self._begun.clear()
            self._skips_line = False
        if not self._skips_line:
            self._begun += rest
        if len(self._begun) > AUDIT_LINE_BYTES:
            lines.append(bytes(self._begun[:_BEGINNING]))
            self._begun.clear()
            self._skips_line = True
        return lines

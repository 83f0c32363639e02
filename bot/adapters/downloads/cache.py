"""A disk cache of downloads by SHA-256, and of values by name, such as the package of a chart's version."""

import os
import tempfile
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

from bot.adapters.downloads.http import DownloadError
from bot.core.charts.bounds import MAX_CACHE_BYTES, MAX_NAMES
from bot.i18n.catalogue import chart as texts
from bot.i18n.language import LocalizedText
from bot.ports.errors import os_reason

_CONTENTS: Final = "contents"
_NAMES: Final = "names"
_SCRATCH: Final = "."  # the prefix of a file's name while it is being written
_ABANDONED_SECONDS: Final = 3600.0  # after which no one is still writing it
_FILE_DIGITS: Final = 40  # of the digest in a file's name, as many as in a git revision


class DownloadCache:
    """The downloads in a folder, at most MAX_CACHE_BYTES: the least recently read are removed first.

    Thread-safe, and several processes may share the folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, digest: str) -> bytes | None:
        """The content with a digest or its first 40 digits; None if it is missing or damaged."""
        path = self._folder / _CONTENTS / digest[:_FILE_DIGITS]
        with suppress(OSError):
            content = path.read_bytes()
            if sha256(content).hexdigest().startswith(digest):
                os.utime(path)
                return content
        return None

    def write(self, content: bytes) -> str:
        """Store the content, and return its digest. Raises DownloadError if there is no space."""
        digest = sha256(content).hexdigest()
        self._put(_CONTENTS, digest[:_FILE_DIGITS], content)
        return digest

    def set_alias(self, name: str, value: str) -> None:
        """Store a value by name. Raises DownloadError if there is no space."""
        self._put(_NAMES, sha256(name.encode()).hexdigest(), value.encode())

    def alias(self, name: str) -> str:
        """The stored value of a name; "" if there is none."""
        with suppress(OSError, UnicodeDecodeError):
            return (self._folder / _NAMES / sha256(name.encode()).hexdigest()).read_text("utf-8")
        return ""

    def _put(self, kind: str, name: str, content: bytes) -> None:
        folder = self._folder / kind
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor, scratch = tempfile.mkstemp(dir=folder, prefix=_SCRATCH)
            try:
                with os.fdopen(descriptor, "wb") as out:
                    out.write(content)
                Path(scratch).replace(folder / name)  # atomic for other processes
            except OSError:
                Path(scratch).unlink(missing_ok=True)
                raise
            _evict(folder, MAX_CACHE_BYTES if kind == _CONTENTS else MAX_NAMES * len(content))
        except OSError as error:
            raise DownloadError(LocalizedText(texts.NO_SPACE, folder=str(folder), why=os_reason(error))) from error


def _evict(folder: Path, most: int) -> None:
    """Remove the least recently read files until the others have at most `most` bytes."""
    kept = 0
    files = []
    for entry in os.scandir(folder):
        with suppress(FileNotFoundError):  # another thread or process has renamed or removed it
            stat = entry.stat()
            is_written = entry.name.startswith(_SCRATCH) and time.time() - stat.st_mtime < _ABANDONED_SECONDS
            if not is_written:
                files.append((stat, entry.path))
    for stat, path in sorted(files, key=lambda file: file[0].st_mtime, reverse=True):
        kept += stat.st_size
        if kept > most or Path(path).name.startswith(_SCRATCH):
            Path(path).unlink(missing_ok=True)

"""Unpacks a packaged chart: only regular files, below one directory, within bounds."""

import io
import re
import tarfile
import zlib
from collections.abc import Iterator
from typing import Final, cast

from bot.core.charts.bounds import MAX_FILE_BYTES, MAX_FILES, MAX_HEADER_BYTES, MAX_UNPACKED_BYTES
from bot.i18n.catalogue import chart as texts
from bot.i18n.language import LocalizedError, LocalizedText

_CHUNK: Final = 2**16
_EXTENDED_HEADERS: Final = frozenset(
    {
        tarfile.GNUTYPE_LONGLINK,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.XHDTYPE,
    }
)
_DRIVE: Final = re.compile(r"[A-Za-z]:")


class ArchiveError(LocalizedError):
    """The archive is not a packaged chart, or exceeds a bound. The text completes "the package of CHART …"."""


def unpack(archive: bytes) -> dict[str, bytes]:
    """The content of each file by its path in the chart. Raises ArchiveError.

    Like Helm, it refuses paths outside the directory. Unlike Helm, which ignores links, it refuses those too.
    """
    files: dict[str, bytes] = {}
    stream = cast("io.BufferedReader", _Unpacked(archive))
    try:
        with tarfile.open(fileobj=stream, mode="r|", tarinfo=_bounded_headers()) as tar:
            for count, member in enumerate(tar, 1):
                if count > MAX_FILES:
                    raise ArchiveError(LocalizedText(texts.MANY_FILES, most=f"{MAX_FILES:,}"))
                if member.isdir():
                    continue
                # A sparse file of any size takes 512 bytes in the archive.
                if not member.isreg() or member.issparse():
                    raise ArchiveError(LocalizedText(texts.LINK, path=repr(member.name[:100])))
                if member.size > MAX_FILE_BYTES:
                    raise ArchiveError(LocalizedText(texts.LARGE_FILE, most=str(MAX_FILE_BYTES >> 20)))
                content = tar.extractfile(member)
                path = _path(member.name)
                if path in files:
                    raise ArchiveError(LocalizedText(texts.TWICE, path=repr(path[:100])))
                files[path] = content.read() if content else b""
    # IndexError: tarfile expects a sparse member's header to be complete.
    except (tarfile.TarError, zlib.error, EOFError, ValueError, IndexError, OverflowError, RecursionError) as error:
        raise ArchiveError(LocalizedText(texts.NOT_AN_ARCHIVE)) from error
    if "Chart.yaml" not in files:
        raise ArchiveError(LocalizedText(texts.NO_CHART_FILE))
    return files


def unpacked_bytes(archive: bytes) -> int:
    """At least the size of all files in an archive, without keeping them in memory. Raises ArchiveError."""
    try:
        return sum(map(len, _Unpacked.decompressed(archive)))
    except zlib.error as error:
        raise ArchiveError(LocalizedText(texts.NOT_AN_ARCHIVE)) from error


def _bounded_headers() -> type[tarfile.TarInfo]:
    """A TarInfo class for one archive that limits its extended headers to MAX_HEADER_BYTES in total.

    Without this bound, the headers in a small package can cost tarfile a minute of CPU time.
    """
    left = MAX_HEADER_BYTES

    class Member(tarfile.TarInfo):
        def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
            nonlocal left
            if self.type in _EXTENDED_HEADERS:
                left -= self.size
                if left < 0:
                    raise ArchiveError(LocalizedText(texts.LARGE_HEADERS, most=str(MAX_HEADER_BYTES >> 10)))
            member: tarfile.TarInfo = super()._proc_member(archive)  # type: ignore[misc]
            return member

    return Member


def _path(name: str) -> str:
    """The path below the archive's only directory. Raises ArchiveError if it leads elsewhere."""
    _, _, path = name.removeprefix("./").partition("/")
    parts = path.split("/")
    is_unsafe = name.startswith("/") or "\\" in name or _DRIVE.match(path) or not name.isprintable()
    if is_unsafe or any(part in ("", ".", "..") for part in parts) or ".git" in parts:
        raise ArchiveError(LocalizedText(texts.BAD_PATH, path=repr(name[:100])))
    return path


class _Unpacked(io.RawIOBase):
    """Reads gzip, and raises ArchiveError above the bound, so that a bomb is never unpacked in full."""

    def __init__(self, archive: bytes) -> None:
        self._chunks = self.decompressed(archive)
        self._left = b""

    def read(self, size: int = -1) -> bytes:
        while len(self._left) < size and (chunk := next(self._chunks, b"")):
            self._left += chunk
        content, self._left = self._left[:size], self._left[size:]
        return content

    @staticmethod
    def decompressed(archive: bytes) -> Iterator[bytes]:
        gzip = zlib.decompressobj(wbits=31)
        waiting, total = archive, 0
        while waiting and not gzip.eof:
            chunk = gzip.decompress(waiting, _CHUNK)
            waiting = gzip.unconsumed_tail
            total += len(chunk)
            if total > MAX_UNPACKED_BYTES:
                raise ArchiveError(LocalizedText(texts.LARGE, most=str(MAX_UNPACKED_BYTES >> 20)))
            yield chunk

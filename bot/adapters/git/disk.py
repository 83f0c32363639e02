"""The disk that a mirror takes: its bound, and the files that a git process did not finish."""

import math
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from bot.adapters.git import bounds

# The temporary names of objects, packs and their indexes; and the marks that keep gc from packs that a fetch still
# receives. https://git-scm.com/docs/git-prune, https://git-scm.com/docs/git-index-pack#_options
_UNFINISHED: Final = ("pack/tmp_*", "pack/.tmp-*", "pack/*.keep", "??/tmp_obj_*")
_GC_LOCKS: Final = ("gc.pid", "objects/maintenance.lock")


class DiskLimit:
    """How much disk the files below a folder can take: MIRROR_BYTES, or half of the free space more than now."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError."""
        self._folder = folder
        self._most = min(bounds.MIRROR_BYTES, disk_usage(folder) + shutil.disk_usage(folder).free // 2)
        self._next_measurement = time.monotonic()

    def problem(self) -> str:
        """Why git has to stop, as in its own errors; "" if it can go on, or the last measurement is recent."""
        if time.monotonic() < self._next_measurement:
            return ""
        self._next_measurement = time.monotonic() + bounds.DISK_SECONDS
        if disk_usage(self._folder) <= self._most:
            return ""
        is_own_bound = self._most == bounds.MIRROR_BYTES
        return f"exceeded {f'{bounds.MIRROR_BYTES >> 30} GiB' if is_own_bound else 'half of the free disk space'}"


def disk_usage(folder: Path) -> int:
    """The bytes that all files below a folder take."""
    total = 0
    for directory, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):  # git has renamed or removed it
                total += os.lstat(f"{directory}/{name}").st_blocks * 512  # the unit of stat(2)
    return total


def remove_unfinished(mirror: Path) -> None:
    """Remove the files that killed git processes left unfinished. The caller keeps other fetches out.

    Only gc may run meanwhile: then only files that nothing has written to for a while are removed.
    """
    objects = mirror / "objects"
    unfinished = [file for pattern in _UNFINISHED for file in objects.glob(pattern)]
    is_collecting = any((mirror / lock).exists() for lock in _GC_LOCKS)
    newest = time.time() - bounds.ABANDONED_SECONDS if is_collecting else math.inf
    for file in unfinished:
        with suppress(OSError):  # it is tried again next time
            if file.stat().st_mtime <= newest:
                file.unlink()


def move_objects(source: Path, target: Path) -> None:
    """Move all objects from one object directory to another. Raises OSError."""
    files = [file for file in source.rglob("*") if file.is_file()]
    for file in sorted(files, key=lambda file: file.suffix == ".idx"):  # git reads a pack once it has its index
        moved = target / file.relative_to(source)
        moved.parent.mkdir(exist_ok=True)
        file.replace(moved)

"""The disk that a mirror takes: its bound, and the files that a git process did not finish."""

import fcntl
import math
import os
import shutil
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Final, Self

from bot.adapters.git import bounds

# The temporary names of objects, packs and their indexes; and the marks that keep gc from packs that a fetch still
# receives. https://git-scm.com/docs/git-prune, https://git-scm.com/docs/git-index-pack#_options
_UNFINISHED: Final = ("pack/tmp_*", "pack/.tmp-*", "pack/*.keep", "??/tmp_obj_*")
_GC_LOCKS: Final = ("gc.pid", "objects/maintenance.lock")


class DiskLimit:
    """How much disk the files below a folder can take while the context is open.

    They can take MIRROR_BYTES. All fetches that run at the same time can add half of the space that would be free
    without them; beyond that, the one that has added the most has to stop.
    """

    _running: ClassVar[list["DiskLimit"]] = []
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, folder: Path) -> None:
        """Raises OSError."""
        self._folder = folder
        self._before = disk_usage(folder)
        self.added = 0  # bytes
        self.most_added = 0  # by all that run
        self._next_measurement = time.monotonic()

    def __enter__(self) -> Self:
        """Raises OSError."""
        with self._lock:
            self._share_disk([*self._running, self])
        return self

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._running.remove(self)
            with suppress(OSError):
                self._share_disk(self._running)

    def _share_disk(self, running: Sequence["DiskLimit"]) -> None:
        """Compute what those that run now can add. Call it with the lock held. Raises OSError."""
        added = sum(limit.added for limit in running)
        most_added = (shutil.disk_usage(self._folder).free + added) // 2
        for limit in running:
            limit.most_added = most_added
        self._running[:] = running

    def problem(self) -> str:
        """Why git has to stop, as in its own errors; "" if it can go on, or the last measurement is recent."""
        if time.monotonic() < self._next_measurement:
            return ""
        self._next_measurement = time.monotonic() + bounds.DISK_SECONDS
        usage = disk_usage(self._folder)
        with self._lock:
            self.added = max(0, usage - self._before)
            added = [limit.added for limit in self._running]
        if usage > bounds.MIRROR_BYTES:
            return f"exceeded {bounds.MIRROR_BYTES >> 30} GiB"
        return (
            "exceeded half of the free disk space" if self.added == max(added) and sum(added) > self.most_added else ""
        )


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


def remove_unused(mirrors: Path) -> None:
    """Remove the mirrors in a folder whose modification time, that of their last use, is before UNUSED_SECONDS."""
    for mirror in mirrors.glob("*.git"):
        with suppress(OSError), mirror.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # no process fetches into it
            if time.time() - mirror.stat().st_mtime > bounds.UNUSED_SECONDS:
                mirror.rename(mirror.with_suffix(".removed"))  # at once, so that no process sees a part of it
    for removed in mirrors.glob("*.removed"):
        shutil.rmtree(removed, ignore_errors=True)


def move_objects(source: Path, target: Path) -> None:
    """Move all objects from one object directory to another. Raises OSError."""
    files = [file for file in source.rglob("*") if file.is_file()]
    for file in sorted(files, key=lambda file: file.suffix == ".idx"):  # git reads a pack once it has its index
        moved = target / file.relative_to(source)
        moved.parent.mkdir(exist_ok=True)
        file.replace(moved)

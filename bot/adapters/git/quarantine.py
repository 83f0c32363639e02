"""The folders next to the mirrors for objects that only one process uses, such as those of a revert not yet pushed."""

import fcntl
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final, TextIO

_PREFIX: Final = "quarantine-"


def new_quarantine(folder: Path) -> tuple[Path, TextIO]:
    """A new directory, and this process's lock on it. Removes those left by dead processes."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "quarantine.lock").open("w") as creating:
        fcntl.flock(creating, fcntl.LOCK_EX)
        for path in filter(Path.is_dir, folder.glob(f"{_PREFIX}*")):
            # It may be removed at this moment, without `quarantine.lock`.
            with suppress(FileNotFoundError), (path / "lock").open("w") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                shutil.rmtree(path, ignore_errors=True)
        path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder))
        lock = (path / "lock").open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
    return path, lock


def remove_quarantine(path: Path, lock: TextIO) -> None:
    """Remove one of this process."""
    shutil.rmtree(path, ignore_errors=True)
    lock.close()

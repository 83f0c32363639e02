"""A private folder with the files of one rendering, which is removed even if the bot was killed."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bot.i18n.catalogue import render as texts
from bot.i18n.language import LocalizedText
from bot.ports.errors import PortError, os_reason
from bot.ports.git import File
from bot.ports.rendering import RenderError

_PREFIX: Final = "gitops-bot-render-"


@contextmanager
def private_copy(files: Sequence[File]) -> Iterator[Path]:
    """A folder that only this user can enter, with the files in `tree`; it is removed afterward.

    Raises RenderError for a path that leads out of the folder; PortError if there is no space.
    """
    try:
        folder, lock = _locked_folder()
        try:
            for subfolder in ("tree", "home", "tmp", "bin"):
                (folder / subfolder).mkdir()
            for file in files:
                _write(folder / "tree", file)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)
    except OSError as error:
        raise PortError(LocalizedText(texts.NO_SPACE, folder=tempfile.gettempdir(), why=os_reason(error))) from error


def remove_abandoned_copies() -> None:
    """Remove the folders of bots that were killed. Those of running bots are locked, and stay."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:  # removed in the meantime, or someone else's
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(lock)


def _locked_folder() -> tuple[Path, int]:
    """A new folder, and the descriptor that locks it while this process has it open."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(lock, fcntl.LOCK_SH)
        if folder.exists():
            return folder, lock
        os.close(lock)  # another bot took it for abandoned before it was locked


def _write(tree: Path, file: File) -> None:
    parts = file.path.split("/")
    # Git doesn't create such names, but a hostile server can.
    if not file.path.isprintable() or any(part in ("", ".", "..", ".git") for part in parts):
        raise RenderError(LocalizedText(texts.BAD_PATH, path=repr(file.path)))
    target = tree.joinpath(*parts)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as out:  # never through a link or over an existing file
            out.write(file.content)
    except (FileExistsError, NotADirectoryError):
        raise RenderError(LocalizedText(texts.TWICE, path=file.path)) from None

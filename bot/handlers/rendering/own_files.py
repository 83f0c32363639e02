"""Reads the files of sources: many small ones with few git processes, and large ones when there is memory for them."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from bot.core.rendering.source import Source
from bot.file_memory import SMALL_BYTES, files_held
from bot.ports.git import File, Repository
from bot.ports.tenant import for_tenant


@contextmanager
def held_files(
    repository: Repository, revision: str, source: Source, files: Sequence[File] | None
) -> Iterator[Sequence[File]]:
    """Read the source's own files unless they are known, and those that it refers to in the block, for its tenant."""
    with for_tenant(source.tenant), files_held():
        yield repository.files(revision, source.path) if files is None else files


def small_files(
    repository: Repository, revision: str, sources: Iterable[Source]
) -> Iterator[tuple[Source, Sequence[File] | None]]:
    """Each source with its own files, which few git processes read ahead; None if they are too large for that."""
    sources = list(sources)
    files = repository.files_of(revision, [source.path for source in sources], most_bytes=SMALL_BYTES)
    return zip(sources, files, strict=True)

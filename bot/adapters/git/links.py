"""The symbolic links and submodules in a commit. Only the directories that somebody asks for are read."""

import stat
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain

from cachetools import LRUCache

from bot.adapters.git import bounds
from bot.adapters.git.mirror import Mirror
from bot.adapters.git.objects import root_tree
from bot.i18n.catalogue import repository as texts
from bot.i18n.language import LocalizedText
from bot.ports.git import LinksBelow, OutputTooLargeError

_CACHED_BYTES = 32 * 2**20  # more than the largest directory takes
_ENTRY_BYTES = 100  # besides the name
_CACHED_PATHS = 1_000


@dataclass(frozen=True, slots=True)
class _Directory:
    """What a directory contains besides files: by name, the ids of directories and links."""

    directories: Mapping[str, str]
    links: Mapping[str, str]
    submodules: frozenset[str]

    def __len__(self) -> int:
        return len(self.directories) + len(self.links) + len(self.submodules)

    def names(self) -> Iterator[str]:
        return chain(self.directories, self.links, self.submodules)


class LinkReader:
    """Reads directories and targets of links by their ids, so those that commits or paths share once. Thread-safe."""

    def __init__(self, mirror: Mirror) -> None:
        self.mirror = mirror
        self._lock = threading.Lock()
        self._directories: LRUCache[str, _Directory] = LRUCache(_CACHED_BYTES, getsizeof=_size)
        self._targets: LRUCache[str, str] = LRUCache(bounds.FILE_BYTES, getsizeof=len)

    def directory(self, sha: str) -> _Directory:
        """Raises RepositoryError, also above 4 MiB."""
        with self._lock:
            directory = self._directories.get(sha)
        if directory is None:
            content = self.mirror.content(sha, most_bytes=bounds.DIRECTORY_BYTES)
            try:
                directory = _parse(content, len(sha) // 2)
            except ValueError as error:
                raise self.mirror.errors.damaged() from error
            with self._lock:
                self._directories[sha] = directory
        return directory

    def target(self, sha: str) -> str:
        """Raises RepositoryError, also above 5 MiB."""
        with self._lock:
            target = self._targets.get(sha)
        if target is None:
            target = self.mirror.content(sha, most_bytes=bounds.FILE_BYTES).decode(errors="replace")
            with self._lock:
                self._targets[sha] = target
        return target


class TreeLinks:
    """`ports.Links` of a commit or tree. Raises RevisionNotFoundError."""

    def __init__(self, reader: LinkReader, revision: str) -> None:
        self._reader = reader
        self._root = root_tree(reader.mirror, revision)
        self._ids: dict[str, str | None] = {"": self._root}  # of directories, by path; None if there is none

    def target(self, path: str) -> str | None:
        """See ports.Links."""
        parent, _, name = path.rpartition("/")
        directory = self._directory(parent)
        sha = directory.links.get(name) if directory else None
        return self._reader.target(sha) if sha else None

    def submodule(self, path: str) -> str | None:
        """See ports.Links."""
        ends = [end for end, letter in enumerate(path) if letter == "/"]
        for place in (*(path[:end] for end in ends), path):
            parent, _, name = place.rpartition("/")
            if (directory := self._directory(parent)) is None:
                return None
            if name in directory.submodules:
                return place
        return None

    def below(self, path: str) -> LinksBelow:
        """Raises RepositoryError also above 20,000 directories, links and submodules. See ports.Links."""
        links: list[str] = []
        submodules: list[str] = []
        todo = [(f"{path}/" if path else "", self._id(path))]
        entries = 1
        while todo:
            prefix, sha = todo.pop()
            if sha is None:
                continue
            directory = self._reader.directory(sha)
            entries += len(directory)
            longest = max(map(len, directory.names()), default=0)
            if entries > bounds.DIRECTORIES or len(prefix) + longest > bounds.PATH_BYTES:
                raise OutputTooLargeError(
                    LocalizedText(
                        texts.MANY_DIRECTORIES,
                        path=path or ".",
                        name=self._reader.mirror.name,
                        most=f"{bounds.DIRECTORIES:,}",
                        most_characters=f"{bounds.PATH_BYTES:,}",
                    )
                )
            links += [prefix + name for name in directory.links]
            submodules += [prefix + name for name in directory.submodules]
            todo += [(f"{prefix}{name}/", id_) for name, id_ in directory.directories.items()]
        return LinksBelow(tuple(sorted(links)), tuple(sorted(submodules)))

    def check(self, path: str) -> None:
        """Repair the mirror if it lacks the directory or link at a path or a directory above. Raises RepositoryError.

        They are read by their ids, since a tree that isn't sorted hides entries from git.
        """
        with suppress(OutputTooLargeError):
            self._directory(path)
            self.target(path)

    def _directory(self, path: str) -> _Directory | None:
        sha = self._id(path)
        return self._reader.directory(sha) if sha else None

    def _id(self, path: str) -> str | None:
        ids = self._ids
        unknown: list[str] = []
        while path not in ids:
            unknown.append(path)
            path = path.rpartition("/")[0]
        sha = ids[path]
        for place in reversed(unknown):
            directories = self._reader.directory(sha).directories if sha else {}
            sha = ids[place] = directories.get(place.rpartition("/")[2])
        if len(ids) > _CACHED_PATHS:
            self._ids = {"": self._root}
        return sha


def _size(directory: _Directory) -> int:
    """About the bytes that a directory takes in memory."""
    return sum(_ENTRY_BYTES + len(name) for name in directory.names())


def _parse(content: bytes, id_bytes: int) -> _Directory:
    """A tree object: entries of a mode, a name and a binary id. Raises ValueError."""
    directories: dict[str, str] = {}
    links: dict[str, str] = {}
    submodules: set[str] = set()
    position = 0
    while position < len(content):
        space = content.index(b" ", position)
        end = content.index(b"\0", space)
        kind = int(content[position:space], 8) & 0o170000  # git ignores higher digits, which S_IFMT rejects
        position = end + 1 + id_bytes
        if kind == stat.S_IFREG:
            continue
        name = content[space + 1 : end].decode(errors="replace")
        id_ = content[end + 1 : position].hex()
        if kind == stat.S_IFDIR:
            directories[name] = id_
        elif kind == stat.S_IFLNK:
            links[name] = id_
        else:
            submodules.add(name)
    return _Directory(directories, links, frozenset(submodules))

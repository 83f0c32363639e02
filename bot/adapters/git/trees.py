"""The trees of commits: their ids and files, how two of them differ, and edited trees."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby

from bot.adapters.git import bounds
from bot.adapters.git.links import TreeLinks
from bot.adapters.git.mirror import Mirror
from bot.adapters.git.objects import full_sha, is_like_described, read_blobs, root_tree, write_object
from bot.file_memory import reserve
from bot.i18n.catalogue import repository as texts
from bot.i18n.language import LocalizedText
from bot.ports.git import File, OutputTooLargeError, RepositoryError, UnreadablePathError

_PATHS_PER_LISTING = 100  # git compares every file with each of them
_BYTES_PER_READ = 4 * 2**20  # in memory at once
_DIFF_TREE = ("diff-tree", "-r", "-z", "--no-renames", "--no-commit-id")


@dataclass(frozen=True, slots=True)
class TreeChange:
    """How one path differs between two trees. `status` is git's letter: A, D, M or T. `sha` and modes are git's too."""

    path: str
    status: str
    old_mode: str
    mode: str
    sha: str


@dataclass(frozen=True, slots=True)
class _Entry:
    mode: str
    sha: str


@dataclass(frozen=True, slots=True)
class _Blob:
    path: str
    sha: str
    size: int  # bytes


def normalized(path: str) -> str:
    """A path as git writes it, from the root, which is "". Raises RepositoryError if it leads out of the repository."""
    path_in_git = os.path.normpath(path.strip("/") or ".")
    if path_in_git.partition("/")[0] == ".." or "\0" in path_in_git:
        raise UnreadablePathError(LocalizedText(texts.OUTSIDE, path=repr(path)))
    return "" if path_in_git == "." else path_in_git


def tree_ids(mirror: Mirror, revision: str, paths: Sequence[str]) -> list[str | None]:
    """The ids of the trees or blobs at paths in a commit or tree, None for missing ones."""
    in_git = [normalized(path) for path in paths]
    names = [full_sha(revision), *(f"{revision}:{path}" for path in in_git)]
    root, *objects = mirror.objects([os.fsencode(name) for name in names])
    if root is None:
        raise mirror.errors.unknown_commit(revision)
    ids = {path: item.sha if item else None for path, item in zip(in_git, objects, strict=True)}
    described = dict.fromkeys(filter(is_like_described, in_git))
    listed = _entries(mirror, revision, [path for path in described if len(path) <= bounds.PATH_BYTES])
    ids |= described | {path: entry.sha for path, entry in listed.items()}
    return [ids[path] for path in in_git]


def read_files(mirror: Mirror, revision: str, path: str, links: TreeLinks) -> list[File]:
    """The regular files at or below `path`. Raises RepositoryError if it does not exist or is too large."""
    links.below(normalized(path))  # raises an error for more directories than git could list
    blobs = _list(mirror, revision, [path])[normalized(path)]
    if not blobs and tree_ids(mirror, revision, [path]) == [None]:
        raise UnreadablePathError(LocalizedText(texts.NO_PATH, path=path, name=mirror.name, revision=revision[:8]))
    if too_large := _too_large(mirror.name, path, blobs):
        raise UnreadablePathError(too_large)
    reserve(_bytes(blobs))
    contents = read_blobs(mirror, [blob.sha for blob in blobs], most_bytes=bounds.TOTAL_BYTES)
    return [File(blob.path, contents[blob.sha]) for blob in blobs]


def read_files_of(
    mirror: Mirror, revision: str, paths: Sequence[str], links: TreeLinks, most_bytes: int | None = None
) -> Iterator[list[File] | None]:
    """The files of each path in turn; None if there are none, or they are too large or have more than `most_bytes`.

    One git process lists up to 100 paths, and one reads about 4 MiB, or a single larger path.
    """
    for start in range(0, len(paths), _PATHS_PER_LISTING):
        some = paths[start : start + _PATHS_PER_LISTING]
        listing = {normalized(path): list[_Blob]() for path in some}
        listing |= _readable(mirror, revision, [path for path in some if _is_bounded(links, path)])
        trees = [listing[normalized(path)] for path in some]
        trees = [[] if most_bytes is not None and _bytes(tree) > most_bytes else tree for tree in trees]
        offsets = accumulate(map(_bytes, trees), initial=0)
        for _, batch in groupby(zip(trees, offsets, strict=False), lambda pair: pair[1] // _BYTES_PER_READ):
            batched = [tree for tree, _ in batch]
            shas = [blob.sha for tree in batched for blob in tree]
            contents = read_blobs(mirror, shas, most_bytes=bounds.TOTAL_BYTES + _BYTES_PER_READ)
            for tree in batched:
                yield [File(blob.path, contents[blob.sha]) for blob in tree] or None


def changed_paths(mirror: Mirror, base: str | None, revision: str) -> list[str]:
    """The paths that differ between two commits or trees, including both of a rename; all paths without `base`."""
    paths = raw_changed_paths(mirror, base, revision)
    if len(paths) > bounds.CHANGED_PATHS:
        raise RepositoryError(
            LocalizedText(texts.MANY_CHANGES, revision=revision[:8], name=mirror.name, most=f"{bounds.CHANGED_PATHS:,}")
        )
    return [path.decode(errors="replace") for path in paths]


def raw_changed_paths(mirror: Mirror, base: str | None, revision: str) -> list[bytes]:
    """The same as `changed_paths`, as stored by git, which need not be UTF-8."""
    revisions = [*([full_sha(base)] if base else []), full_sha(revision)]
    argv = (*_DIFF_TREE, "--root", "--name-only", "--end-of-options", *revisions)
    return mirror.git(*argv, revisions=revisions).stdout.split(b"\0")[:-1]


def changes(mirror: Mirror, base: str, revision: str) -> list[TreeChange]:
    """Every path that differs, and how. Raises UnicodeDecodeError for a path that is not UTF-8."""
    argv = (*_DIFF_TREE, "--raw", "--no-abbrev", "--end-of-options", base, revision)
    fields = iter(mirror.git(*argv, revisions=(base, revision)).stdout.decode().split("\0")[:-1])
    found = []
    # ":old-mode mode old-sha sha status", then the path: git-diff-tree(1), RAW OUTPUT FORMAT
    for header, path in zip(fields, fields, strict=True):
        old_mode, mode, _, sha, status = header.removeprefix(":").split()
        found.append(TreeChange(path, status, old_mode, mode, sha))
    return found


def edited_tree(mirror: Mirror, revision: str, files: Mapping[str, bytes | None]) -> str:
    """The id of a commit's tree with these files written, or removed if None. Files keep their modes."""
    root = root_tree(mirror, revision)
    modes = {path: entry.mode for path, entry in _entries(mirror, root, [*map(normalized, files)]).items()}
    entries = b""
    for path, content in files.items():
        if content is None:
            entries += f"0 {'0' * 40}\t{normalized(path)}\0".encode()
            continue
        sha = write_object(mirror, "blob", content)
        entries += f"{modes.get(normalized(path), '100644')} {sha}\t{normalized(path)}\0".encode()
    with mirror.temporary_folder() as folder:
        index = folder / "index"
        mirror.git("read-tree", root, index=index)
        mirror.git("update-index", "-z", "--index-info", index=index, stdin=entries)
        return mirror.git("write-tree", index=index).stdout.decode().strip()


def _list(mirror: Mirror, revision: str, paths: Sequence[str]) -> dict[str, list[_Blob]]:
    """The regular files at or below each path, by the normalized path; an empty list if there are none."""
    listing: dict[str, list[_Blob]] = {normalized(path): [] for path in paths}
    by_raw_path = {path.encode(): blobs for path, blobs in listing.items()}
    argv = ("ls-tree", "-r", "-z", "-l", "--full-tree", "--end-of-options", full_sha(revision))
    lengths = {len(path) for path in by_raw_path}  # a path may be deep
    output = mirror.git(
        *argv, *([] if "" in listing else listing), revisions=(revision,), lacks_objects=_has_unknown_size
    ).stdout
    for line in output.split(b"\0")[:-1]:
        entry, _, raw_path = line.partition(b"\t")
        mode, _, sha, size = entry.split()
        if not mode.startswith(b"100"):
            continue
        blob = _Blob(raw_path.decode(errors="replace"), sha.decode(), int(size))
        ends = {0, len(raw_path), *(slash.start() for slash in re.finditer(b"/", raw_path))}
        for length in lengths & ends:
            blobs = by_raw_path.get(raw_path[:length])
            if blobs is not None:
                blobs.append(blob)
    return listing


def _is_bounded(links: TreeLinks, path: str) -> bool:
    try:
        links.below(normalized(path))
    except OutputTooLargeError:
        return False
    return True


def _readable(mirror: Mirror, revision: str, paths: Sequence[str]) -> dict[str, list[_Blob]]:
    """The same, with an empty list also for a path that is too large, which hides no other."""
    if not paths:
        return {}
    try:
        listing = _list(mirror, revision, paths)
    except OutputTooLargeError:
        middle = len(paths) // 2
        if not middle:
            return {normalized(path): [] for path in paths}
        return _readable(mirror, revision, paths[:middle]) | _readable(mirror, revision, paths[middle:])
    return {path: [] if _too_large(mirror.name, path, blobs) else blobs for path, blobs in listing.items()}


def _has_unknown_size(listing: bytes) -> bool:
    """Whether `git ls-tree -l` prints BAD as an object's size, which means that it is missing."""
    return any(line.partition(b"\t")[0].endswith(b" BAD") for line in listing.split(b"\0"))


def _bytes(blobs: Iterable[_Blob]) -> int:
    return sum(blob.size for blob in blobs)


def _too_large(name: str, path: str, blobs: Sequence[_Blob]) -> LocalizedText | None:
    """Why the files at a path are too large to read; None if they are not."""
    for blob in blobs:
        if len(blob.path) > bounds.PATH_BYTES:
            return LocalizedText(texts.LONG_PATH, path=path, name=name, most=f"{bounds.PATH_BYTES:,}")
        if blob.size > bounds.FILE_BYTES:
            size = f"{blob.size / 2**20:.1f}"
            return LocalizedText(
                texts.LARGE_FILE, path=blob.path, name=name, size=size, most=str(bounds.FILE_BYTES >> 20)
            )
    total = _bytes(blobs)
    if len(blobs) <= bounds.FILES and total <= bounds.TOTAL_BYTES:
        return None
    return LocalizedText(
        texts.LARGE_PATH,
        path=path,
        name=name,
        files=f"{len(blobs):,}",
        size=f"{total / 2**20:.0f}",
        most=f"{bounds.FILES:,}",
        most_size=str(bounds.TOTAL_BYTES >> 20),
    )


def _entries(mirror: Mirror, revision: str, paths: Sequence[str]) -> dict[str, _Entry]:
    """The files and directories at normalized paths, and the directories above, by path."""
    entries = {}
    for start in range(0, len(paths), _PATHS_PER_LISTING):
        argv = ("ls-tree", "-t", "-z", "--full-tree", "--end-of-options", revision, "--")
        output = mirror.git(*argv, *paths[start : start + _PATHS_PER_LISTING]).stdout
        for line in output.decode(errors="surrogateescape").split("\0")[:-1]:
            entry, _, path = line.partition("\t")
            mode, kind, sha = entry.split()
            if kind != "commit":
                entries[path] = _Entry(mode, sha)
    return entries

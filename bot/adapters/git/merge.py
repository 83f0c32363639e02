"""Merges with `git merge-tree`, with the same result as in a work tree with `ours` checked out."""

import os
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.adapters.git import bounds
from bot.adapters.git.commits import log, write_commit
from bot.adapters.git.mirror import Mirror
from bot.adapters.git.objects import full_sha, read_blobs
from bot.adapters.git.process import Output
from bot.adapters.git.trees import raw_changed_paths
from bot.i18n.language import Text
from bot.ports.git import LimitExceededError, Merged

_CONFLICT = re.compile(r"CONFLICT \(([^)]+)\)")
_LONGEST_NAME = 255  # bytes in a file's name: NAME_MAX


class Merges:
    """Merges of commits in a mirror. Remembers the slow ones, so that they cost their time once. Thread-safe."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self._slow: OrderedDict[tuple[str, str, bool], Merged | Text] = OrderedDict()  # or why it is too large
        self._lock = threading.Lock()

    def merge(self, ours: str, theirs: str, *, follow_directories: bool) -> Merged:
        """Merge two commits as `git merge` does. See ports.Repository."""
        key = (ours, theirs, follow_directories)
        with self._lock:
            result = self._slow.get(key)
        if result is None:
            started = time.monotonic()
            result = self._compute(ours, theirs, follow_directories=follow_directories)
            if not isinstance(result, Merged) or time.monotonic() - started > bounds.SLOW_MERGE_SECONDS:
                self._remember(key, result)
        if isinstance(result, Merged):
            return result
        raise LimitExceededError(result)

    def _compute(self, ours: str, theirs: str, *, follow_directories: bool) -> Merged | Text:
        config = () if follow_directories else (("merge.directoryRenames", "false"),)
        try:
            paths = raw_changed_paths(self._mirror, ours, theirs)
            output = _merge_tree(self._mirror, full_sha(ours), full_sha(theirs), paths, *config)
        except LimitExceededError as error:
            return error.text
        tree = output.stdout.partition(b"\0")[0].decode()
        return Merged(tree) if output.status == 0 else Merged(tree, (".",), ("content",))

    def _remember(self, key: tuple[str, str, bool], result: Merged | Text) -> None:
        with self._lock:
            self._slow[key] = result
            while len(self._slow) > bounds.SLOW_MERGES:
                self._slow.popitem(last=False)


def merge_trees(mirror: Mirror, base: str, ours: str, theirs: str) -> Merged:
    """Merge the trees of three commits, with `base` as the merge base.

    The result is that of `git revert` if `theirs` is the parent of `base` and `ours` is the head.
    """
    paths = [path for side in (ours, theirs) for path in raw_changed_paths(mirror, base, side)]
    root = write_commit(mirror, full_sha(base), [], "base")
    our_side, their_side = (write_commit(mirror, full_sha(side), [root], "side") for side in (ours, theirs))
    output = _merge_tree(mirror, our_side, their_side, paths)
    if output.status == 0:
        return _parse(output)
    # In a file/directory conflict, git renames the file to PATH~SIDE. The sides are shas here, so show names instead.
    (reverted,) = log(mirror, "--no-walk", base, revisions=[base])
    their_label = f"parent of {reverted.short_sha} ({reverted.subject})".replace("/", "_")
    return _parse(output, {our_side: "HEAD", their_side: their_label})


def _merge_tree(mirror: Mirror, ours: str, theirs: str, paths: Iterable[bytes], *config: tuple[str, str]) -> Output:
    """Run `git merge-tree` with the attributes of `ours` for `paths`, which are all that the merge uses."""
    argv = ("merge-tree", "--write-tree", "-z", "--messages", "--allow-unrelated-histories", "--end-of-options")
    with _attributes(mirror, ours, paths) as work_tree:
        # In a bare repository, git reads no attributes or those of HEAD, depending on its version.
        return mirror.git(
            *argv,
            *(ours, theirs),
            ok=(0, 1),
            work_tree=work_tree,
            revisions=(ours, theirs),
            config=config,
            cpu_seconds=bounds.MERGE_SECONDS,
        )


@contextmanager
def _attributes(mirror: Mirror, revision: str, paths: Iterable[bytes]) -> Iterator[Path]:
    """A work tree with the .gitattributes of a commit that apply to the paths."""
    folders = {b""}
    for path in paths:
        while b"/" in path and (path := path.rpartition(b"/")[0]) not in folders:
            folders.add(path)
    candidates = [
        folder + b"/.gitattributes" if folder else b".gitattributes"
        for folder in folders
        if _can_be_checked_out(folder)
    ]
    names = [f"{revision}:".encode() + candidate for candidate in candidates]
    existing = [path for path, item in zip(candidates, mirror.objects(names), strict=True) if item]
    with mirror.temporary_folder() as work_tree:
        for path, content in _regular_files(mirror, revision, existing).items():
            file = work_tree / os.fsdecode(path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        yield work_tree


def _can_be_checked_out(folder: bytes) -> bool:
    """Whether a folder of an untrusted tree can be created inside another."""
    names = folder.split(b"/") if folder else []
    return len(folder) < bounds.PATH_BYTES and not any(
        name in {b"", b".", b".."} or len(name) > _LONGEST_NAME for name in names
    )


def _regular_files(mirror: Mirror, revision: str, paths: list[bytes]) -> dict[bytes, bytes]:
    """The contents of the paths that are regular files: git ignores attributes behind symbolic links."""
    if not paths:
        return {}
    argv = ("ls-tree", "-z", "--full-tree", "--end-of-options", revision, *map(os.fsdecode, paths))
    shas = {}
    for line in mirror.git(*argv).stdout.split(b"\0")[:-1]:
        entry, _, path = line.partition(b"\t")
        mode, _, sha = entry.decode().split()
        if mode.startswith("100"):
            shas[path] = sha
    contents = read_blobs(mirror, list(shas.values()))
    return {path: contents[sha] for path, sha in shas.items()}


def _parse(output: Output, labels: dict[str, str] | None = None) -> Merged:
    """Parse the output of merge-tree: git-merge-tree(1), OUTPUT. `labels` are names to show for commits.

    The tree, `mode sha stage TAB path` for each stage of each path, an empty field, then the messages: a number of
    paths, the paths, the message's type, and the message.
    """
    text = output.stdout.decode(errors="replace")
    for sha, label in (labels or {}).items():
        text = text.replace(f"~{sha}", f"~{label}")
    tree, *rest = text.split("\0")
    # A conflicted tree can equal ours, so only the exit status shows a conflict.
    if output.status == 0:
        return Merged(tree)
    end = rest.index("")
    unmerged: dict[str, list[str]] = {line.partition("\t")[2]: [] for line in rest[:end]}
    others: dict[str, list[str]] = {}
    messages = iter(rest[end + 1 :])
    for count in messages:
        if not count.isdigit():  # the rest is unstructured advice about submodules
            break
        paths = [next(messages) for _ in range(int(count))]
        _, message = next(messages), next(messages)
        if conflict := _CONFLICT.match(message):
            for path in paths:
                (unmerged if path in unmerged else others).setdefault(path, []).append(conflict[1])
    conflicts = unmerged or others or {".": []}  # for some conflicts, only the message has the paths
    kinds = tuple(", ".join(dict.fromkeys(kinds)) or "content" for kinds in conflicts.values())
    return Merged(tree, tuple(conflicts), kinds)

"""Merges with `git merge-tree`, which needs no work tree."""

from collections.abc import Sequence

from bot.adapters.git.commits import commit_tree
from bot.adapters.git.errors import disk_errors
from bot.adapters.git.mirror import Mirror
from bot.adapters.git.objects import full_sha, read_blobs
from bot.adapters.git.trees import tree_ids
from bot.ports.git import Merged


def merge(mirror: Mirror, ours: str, theirs: str) -> Merged:
    """Merge two commits as `git merge` does."""
    options = ("--write-tree", "-z", "--messages", "--allow-unrelated-histories", "--end-of-options")
    argv = ("merge-tree", *options, full_sha(ours), full_sha(theirs))
    output = mirror.git(*argv, ok=(0, 1), config=_attributes(mirror, ours), revisions=(ours, theirs))
    fields = output.stdout.decode(errors="replace").split("\0")
    # A conflicted tree can equal ours, so only the exit status tells a conflict.
    return Merged(fields[0]) if output.status == 0 else _conflicted(fields)


def merge_trees(mirror: Mirror, base: str, ours: str, theirs: str) -> Merged:
    """Merge the trees of three commits, by commits that have these trees and `base` as the merge base.

    The result is that of `git revert` when `theirs` is the parent of `base` and `ours` is the head.
    """
    root = commit_tree(mirror, full_sha(base), [], "base")
    sides = [commit_tree(mirror, full_sha(revision), [root], "side") for revision in (ours, theirs)]
    return merge(mirror, *sides)


def _attributes(mirror: Mirror, revision: str) -> list[tuple[str, str]]:
    """The setting by which a merge sees the root .gitattributes: before 2.43 git ignores it in a bare repository."""
    (sha,) = tree_ids(mirror, revision, [".gitattributes"])
    content = read_blobs(mirror, [sha]).get(sha) if sha else None
    if content is None:
        return []
    file = mirror.quarantine() / f"attributes-{sha}"
    with disk_errors(file.parent):
        file.write_bytes(content)
    return [("core.attributesFile", str(file))]


def _conflicted(fields: Sequence[str]) -> Merged:
    """Parse the output of a conflicted merge-tree: git-merge-tree(1), OUTPUT.

    The tree, `mode sha stage TAB path` for each stage of each path, an empty field, then the messages: a number of
    paths, the paths, the message's kind, and the message.
    """
    tree, *rest = fields
    end = rest.index("")
    kinds: dict[str, list[str]] = {line.partition("\t")[2]: [] for line in rest[:end]}
    messages = iter(rest[end + 1 :])
    for count in messages:
        if not count:
            break
        paths = [next(messages) for _ in range(int(count))]
        kind, _ = next(messages), next(messages)
        if kind.startswith("CONFLICT ("):
            for path in paths:
                kinds.setdefault(path, []).append(kind.removeprefix("CONFLICT (").rstrip(")"))
    return Merged(tree, tuple(kinds), tuple(", ".join(dict.fromkeys(names)) or "content" for names in kinds.values()))

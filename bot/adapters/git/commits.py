"""Commits: read with `git log`, and made with `git commit-tree`."""

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.adapters.git.mirror import Mirror
from bot.core.git.commit import Commit

_FIELDS = ("%H", "%P", "%an", "%ae", "%ct", "%B")


def log(mirror: Mirror, *argv: str, revisions: Sequence[str]) -> list[Commit]:
    """The commits that `git log` lists. RevisionNotFoundError when one of `revisions` is unknown."""
    output = mirror.git("log", "-z", f"--format={'%x00'.join(_FIELDS)}", *argv, revisions=revisions).stdout
    fields = output.decode(errors="replace").split("\0")
    # Not strict: an empty field follows the last NUL.
    records = zip(*(fields[start :: len(_FIELDS)] for start in range(len(_FIELDS))), strict=False)
    return [
        Commit(sha, tuple(parents.split()), message.rstrip("\n"), author, email, _instant(seconds))
        for sha, parents, author, email, seconds, message in records
    ]


def commit_tree(mirror: Mirror, tree: str, parents: Sequence[str], message: str) -> str:
    """Make a commit in the quarantine and return its sha; `tree` may be a commit that has the tree."""
    options = [option for parent in parents for option in ("-p", parent)]
    argv = ("commit-tree", *options, "-F", "-", f"{tree}^{{tree}}")
    return mirror.git(*argv, stdin=message.encode(), revisions=(tree, *parents)).stdout.decode().strip()


def _instant(seconds: str) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)

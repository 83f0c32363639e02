"""Commits: read with `git log`, and made with `git commit-tree`."""

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.adapters.git import bounds
from bot.adapters.git.mirror import Mirror
from bot.core.git.commit import Commit

_FIELDS = ("%H", "%P", "%an", "%ae", "%ct", "%B")


def log(mirror: Mirror, *argv: str, revisions: Sequence[str]) -> list[Commit]:
    """The commits that `git log` lists. RevisionNotFoundError when one of `revisions` is unknown."""
    output = mirror.git(
        *("log", "-z", "--encoding=UTF-8", f"--format={'%x00'.join(_FIELDS)}", *argv),
        revisions=revisions,
        field_bytes=bounds.MESSAGE_BYTES + 1,
    ).stdout
    fields = output.split(b"\0")
    # Not strict: an empty field follows the last NUL.
    records = zip(*(fields[start :: len(_FIELDS)] for start in range(len(_FIELDS))), strict=False)
    return [
        Commit(
            sha=sha.decode(),
            parents=tuple(parents.decode().split()),
            message=_cut(message, bounds.MESSAGE_BYTES).rstrip("\n"),
            author=_cut(author, bounds.NAME_BYTES),
            email=_cut(email, bounds.NAME_BYTES),
            committed_at=_instant(seconds),
        )
        for sha, parents, author, email, seconds, message in records
    ]


def commit_tree(mirror: Mirror, tree: str, parents: Sequence[str], message: str) -> str:
    """Make a commit in the quarantine and return its sha; `tree` may be a commit that has the tree."""
    options = [option for parent in parents for option in ("-p", parent)]
    argv = ("commit-tree", *options, "-F", "-", f"{tree}^{{tree}}")
    return mirror.git(*argv, stdin=message.encode(), revisions=(tree, *parents)).stdout.decode().strip()


def _cut(text: bytes, most: int) -> str:
    if len(text) <= most:
        return text.decode(errors="replace")
    # What is cut in the middle of a character is dropped with it.
    return text[:most].decode(errors="ignore") + "…"


def _instant(seconds: bytes) -> datetime:
    """The time of a commit. Git prints the digits of the commit, however many, and nothing if they are no number."""
    digits = seconds if seconds.isdigit() else b"0"
    at = int(digits) if len(digits) <= len(str(bounds.LATEST_SECONDS)) else bounds.LATEST_SECONDS
    return datetime.fromtimestamp(min(at, bounds.LATEST_SECONDS), UTC)

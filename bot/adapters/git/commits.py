"""Commits: read with `git log`, and written."""

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.adapters.git import bounds
from bot.adapters.git.mirror import Mirror
from bot.adapters.git.objects import full_sha, root_tree, write_object
from bot.core.git.commit import Commit

_AUTHOR = "gitops-bot <gitops-bot@users.noreply.invalid>"
_FIELDS = ("%H", "%P", "%an", "%ae", "%ct", "%at", "%B")
_SHA_BYTES = 64
_TIME_BYTES = 20
_SUBJECT_BYTES = 1024
# Of each field before the message. A name is cut only once it is known to be too long, and one more parent is cut off.
_FIELD_BYTES = (
    *(_SHA_BYTES, (_SHA_BYTES + 1) * bounds.PARENTS),
    *(bounds.NAME_BYTES + 1, bounds.NAME_BYTES + 1),
    *(_TIME_BYTES, _TIME_BYTES),
)
_OTHER_BYTES = sum(_FIELD_BYTES) + len(_FIELDS) + 1


def log(mirror: Mirror, *argv: str, revisions: Sequence[str], limit: int = 1) -> list[Commit]:
    """The commits that `git log` lists, up to about `limit`: of more, each keeps less of its message.

    Raises RevisionNotFoundError if one of `revisions` is unknown.
    """
    # So that all of them can be read, however long their texts are.
    message_bytes = min(bounds.MESSAGE_BYTES, max(bounds.OUTPUT_BYTES // max(limit, 1) - _OTHER_BYTES, _SUBJECT_BYTES))
    output = mirror.git(
        *("log", "-z", "--encoding=UTF-8", f"--format={'%x00'.join(_FIELDS)}", *argv),
        revisions=revisions,
        field_bytes=(*_FIELD_BYTES, message_bytes + 1),
    ).stdout
    fields = output.split(b"\0")
    # Not strict: an empty field follows the last NUL.
    records = zip(*(fields[start :: len(_FIELDS)] for start in range(len(_FIELDS))), strict=False)
    return [
        Commit(
            sha=sha.decode(),
            parents=tuple(parents.decode().split()[: bounds.PARENTS]),
            message=_cut(message, message_bytes).rstrip("\n"),
            author=_cut(author, bounds.NAME_BYTES),
            email=_cut(email, bounds.NAME_BYTES),
            committed_at=_instant(seconds),
            authored_at=_instant(authored_seconds),
        )
        for sha, parents, author, email, seconds, authored_seconds, message in records
    ]


def ancestry_path(mirror: Mirror, since: str, until: str) -> list[tuple[str, str]]:
    """The way back from `until` to `since` by the first parents that contain `since`, as pairs of parent and commit.

    None if `until` doesn't contain it.
    """
    output = mirror.git(
        *("rev-list", "--parents", "--ancestry-path", "--end-of-options", full_sha(until), f"^{full_sha(since)}"),
        revisions=(since, until),
    ).stdout
    parents = {sha: before for sha, *before in map(str.split, output.decode().splitlines())}
    path: list[tuple[str, str]] = []
    sha = until
    while sha in parents:
        before = next(parent for parent in parents[sha] if parent == since or parent in parents)
        path.append((before, sha))
        sha = before
    return path


def changes(mirror: Mirror, since: str, until: str, *, limit: int) -> list[tuple[str, list[str]]]:
    """The shas of the first-parent commits of since..until, newest first, and the paths that each changed."""
    output = mirror.git(
        *("log", "-z", "--first-parent", "-m", "--no-renames", "--name-only", "--format=tformat:%x00%H"),
        *(f"--max-count={limit}", "--end-of-options", full_sha(until), f"^{full_sha(since)}"),
        revisions=(since, until),
    ).stdout
    commits: list[tuple[str, list[str]]] = []
    fields = iter(output.split(b"\0")[:-1])
    for field in fields:
        if not field:  # only before a sha
            commits.append((next(fields).decode(), []))
            first = b"\n"  # before the first path
            continue
        commits[-1][1].append(field.removeprefix(first).decode(errors="replace"))
        first = b""
    return commits


def write_commit(mirror: Mirror, tree: str, parents: Sequence[str], message: str, at: int = 0) -> str:
    """Write a commit by the bot to the quarantine and return its sha.

    `tree` may be a commit that has the tree; `at` is the time of the commit in seconds since 1970.
    """
    lines = [
        f"tree {root_tree(mirror, tree)}",
        *(f"parent {parent}" for parent in parents),
        *(f"{role} {_AUTHOR} {at} +0000" for role in ("author", "committer")),
    ]
    return write_object(mirror, "commit", "\n".join((*lines, "", message)).encode(errors="replace"))


def _cut(text: bytes, most: int) -> str:
    if len(text) <= most:
        return text.decode(errors="replace")
    # A character that was cut in the middle is dropped.
    return text[:most].decode(errors="ignore") + "…"


def _instant(seconds: bytes) -> datetime:
    """The time of a commit. Git prints any number of digits, and nothing if it is not a number."""
    digits = seconds if seconds.isdigit() else b"0"
    at = int(digits) if len(digits) <= len(str(bounds.LATEST_SECONDS)) else bounds.LATEST_SECONDS
    return datetime.fromtimestamp(min(at, bounds.LATEST_SECONDS), UTC)

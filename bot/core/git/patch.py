"""Builds the diff to show for a change, without any line of a file that may hold a Secret's values."""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.core.objects.manifest import ManifestError, read_manifests

WITHHELD_PREFIX = "~ "  # marks a file whose lines are not shown
_MAX_BYTES = 65_536  # per file: nobody reads more in a message, and larger files are slow to compare
_MAX_LINE = 400  # characters
# Matches comments, and the input of other generators, too.
_SECRET = re.compile(r"""kind["']?\s*:\s*["']?Secret(?:List)?\b|secretGenerator|stringData""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FileChange:
    """A changed file's content `before` and `after`; None where it doesn't exist or was not read."""

    path: str
    before: bytes | None
    after: bytes | None


def redacted_patch(changes: Iterable[FileChange]) -> list[str]:
    """The lines of a unified diff; only `~ PATH` for a file that has a Secret or anything but plain manifests."""
    return [line for change in changes for line in _file_patch(change)]


def truncate_lines(lines: Sequence[str], max_characters: int) -> tuple[str, bool]:
    """As many whole lines as fit into `max_characters`, joined, and whether any were left out."""
    kept: list[str] = []
    remaining = max_characters
    for line in lines:
        remaining -= len(line) + 1
        if remaining < 0:
            return "\n".join(kept), True
        kept.append(line)
    return "\n".join(kept), False


def _file_patch(change: FileChange) -> list[str]:
    sides = [change.before, change.after]
    if sides == [None, None] or not all(side is None or _may_be_shown(side) for side in sides):
        return [f"{WITHHELD_PREFIX}{change.path}"]
    before, after = ((side or b"").decode("utf-8-sig").splitlines() for side in sides)
    from_file = "/dev/null" if change.before is None else f"a/{change.path}"
    to_file = "/dev/null" if change.after is None else f"b/{change.path}"
    return [line[:_MAX_LINE] for line in difflib.unified_diff(before, after, from_file, to_file, n=2, lineterm="")]


def _may_be_shown(content: bytes) -> bool:
    """Whether it holds manifests, none of them a Secret. Any other file may be what a Secret is generated from."""
    if len(content) > _MAX_BYTES:
        return False
    try:
        manifests = read_manifests("", content)
    except ManifestError:
        return False
    has_secret = _SECRET.search(content.decode("utf-8-sig")) or any(manifest.kind == "Secret" for manifest in manifests)
    return bool(manifests) and not has_secret

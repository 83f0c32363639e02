"""The diff of a change as people may see it: never a line of a file that could hold a value of a Secret."""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.core.objects.manifest import ManifestError, read_manifests

WITHHELD_PREFIX = "~ "  # before the name of a file whose lines are not shown
_MOST_BYTES = 65_536  # of one file: more is read by nobody in a message, and slow to compare
_MOST_LINE = 400
# Also in a comment, or in what some other program makes a manifest of.
_SECRET = re.compile(r"""kind["']?\s*:\s*["']?Secret(?:List)?\b|secretGenerator|stringData""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file of both sides; None where it is not there, or was not read. At least one side is known to differ."""

    path: str
    before: bytes | None
    after: bytes | None


def redacted_patch(changes: Iterable[FileChange]) -> list[str]:
    """Lines of a unified diff. Of a file that is no plain manifest, or holds a Secret, `~ PATH` and nothing else."""
    return [line for change in changes for line in _of(change)]


def truncate_lines(lines: Sequence[str], max_characters: int) -> tuple[str, bool]:
    """As many whole lines as fit so many characters, and whether some were left out."""
    kept: list[str] = []
    for line in lines:
        max_characters -= len(line) + 1
        if max_characters < 0:
            return "\n".join(kept), True
        kept.append(line)
    return "\n".join(kept), False


def _of(change: FileChange) -> list[str]:
    sides = [change.before, change.after]
    if sides == [None, None] or not all(side is None or _may_be_shown(side) for side in sides):
        return [f"{WITHHELD_PREFIX}{change.path}"]
    one, other = ((side or b"").decode("utf-8-sig").splitlines() for side in sides)
    name = "/dev/null"
    before, after = (name if side is None else f"{mark}/{change.path}" for mark, side in zip("ab", sides, strict=True))
    return [line[:_MOST_LINE] for line in difflib.unified_diff(one, other, before, after, n=2, lineterm="")]


def _may_be_shown(content: bytes) -> bool:
    """Whether it is manifests and no Secret among them. A values file or a generator's may be made into one."""
    if len(content) > _MOST_BYTES:
        return False
    try:
        manifests = read_manifests("", content)
    except ManifestError:
        return False
    secret = _SECRET.search(content.decode("utf-8-sig")) or any(each.kind == "Secret" for each in manifests)
    return bool(manifests) and not secret

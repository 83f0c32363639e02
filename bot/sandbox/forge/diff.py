"""Parses a unified diff into files and numbered lines."""

import re
from dataclasses import dataclass, field

_HUNK = re.compile(r"@@ -([0-9]+)(?:,[0-9]+)? \+([0-9]+)(?:,[0-9]+)? @@(.*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Line:
    """One line: `kind` is "hunk", "add", "del", "same" or "note"; a number is None where that side has no such line."""

    kind: str
    old: int | None
    new: int | None
    text: str


@dataclass(slots=True)
class FileDiff:
    """The changes of one file. `change` is "added", "deleted", "renamed", "binary" or "modified"."""

    path: str
    change: str = "modified"
    lines: list[Line] = field(default_factory=list)

    def count(self, kind: str) -> int:
        """The number of lines of this kind."""
        return sum(line.kind == kind for line in self.lines)


def parse(patch: str) -> list[FileDiff]:
    """The files in the output of `git diff`, in order."""
    files: list[FileDiff] = []
    old = new = 0
    in_hunk = False
    for text in patch.split("\n"):
        if text.startswith("diff --git "):
            files.append(FileDiff(text.rpartition(" b/")[2]))
            in_hunk = False
        elif not files:
            continue
        elif hunk := _HUNK.fullmatch(text):
            old, new, in_hunk = int(hunk[1]), int(hunk[2]), True
            files[-1].lines.append(Line("hunk", None, None, text))
        elif not in_hunk:
            _header(files[-1], text)
        elif text[:1] == "+":
            files[-1].lines.append(Line("add", None, new, text[1:]))
            new += 1
        elif text[:1] == "-":
            files[-1].lines.append(Line("del", old, None, text[1:]))
            old += 1
        elif text[:1] == " ":
            files[-1].lines.append(Line("same", old, new, text[1:]))
            old, new = old + 1, new + 1
        elif text[:1] == "\\":
            files[-1].lines.append(Line("note", None, None, text[2:]))
    return files


def _header(file: FileDiff, text: str) -> None:
    if text.startswith("new file"):
        file.change = "added"
    elif text.startswith("deleted file"):
        file.change = "deleted"
    elif text.startswith("rename from "):
        file.change = "renamed"
    elif text.startswith("Binary files "):
        file.change = "binary"
    elif text.startswith("rename to "):
        file.path = text.removeprefix("rename to ")

"""Edits the lines of a YAML file so that its layout and comments stay as they are."""

import re
from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate, dropwhile, takewhile
from typing import Any, Final

from bot.core.bounded_matcher import BoundedMatcher, TooDifferentError

_MAX_STEPS: Final = 2_000_000  # at most a quarter of a second
_MAX_LAYOUT_STEPS: Final = 10_000_000  # for a whole file in another layout

_DOCUMENT_START: Final = re.compile(r"^(?=---(?:[ \t\r\n]|\Z))", re.MULTILINE)
# Directives belong to the document below them, and YAML 1.1 counts other line breaks.
_NOT_SPLIT: Final = re.compile("^%|\r(?!\n)|[\x85\u2028\u2029]", re.MULTILINE)

_ITEMS: Final = re.compile(r"((?: *-(?= ))* *)[^ \r\n#]")


def split_documents(text: str) -> list[str]:
    """The parts of a text that begin with `---`, and what is before the first; the whole text if it has directives."""
    return [text] if _NOT_SPLIT.search(text) else _DOCUMENT_START.split(text)


def documents_by_part(parts: list[str], documents: Iterable[tuple[int, object]]) -> dict[int, list[Any]]:
    """The documents of a text, each with its line, by the part that they are in."""
    first_lines = list(accumulate((part.count("\n") for part in parts[:-1]), initial=1))
    by_part: dict[int, list[Any]] = {}
    for line, document in documents:
        by_part.setdefault(bisect_right(first_lines, line) - 1, []).append(document)
    return by_part


def outer_comments(lines: list[str]) -> list[str]:
    """What stays of a removed document: comments above all else, and those without indentation at its end."""
    first = list(takewhile(lambda line: _is_blank_or_comment(line, 0), lines))
    return first + _trailing_comments(lines[len(first) :], 0)


def transplant(original: list[str], unchanged: list[str], changed: list[str]) -> list[str] | None:
    """Apply the edit from `unchanged` to `changed` to `original`, which has another layout; None if that fails."""
    stripped = [line.strip() for line in unchanged], [line.strip() for line in original]
    positions = {-1: -1, len(unchanged): len(original)}  # of a line of `unchanged` in `original`
    for _, start, end, first, last in _opcodes(*stripped, _MAX_LAYOUT_STEPS):
        if end - start == last - first:  # the same lines, or as many different ones
            positions |= dict(zip(range(start, end), range(first, last), strict=True))
    shifts = _Shifts()
    edits: list[tuple[int, int, list[str]]] = []
    for tag, start, end, new_start, new_end in _opcodes(unchanged, changed):
        for index in range(start, end):
            if index in positions:
                shifts.add(unchanged[index], original[positions[index]])
        if tag == "equal":
            continue
        is_replacement = start < end
        if not ({start, end - 1} if is_replacement else {start - 1}) <= positions.keys():
            return None
        first = positions[start] if is_replacement else positions[start - 1] + 1
        last = positions[end - 1] + 1 if is_replacement else first
        edits.append((first, last, [shifts.shifted(line) for line in changed[new_start:new_end]]))
    result = list(original)
    for first, last, lines in reversed(edits):
        result[first:last] = lines
    return result


class _Shifts:
    """How far lines of one layout are shifted in another: as those before them with the same or the outer level."""

    def __init__(self) -> None:
        self._open: list[tuple[tuple[int, bool], int]] = []  # the levels around the last line, and their shifts

    def add(self, line: str, other: str) -> None:
        """Add a line and the same line in the other layout."""
        levels, others = _levels(line), _levels(other)
        for index, level in enumerate(levels):
            self._push(level, others[min(index, len(others) - 1)][0] - level[0] if others else 0)

    def shifted(self, line: str) -> str:
        """Add a line, shifted into the other layout."""
        levels = _levels(line)
        while levels and self._open and self._open[-1][0] > levels[0]:
            self._open.pop()
        shift = self._open[-1][1] if self._open else 0
        for level in levels:
            self._push(level, shift)
        return _indent(line, shift) if line.strip() else line

    def _push(self, level: tuple[int, bool], shift: int) -> None:
        while self._open and self._open[-1][0] >= level:
            self._open.pop()
        self._open.append((level, shift))


def _levels(line: str) -> list[tuple[int, bool]]:
    """The column of each list item that begins in a line, and of what follows; none in blank lines and comments.

    A key is outside of the items in the same column.
    """
    match = _ITEMS.match(line)
    if match is None:
        return []
    items = [(column, True) for column, character in enumerate(match[1]) if character == "-"]
    return [*items, (len(match[1]), False)]


def keep_comments(original: list[str], changed: list[str]) -> list[str]:
    """`changed` with the comments of lines that follow removed ones: ruamel.yaml attaches them to the removed lines."""
    result = list(changed)
    for tag, start, end, first, last in reversed(_opcodes(original, changed)):
        if tag in ("delete", "replace"):
            following = _indentation(original[end]) if end < len(original) else 0
            comments = _trailing_comments(original[start:end], following, _indentation(original[start]))
            if not set(comments) <= set(changed[first:last]):
                result[last:last] = comments
    return result


def without_comments_of_removed_lines(original: list[str], changed: list[str]) -> list[str]:
    """`changed` without the comments above removed lines, except at the top or if a sibling without any follows."""
    result = list(changed)
    deletions = [opcode for opcode in _opcodes(original, changed) if opcode[0] == "delete"]
    for _, start, end, first, _ in reversed(deletions):
        indentation = _indentation(original[start])
        following = next(iter(original[end:]), "")
        has_sibling = _indentation(following) == indentation and not _is_blank_or_comment(following, indentation)
        comments = _comments_above(original[:start], indentation)
        if len(comments) < start and not has_sibling and result[first - len(comments) : first] == comments:
            del result[first - len(comments) : first]
    return result


def _comments_above(lines: list[str], indentation: int) -> list[str]:
    """The comments with this indentation at the end, up to a blank line."""
    comments = takewhile(lambda line: line.strip() and _is_blank_or_comment(line, indentation), reversed(lines))
    return list(comments)[::-1]


def _trailing_comments(lines: list[str], *indentations: int) -> list[str]:
    """The comments with these indentations at the end, with the blank lines after each."""
    trailing = list(takewhile(lambda line: _is_blank_or_comment(line, *indentations), reversed(lines)))
    return list(dropwhile(lambda line: not line.strip(), reversed(trailing)))


def _is_blank_or_comment(line: str, *indentations: int) -> bool:
    return not line.strip() or (line.lstrip(" ").startswith("#") and _indentation(line) in indentations)


def _opcodes(before: list[str], after: list[str], max_steps: int = _MAX_STEPS) -> list[tuple[str, int, int, int, int]]:
    """The difflib opcodes from `before` to `after`; one replacement if that takes too long."""
    first = _common(before, after)
    last = _common(before[first:][::-1], after[first:][::-1])
    end, new_end = len(before) - last, len(after) - last
    between: list[tuple[str, int, int, int, int]]
    try:
        opcodes = BoundedMatcher(before[first:end], after[first:new_end], max_steps).get_opcodes()
        between = [(tag, first + a, first + b, first + c, first + d) for tag, a, b, c, d in opcodes]
    except TooDifferentError:
        between = [("replace", first, end, first, new_end)]
    return [("equal", 0, first, 0, first), *between, ("equal", end, len(before), new_end, len(after))]


def _common(one: list[str], other: list[str]) -> int:
    """How many leading lines both have in common."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (left, right) in pairs if left != right), min(len(one), len(other)))


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _indent(line: str, by: int) -> str:
    return " " * by + line if by >= 0 else line[min(-by, _indentation(line)) :]

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
    result = list(original)
    for tag, start, end, new_start, new_end in reversed(_opcodes(unchanged, changed)):
        if tag == "equal":
            continue
        is_replacement = start < end
        if not ({start, end - 1} if is_replacement else {start - 1}) <= positions.keys():
            return None
        first = positions[start] if is_replacement else positions[start - 1] + 1
        last = positions[end - 1] + 1 if is_replacement else first
        anchor = start if is_replacement else start - 1
        shift = _indentation(original[positions[anchor]]) - _indentation(unchanged[anchor]) if anchor >= 0 else 0
        result[first:last] = [_indent(line, shift) for line in changed[new_start:new_end]]
    return result


def keep_comments(original: list[str], changed: list[str]) -> list[str]:
    """`changed` with the comments of lines that follow removed ones: ruamel.yaml attaches them to the removed lines."""
    result = list(changed)
    for tag, start, end, first, last in reversed(_opcodes(original, changed)):
        if tag in ("delete", "replace"):
            indentation = _indentation(original[end]) if end < len(original) else 0
            comments = _trailing_comments(original[start:end], indentation)
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


def _trailing_comments(lines: list[str], indentation: int) -> list[str]:
    """The comments with this indentation at the end, with the blank lines after each."""
    trailing = list(takewhile(lambda line: _is_blank_or_comment(line, indentation), reversed(lines)))
    return list(dropwhile(lambda line: not line.strip(), reversed(trailing)))


def _is_blank_or_comment(line: str, indentation: int) -> bool:
    return not line.strip() or (line.lstrip(" ").startswith("#") and _indentation(line) == indentation)


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

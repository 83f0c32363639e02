"""What differs inside a value that is compared as a whole: an atomic list, a mapping, or multi-line text."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from bot.core.bounded_matcher import BoundedMatcher, TooDifferentError
from bot.core.drift.model import FieldDrift
from bot.core.objects.deep_equality import canonical, deep_equal
from bot.core.objects.path import Item, PathError, Segment, format_path, parse_path

# Longer lists and texts are not aligned. Their common start and end do not count.
MAX_ALIGNED: Final = 500
MAX_STEPS: Final = 1_000_000  # to align one list or text; ordinary ones of 500 lines take up to 500,000
MAX_SHARED_STEPS: Final = 2_000_000  # to align all that a card describes, which takes about 0.4 seconds
MAX_DIFF_STEPS: Final = 5_000_000  # the same, for a diff that someone asks for
_MAX_DEPTH: Final = 40


@dataclass(slots=True)
class AlignmentBudget:
    """The remaining steps to align lists and texts that are described together. Without any, they are not aligned."""

    steps: int = MAX_SHARED_STEPS


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a text, counted from 0."""

    number: int


PartSegment = Segment | Line


@dataclass(frozen=True, slots=True)
class Part:
    """One difference inside a value; the empty path is the value itself.

    The last segment is an index of git's value for `removed` and `changed`, and of the cluster's for `added`. The
    segments before it are those of git's value.
    """

    change: Literal["changed", "removed", "added"]
    path: tuple[PartSegment, ...]
    desired: Any = None
    live: Any = None


def split(desired: Any, live: Any, budget: AlignmentBudget | None = None) -> tuple[Part, ...]:
    """The smallest differences that turn one value into the other; the whole value if it has no parts to compare.

    A list that is only in another order is one difference. The result is never empty.
    """
    return tuple(_split((), desired, live, budget or AlignmentBudget())) or (Part("changed", (), desired, live),)


@dataclass(frozen=True, slots=True)
class Difference:
    """Differences in a field at one place: `removed` from git's value and `added` in the cluster's.

    With `is_member`, these are items of a list or lines of a text; otherwise both are the values at `path`. `line` is
    the number of the first such line, from 1.
    """

    path: str
    removed: tuple[Any, ...] = ()
    added: tuple[Any, ...] = ()
    is_member: bool = False
    line: int | None = None


def differences(field: FieldDrift, budget: AlignmentBudget | None = None) -> tuple[Difference, ...]:
    """What differs in a field, in the order of its value, with items of one list and lines of one text together."""
    if field.change != "changed":
        sides = ((field.desired,), ()) if field.change == "removed" else ((), (field.live,))
        return (Difference(field.path, *sides),)
    grouped: dict[tuple[tuple[PartSegment, ...], bool], list[Part]] = {}
    for part in split(field.desired, field.live, budget):
        is_member = bool(part.path) and isinstance(part.path[-1], Line | int) and part.change != "changed"
        grouped.setdefault((part.path[:-1] if is_member else part.path, is_member), []).append(part)
    return tuple(_difference(field.path, path, parts, is_member) for (path, is_member), parts in grouped.items())


def sub_drifts(field: FieldDrift, budget: AlignmentBudget | None = None) -> Iterator[FieldDrift]:
    """The difference split into one for each value inside it; only itself if it has no parts."""
    parts = split(field.desired, field.live, budget) if field.change == "changed" else _entries(field)
    for part in parts:
        inner = tuple(segment for segment in part.path if not isinstance(segment, Line))
        yield replace(field, change=part.change, path=_joined(field.path, inner), desired=part.desired, live=part.live)


def without_keys(field: FieldDrift, value: Any) -> Any:
    """An item of a keyed list without the keys that are in its path; any other value as it is."""
    if not isinstance(value, dict) or not field.path.endswith("]"):
        return value
    try:
        last = parse_path(field.path)[-1]
    except PathError:
        return value
    keys = {key for key, _ in last.keys} if isinstance(last, Item) else ()
    return {key: entry for key, entry in value.items() if key not in keys} or value


def _difference(path: str, inner: tuple[PartSegment, ...], parts: Sequence[Part], is_member: bool) -> Difference:
    first = parts[0].path[-1] if is_member else None
    return Difference(
        _joined(path, tuple(segment for segment in inner if not isinstance(segment, Line))),
        tuple(part.desired for part in parts if part.change != "added"),
        tuple(part.live for part in parts if part.change != "removed"),
        is_member,
        first.number + 1 if isinstance(first, Line) else None,
    )


def _joined(path: str, inner: tuple[Segment, ...]) -> str:
    if not inner:
        return path
    tail = format_path(inner)
    return f"{path}{tail}" if tail.startswith("[") else f"{path}.{tail}"


def _entries(field: FieldDrift) -> Iterable[Part]:
    """The entries of a mapping or items of a list that was added or removed as a whole."""
    value = field.live if field.change == "added" else field.desired
    entries: Iterable[tuple[Segment, Any]] = ()
    if isinstance(value, dict):
        entries = without_keys(field, value).items()
    elif isinstance(value, list):
        entries = enumerate(value)
    parts = [
        Part(field.change, (key,), live=entry) if field.change == "added" else Part(field.change, (key,), entry)
        for key, entry in entries
    ]
    return parts or [Part(field.change, (), field.desired, field.live)]


def _split(path: tuple[PartSegment, ...], desired: Any, live: Any, budget: AlignmentBudget) -> Iterator[Part]:
    if deep_equal(desired, live):
        return
    if len(path) < _MAX_DEPTH:
        if isinstance(desired, dict) and isinstance(live, dict):
            yield from _mappings(path, desired, live, budget)
            return
        if isinstance(desired, list) and isinstance(live, list) and not _is_reordered(desired, live):
            yield from _sequences(path, desired, live, budget, is_text=False)
            return
        if isinstance(desired, str) and isinstance(live, str) and "\n" in desired and "\n" in live:
            yield from _sequences(path, _lines(desired), _lines(live), budget, is_text=True)
            return
    yield Part("changed", path, desired, live)


def _mappings(
    path: tuple[PartSegment, ...], desired: dict[str, Any], live: dict[str, Any], budget: AlignmentBudget
) -> Iterator[Part]:
    for key, value in desired.items():
        if key in live:
            yield from _split((*path, key), value, live[key], budget)
        else:
            yield Part("removed", (*path, key), value)
    for key, value in live.items():
        if key not in desired:
            yield Part("added", (*path, key), None, value)


def _sequences(
    path: tuple[PartSegment, ...],
    desired: Sequence[Any],
    live: Sequence[Any],
    budget: AlignmentBudget,
    *,
    is_text: bool,
) -> Iterator[Part]:
    segment = Line if is_text else int
    for start, end, live_start, live_end in _unequal(desired, live, budget):
        paired = 0
        if not is_text:
            for one, other in zip(desired[start:end], live[live_start:live_end], strict=False):
                if not _is_same_item(one, other):
                    break
                yield from _split((*path, start + paired), one, other, budget)
                paired += 1
        for index in range(start + paired, end):
            yield Part("removed", (*path, segment(index)), desired[index])
        for index in range(live_start + paired, live_end):
            yield Part("added", (*path, segment(index)), None, live[index])


def _unequal(
    desired: Sequence[Any], live: Sequence[Any], budget: AlignmentBudget
) -> Iterator[tuple[int, int, int, int]]:
    """Where two sequences differ: the ranges of both, in order."""
    one, other = [canonical(item) for item in desired], [canonical(item) for item in live]
    head = _equal_until(one, other)
    tail = _equal_until(one[head:][::-1], other[head:][::-1])
    middle, live_middle = one[head : len(one) - tail], other[head : len(other) - tail]
    for kind, start, end, live_start, live_end in _aligned(middle, live_middle, budget):
        if kind != "equal":
            yield head + start, head + end, head + live_start, head + live_end


def _aligned(
    one: Sequence[str], other: Sequence[str], budget: AlignmentBudget
) -> Sequence[tuple[str, int, int, int, int]]:
    """The difflib opcodes; one replacement if the sequences are too long or take too many steps."""
    if max(len(one), len(other)) <= MAX_ALIGNED:
        matcher = BoundedMatcher(one, other, min(MAX_STEPS, budget.steps))
        try:
            return matcher.get_opcodes()
        except TooDifferentError:
            pass
        finally:
            budget.steps -= matcher.steps
    return [("replace", 0, len(one), 0, len(other))]


def _equal_until(one: Sequence[str], other: Sequence[str]) -> int:
    pairs = zip(one, other, strict=False)
    return next((index for index, (left, right) in enumerate(pairs) if left != right), min(len(one), len(other)))


def _is_same_item(one: Any, other: Any) -> bool:
    """Whether two items of a list are versions of the same one: they share an entry."""
    if isinstance(one, dict) and isinstance(other, dict):
        return any(key in other and deep_equal(value, other[key]) for key, value in one.items()) or (
            len(one) == len(other) == 1 and one.keys() == other.keys()
        )
    return isinstance(one, list) and isinstance(other, list)


def _is_reordered(desired: list[Any], live: list[Any]) -> bool:
    return len(desired) == len(live) and Counter(map(canonical, desired)) == Counter(map(canonical, live))


def _lines(text: str) -> list[str]:
    """The lines of a text; joining them with newlines gives the text."""
    return text.split("\n")

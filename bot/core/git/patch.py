"""Builds the diff to show for a change, without credentials and files that may contain a Secret's values."""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import yaml

from bot.core.bounded_matcher import BoundedMatcher, TooDifferentError
from bot.core.objects.credential_search import search_steps
from bot.core.objects.credentials import HIDDEN, redact_text
from bot.core.objects.documents import ManifestError
from bot.core.objects.manifest import Manifest, read_manifests
from bot.core.objects.redaction import Redaction, credential_lines
from bot.core.sanitize import escaped

WITHHELD_PREFIX = "~ "  # marks a file whose lines are not shown
_MAX_BYTES = 65_536  # per file: no one reads more in a message, and larger files are slow to compare
_MAX_LINE = 400  # characters
_MAX_STEPS = 10_000_000  # for all files, at most ten seconds; files beyond that are not shown
_MIN_SUBSTRING = 4  # characters; a shorter credential is hidden only where it is the whole value
# It also matches comments and the input of other generators.
_SECRET = re.compile(r"""kind["']?\s*:\s*["']?Secret(?:List)?\b|secretGenerator|stringData""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FileChange:
    """A changed file's content `before` and `after`; None where it doesn't exist or was not read."""

    path: str
    before: bytes | None
    after: bytes | None


def redacted_patch(changes: Iterable[FileChange]) -> Iterator[str]:
    """The lines of a unified diff; only `~ PATH` for a file with a Secret or with anything but plain manifests.

    The same for a file that would take too long to compare.
    """
    remaining = _MAX_STEPS
    for change in changes:
        steps, lines = _file_patch(change, remaining)
        remaining -= steps
        yield from map(escaped, lines)


def truncate_lines(lines: Iterable[str], max_characters: int) -> tuple[str, bool]:
    """As many whole lines as fit into `max_characters`, joined, and whether any were left out."""
    kept: list[str] = []
    remaining = max_characters
    for line in lines:
        remaining -= len(line) + 1
        if remaining < 0:
            return "\n".join(kept), True
        kept.append(line)
    return "\n".join(kept), False


def _file_patch(change: FileChange, max_steps: int) -> tuple[int, Iterable[str]]:
    """The steps that the patch takes, and its lines."""
    withheld = [f"{WITHHELD_PREFIX}{change.path}"]
    sides = [content for content in (change.before, change.after) if content is not None]
    manifests = [_readable(content) for content in sides]
    if not sides or None in manifests:
        return 0, withheld
    texts = [(side or b"").decode("utf-8-sig") for side in (change.before, change.after)]
    searches = 2 * sum(map(search_steps, texts))  # in the manifests, and in the lines
    if searches > max_steps:
        return 0, withheld
    before, after = (text.splitlines() for text in texts)
    try:
        hidden = _hidden_lines((manifest for side in manifests for manifest in side or ()), (before, after))
    except yaml.YAMLError:  # such as JSON with tabs
        return 0, withheld
    steps = searches + len(hidden) * (len(before) + len(after))
    matcher = BoundedMatcher(before, after, max_steps - steps, autojunk=True)
    try:
        matcher.get_opcodes()
    except TooDifferentError:
        return searches + matcher.steps, withheld
    from_file = "/dev/null" if change.before is None else f"a/{change.path}"
    to_file = "/dev/null" if change.after is None else f"b/{change.path}"
    patch = _unified(matcher, before, after, (f"--- {from_file}", f"+++ {to_file}"))
    return steps + matcher.steps, (_redacted_line(line, hidden)[:_MAX_LINE] for line in patch)


def _unified(
    matcher: BoundedMatcher, before: Sequence[str], after: Sequence[str], heading: Iterable[str]
) -> Iterator[str]:
    """`difflib.unified_diff` of lines that were compared."""
    for group in matcher.get_grouped_opcodes(2):
        yield from heading
        heading = ()
        (_, start, _, new_start, _), (_, _, end, _, new_end) = group[0], group[-1]
        yield f"@@ -{_range(start, end)} +{_range(new_start, new_end)} @@"
        for tag, first, last, new_first, new_last in group:
            if tag == "equal":
                yield from (f" {line}" for line in before[first:last])
            else:
                yield from (f"-{line}" for line in before[first:last])
                yield from (f"+{line}" for line in after[new_first:new_last])


def _range(start: int, end: int) -> str:
    """Lines as in a unified diff, from 1; no lines have the number of the line before them."""
    count = end - start
    return f"{start + 1}" if count == 1 else f"{start + 1 if count else start},{count}"


def _readable(content: bytes) -> list[Manifest] | None:
    """The file's manifests; None if one may be a Secret, or if there is other content, which may become one."""
    if len(content) > _MAX_BYTES:
        return None
    try:
        manifests = list(read_manifests("", content))
    except ManifestError:
        return None
    if _SECRET.search(content.decode("utf-8-sig")) or any(map(_is_withheld, manifests)):
        return None
    return manifests or None


def _is_withheld(manifest: Manifest) -> bool:
    return "secret" in manifest.kind.lower() or bool(Redaction.of(manifest.kind, manifest.object).paths)


def _hidden_lines(manifests: Iterable[Manifest], files: Iterable[Sequence[str]]) -> list[str]:
    """The lines of every credential in these manifests, and how their files write them, longest first."""
    lines = {line.strip() for manifest in manifests for line in credential_lines(manifest.object)}
    lines.update(line for file in files for line in _written_lines(file, lines - {""}))
    return sorted(lines - {""}, key=len, reverse=True)


def _written_lines(file: Sequence[str], credentials: Collection[str]) -> Iterator[str]:
    """The lines of the scalars that contain credentials, as the file writes them: folded, or with escapes."""
    for event in yaml.parse("\n".join(file), yaml.CSafeLoader):
        start, end = event.start_mark, event.end_mark
        if not isinstance(event, yaml.ScalarEvent) or event.style == "|" or not (start and end):
            continue
        value = {json.dumps(event.value, ensure_ascii=False)[1:-1], *event.value.splitlines()}
        if {line.strip() for line in value}.isdisjoint(credentials):
            continue
        if start.line == end.line:
            yield file[start.line][start.column : end.column].strip("\"'")
            continue
        first = [] if event.style == ">" else [file[start.line][start.column :]]
        last = [file[end.line][: end.column]] if end.line < len(file) else []
        yield from (line.strip() for line in (*first, *file[start.line + 1 : end.line], *last))


def _redacted_line(line: str, hidden: Sequence[str]) -> str:
    """A line of the patch; a credential's name and its value may be on two lines."""
    mark, text = line[:1], redact_text(line[1:])
    for value in hidden:
        is_whole = value in (text.strip(), text.rpartition(" ")[2].strip("\"'"))
        if is_whole or (value in text and len(value) >= _MIN_SUBSTRING):
            text = text.replace(value, HIDDEN)
    return f"{mark}{text}"

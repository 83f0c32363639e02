"""Drift as a diff that people can read and copy: `-` is what git declares, `+` what the cluster has.

Paths are short, as on the card; full ones are in the file and in `gitops-bot check`.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.core.drift.fact_values import clipped
from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.drift.parts import AlignmentBudget, differences
from bot.core.drift.short_path import short_path
from bot.i18n.catalogue import common as texts
from bot.i18n.language import Translator
from bot.messages import common, object_links
from bot.messages.blocks import Part, clip, paragraph, preformatted, words
from bot.messages.object_links import ObjectLink
from bot.messages.writer import Writer, sole_writer, sole_writer_of_drift, writer_line, writer_text

MAX_MEMBERS = 40  # of one list, or lines of one text, that differ

ShownPath = Callable[[str], str]


def object_diff(
    translator: Translator,
    object_drift: ObjectDrift,
    seen: datetime,
    max_value: int,
    links: Sequence[ObjectLink],
    alignment: AlignmentBudget,
) -> Part:
    """One object in a rich_text block: its name, its writer if there is only one, its links, and the diff."""
    name = words(common.object_name(object_drift), bold=True)
    if object_drift.change == "missing" or not object_drift.fields:
        named = common.object_lines(translator, object_drift, seen, alignment=alignment)
        return replace(named, head=[*named.head, *object_links.line(links)])
    writer = sole_writer_of_drift([object_drift])
    heading = [name, words(" · "), *writer_line(translator, writer, seen)] if writer else [name]

    def path(full: str) -> str:
        return short_path(object_drift.kind, object_drift.name, full)

    lines = [
        [preformatted(line)]
        for group in _by_writer(translator, object_drift.fields, seen, named=writer is None)
        for line in _group(translator, group, path, max_value, alignment)
    ]
    head = [paragraph(*heading), *object_links.line(links)]
    return Part(head, lines, common.more(translator, texts.MORE_LINES))


def field_diff(
    translator: Translator, field: FieldDrift, path: ShownPath, max_value: int, alignment: AlignmentBudget
) -> Iterator[str]:
    """The lines of one field: `- replicas: 2`, `+ replicas: 7`."""
    for place in differences(field, alignment):
        name = clip(path(place.path), common.MAX_PATH)
        if place.is_member:
            at = translator.text(texts.LINE_AT, path=name, n=str(place.line)) if place.line else name
            yield f"@@ {at} @@"
        for sign, side in (("-", place.removed), ("+", place.added)):
            values: Sequence[Any] = side
            if not place.is_member and values and isinstance(values[0], str) and "\n" in values[0]:
                yield f"{sign} {name}: |"
                values = tuple(f"  {line}" for line in values[0].split("\n"))
            elif not place.is_member:
                yield from (f"{sign} {name}: {_text(field, value, max_value)}" for value in values)
                continue
            yield from (f"{sign} {_text(field, value, max_value)}" for value in values[:MAX_MEMBERS])
            if len(values) > MAX_MEMBERS:
                yield f"{sign} …"


def is_field_cut(field: FieldDrift, max_value: int, alignment: AlignmentBudget) -> bool:
    """Whether `field_diff` leaves something out of a field."""
    sides = [side for place in differences(field, alignment) for side in (place.removed, place.added)]
    return any(len(side) > MAX_MEMBERS or any(_is_long(value, max_value) for value in side) for side in sides)


def _is_long(value: Any, max_value: int) -> bool:
    if isinstance(value, str):
        lines = value.split("\n")
        return len(lines) > MAX_MEMBERS or any(len(line) > max_value for line in lines)
    return len(json.dumps(value, ensure_ascii=False, default=str)) > max_value


def _text(field: FieldDrift, value: Any, max_value: int) -> str:
    """A value on one line, with its indentation."""
    content = common.item_content(field, value)
    indent = len(content) - len(content.lstrip(" ")) if isinstance(content, str) else 0
    return " " * min(indent, 40) + clipped(content, max_value)


def _by_writer(
    translator: Translator, fields: tuple[FieldDrift, ...], seen: datetime, *, named: bool
) -> Iterator[tuple[str, list[FieldDrift]]]:
    """Consecutive fields by writer, with a comment that names the writer if there are several."""
    group: list[FieldDrift] = []
    for field in fields:
        if group and sole_writer([group[-1], field]) is None:
            yield _comment(translator, group, seen) if named else "", group
            group = []
        group.append(field)
    if group:
        yield _comment(translator, group, seen) if named else "", group


def _comment(translator: Translator, group: list[FieldDrift], seen: datetime) -> str:
    writer = sole_writer(group) or Writer(None, None)
    return f"# {writer_text(translator, writer, seen)}"


def _group(
    translator: Translator,
    group: tuple[str, list[FieldDrift]],
    path: ShownPath,
    max_value: int,
    alignment: AlignmentBudget,
) -> Iterator[str]:
    comment, fields = group
    if comment:
        yield comment
    for field in fields:
        yield from field_diff(translator, field, path, max_value, alignment)

"""Phrases that several messages share."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.i18n.catalogue import wording as texts
from bot.i18n.language import Translator
from bot.messages import LINK
from bot.messages.blocks import (
    Block,
    Element,
    bullets,
    button,
    channel,
    clip,
    code,
    modal,
    moment,
    paragraph,
    rich_line,
    words,
)

MOST_NAME = 120
MOST_PATH = 240
MOST_VALUE = 160

More = Callable[[int], Element]

_CHANNEL = re.compile(r"\b([CG][A-Z0-9]{8,})\b")
# Spanish says "e" for "y" before the sound of i. https://www.rae.es/dpd/y
_SOUNDS_LIKE_I = re.compile(r"h?i(?![aeou])", re.IGNORECASE)


def with_channels(text: str) -> list[Element]:
    """Text in which each channel id is shown as the channel's name, which only Slack knows."""
    parts = _CHANNEL.split(text)  # words and ids in turn
    return [channel(part) if index % 2 else words(part) for index, part in enumerate(parts) if part]


def listed(translator: Translator, names: Iterable[str], most: int = 3) -> str:
    """`a, b and 3 more`."""
    known = [clip(name, MOST_NAME) for name in names]
    if len(known) > most:
        return translator.text(texts.ROW_CUT, names=", ".join(known[:most]), n=translator.number(len(known) - most))
    if len(known) < 2:
        return "".join(known)
    row = texts.ROW_BEFORE_I if _SOUNDS_LIKE_I.match(known[-1]) else texts.ROW
    return translator.text(row, names=", ".join(known[:-1]), last=known[-1])


def and_more(translator: Translator, left: int) -> Element:
    """The last line of a list that was cut."""
    return words(translator.text(texts.AND_MORE, n=translator.number(left)), italic=True)


def duration(span: timedelta) -> str:
    """`42 s`, `4 min`, `2 h 5 min`, `3 d`: the symbols are the same in every language."""
    seconds = max(0, round(span.total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} d"


def day_and_time(translator: Translator, at: datetime) -> Element:
    """An instant with its day."""
    return moment(at, translator.text(texts.DAY_AND_TIME, day="{date_short_pretty}", time="{time}"))


def short(translator: Translator, revision: str | None) -> str:
    """A sha as people read it."""
    return revision[:8] if revision else translator.text(texts.NO_REVISION)


def where(translator: Translator, application: str, cluster: str) -> str:
    """`shop on prod`."""
    return translator.text(texts.WHERE, application=application, cluster=cluster)


def value(translator: Translator, given: Any, most: int = MOST_VALUE) -> str:
    """A field's value on one line."""
    if given is None:
        return translator.text(texts.NOTHING)
    if isinstance(given, str):
        return clip(given, most) if given else '""'
    return clip(json.dumps(given, ensure_ascii=False, default=str), most)


def object_name(found: ObjectDrift) -> str:
    """`Deployment shop/web`, `ClusterRole viewer`."""
    namespace = f"{found.namespace}/" if found.namespace else ""
    return f"{found.kind} {clip(namespace + found.name, MOST_NAME)}"


def field_line(translator: Translator, field: FieldDrift, most: int = MOST_VALUE) -> list[Element]:
    """One difference: the path, both sides, the tool and its time."""
    difference = {"changed": texts.CHANGED, "added": texts.ADDED, "removed": texts.REMOVED}[field.change]
    line = rich_line(
        translator,
        difference,
        path=code(clip(field.path, MOST_PATH)),
        desired=code(value(translator, field.desired, most)),
        live=code(value(translator, field.live, most)),
    )
    return line + by(translator, field)


def by(translator: Translator, field: FieldDrift) -> list[Element]:
    """Which tool wrote it and when; nothing is recorded of a deletion."""
    if field.manager is None:
        return rich_line(translator, texts.BY_UNKNOWN) if field.change == "removed" else []
    time = [moment(field.time)] if field.time else []
    return rich_line(translator, texts.BY_AT if time else texts.BY, manager=code(clip(field.manager, 60)), time=time)


def object_lines(
    translator: Translator, found: ObjectDrift, most_fields: int = 12, most_value: int = MOST_VALUE
) -> list[Element]:
    """One object's part of a rich_text block: its name, then a bullet a field."""
    name = words(object_name(found), bold=True)
    if found.change == "missing":
        return [paragraph(*rich_line(translator, texts.DELETED, object=name))]
    fields = [field_line(translator, field, most_value) for field in found.fields[:most_fields]]
    if len(found.fields) > most_fields:
        fields.append([words(translator.count(texts.MORE_FIELDS, len(found.fields) - most_fields), italic=True)])
    return [paragraph(name), bullets(fields)]


def summary(translator: Translator, drift: tuple[ObjectDrift, ...]) -> str:
    """`3 fields of 2 objects differ from git and 1 object is missing from the cluster`."""
    modified = [found for found in drift if found.change == "modified"]
    missing = len(drift) - len(modified)
    fields = sum(len(found.fields) for found in modified)
    told = []
    if modified:
        told.append(translator.count(texts.DIFFER, fields, objects=translator.count(texts.OBJECTS, len(modified))))
    if missing:
        told.append(translator.count(texts.MISSING, missing))
    return translator.text(texts.BOTH, one=told[0], other=told[1]) if len(told) > 1 else "".join(told)


def latest_writer(drift: tuple[ObjectDrift, ...]) -> tuple[str, datetime | None] | None:
    """The tool behind the newest difference, and its time; None when no tool is recorded."""
    known = [field for found in drift for field in found.fields if field.manager]
    timed = [field for field in known if field.time]
    if timed:
        newest = max(timed, key=lambda field: field.time.timestamp() if field.time else 0.0)
        return str(newest.manager), newest.time
    return (str(known[0].manager), None) if known else None


def first_difference(translator: Translator, drift: tuple[ObjectDrift, ...]) -> str:
    """The first difference as a clause, for text that is read aloud."""
    found = drift[0]
    if found.change == "missing" or not found.fields:
        return translator.text(texts.FIRST_MISSING, object=object_name(found))
    field = found.fields[0]
    return translator.text(
        {"changed": texts.FIRST_CHANGED, "added": texts.FIRST_ADDED, "removed": texts.FIRST_REMOVED}[field.change],
        object=object_name(found),
        path=clip(field.path, MOST_NAME),
        live=value(translator, field.live, 60),
        desired=value(translator, field.desired, 60),
    )


def dialog(translator: Translator, title: str, *blocks: Block, reference: str = "") -> Mapping[str, Any]:
    """A modal to read and close."""
    return modal(title, *blocks, close=translator.text(texts.CLOSE), reference=reference)


def reading(translator: Translator, application: str) -> str:
    """Said until git and the cluster have answered."""
    return translator.text(texts.READING, application=application)


def review(translator: Translator, number: int, url: str) -> Element:
    """The button that opens a pull request to be reviewed."""
    return button(translator.text(texts.REVIEW, number=str(number)), LINK, url=url, style="primary")

"""Phrases that several messages share."""

import json
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from bot.core.drift import FieldDrift, ObjectDrift
from bot.core.message.blocks import Element, bullets, channel, clip, code, moment, paragraph, words

MOST_NAME = 120
MOST_PATH = 240
MOST_VALUE = 160


_CHANNEL = re.compile(r"\b([CG][A-Z0-9]{8,})\b")


def with_channels(text: str) -> list[Element]:
    """Text in which each channel id is shown as the channel's name, which only Slack knows."""
    parts = _CHANNEL.split(text)  # words and ids in turn
    return [channel(part) if index % 2 else words(part) for index, part in enumerate(parts) if part]


def count(number: int, one: str, several: str | None = None) -> str:
    """`1 object`, `3 objects`."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def listed(names: Iterable[str], most: int = 3) -> str:
    """`a, b and 3 more`."""
    known = [clip(name, MOST_NAME) for name in names]
    if len(known) > most:
        return f"{', '.join(known[:most])} and {len(known) - most} more"
    return " and ".join([", ".join(known[:-1]), known[-1]] if len(known) > 1 else known)


def duration(span: timedelta) -> str:
    """`42 s`, `4 min`, `2 h 5 min`, `3 d`."""
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


def short(revision: str | None) -> str:
    """A sha as people read it."""
    return revision[:8] if revision else "no revision"


def value(given: Any, most: int = MOST_VALUE) -> str:
    """A field's value on one line."""
    if given is None:
        return "nothing"
    if isinstance(given, str):
        return clip(given, most) if given else '""'
    return clip(json.dumps(given, ensure_ascii=False, default=str), most)


def object_name(found: ObjectDrift) -> str:
    """`Deployment shop/web`, `ClusterRole viewer`."""
    where = f"{found.namespace}/" if found.namespace else ""
    return f"{found.kind} {clip(where + found.name, MOST_NAME)}"


def field_line(field: FieldDrift, most: int = MOST_VALUE) -> list[Element]:
    """One difference: the path, both sides, the tool and its time."""
    line = [code(clip(field.path, MOST_PATH)), words(": ")]
    match field.change:
        case "changed":
            line += [words("git "), code(value(field.desired, most)), words(" → cluster ")]
            line += [code(value(field.live, most))]
        case "added":
            line += [words("only in the cluster: "), code(value(field.live, most))]
        case "removed":
            line += [words("gone from the cluster; git says "), code(value(field.desired, most))]
    return line + by(field)


def by(field: FieldDrift) -> list[Element]:
    """Which tool wrote it and when; nothing is recorded of a deletion."""
    if field.manager is None:
        return [words(" · by unknown")] if field.change == "removed" else []
    line = [words(" · by "), code(clip(field.manager, 60))]
    return [*line, words(", no later than "), moment(field.time)] if field.time else line


def object_lines(found: ObjectDrift, most_fields: int = 12, most_value: int = MOST_VALUE) -> list[Element]:
    """One object's part of a rich_text block: its name, then a bullet a field."""
    if found.change == "missing":
        return [
            paragraph(
                words(object_name(found), bold=True),
                words(" is in git and not in the cluster; who deleted it is unknown"),
            )
        ]
    fields = [field_line(field, most_value) for field in found.fields[:most_fields]]
    if len(found.fields) > most_fields:
        fields.append([words(f"and {len(found.fields) - most_fields} more fields", italic=True)])
    return [paragraph(words(object_name(found), bold=True)), bullets(fields)]


def summary(drift: tuple[ObjectDrift, ...]) -> str:
    """`3 fields of 2 objects differ, 1 object is missing`."""
    modified = [found for found in drift if found.change == "modified"]
    missing = len(drift) - len(modified)
    fields = sum(len(found.fields) for found in modified)
    told = []
    if modified:
        verb = "differs" if fields == 1 else "differ"
        told.append(f"{count(fields, 'field')} of {count(len(modified), 'object')} {verb} from git")
    if missing:
        told.append(f"{count(missing, 'object')} {'is' if missing == 1 else 'are'} missing from the cluster")
    return " and ".join(told)


def latest_writer(drift: tuple[ObjectDrift, ...]) -> tuple[str, datetime | None] | None:
    """The tool behind the newest difference, and its time; None when no tool is recorded."""
    known = [field for found in drift for field in found.fields if field.manager]
    timed = [field for field in known if field.time]
    if timed:
        newest = max(timed, key=lambda field: field.time.timestamp() if field.time else 0.0)
        return str(newest.manager), newest.time
    return (str(known[0].manager), None) if known else None


def first_difference(drift: tuple[ObjectDrift, ...]) -> str:
    """The first difference as a clause, for text that is read aloud."""
    found = drift[0]
    if found.change == "missing" or not found.fields:
        return f"{object_name(found)} is missing"
    field = found.fields[0]
    path = clip(field.path, MOST_NAME)
    match field.change:
        case "changed":
            said = f"{path} is {value(field.live, 60)} in the cluster and {value(field.desired, 60)} in git"
        case "added":
            said = f"{path} is only in the cluster"
        case _:
            said = f"{path} is gone from the cluster"
    return f"{object_name(found)}: {said}"

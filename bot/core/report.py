"""What `gitops-bot check` prints: text for terminals, JSON for scripts, and the exit code."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bot.core.drift import Check, FieldDrift, ObjectDrift, Status

_LONGEST_VALUE = 60  # characters of a value on a terminal; the JSON has it whole

_MARKS = {"changed": "~", "removed": "-", "added": "+"}
_WORDS = {Status.SYNCED: "in sync", Status.OUT_OF_SYNC: "out of sync", Status.UNKNOWN: "unknown"}


def exit_code(checks: Sequence[Check]) -> int:
    """0 in sync, 1 drift, 2 could not tell: one unknown application outweighs any drift, as an error does in diff."""
    statuses = {check.status for check in checks}
    if Status.UNKNOWN in statuses:
        return 2
    return int(Status.OUT_OF_SYNC in statuses)


def as_json(checks: Sequence[Check]) -> bytes:
    """One JSON object, UTF-8, with a newline at its end; its shape is promised in docs/drift.md."""
    report = {
        "applications": [
            {
                "name": check.application,
                "cluster": check.cluster,
                "revision": check.revision,
                "status": check.status.value,
                "error": check.error,
                "objects": check.objects,
                "drift": [_object(drift) for drift in check.drift],
            }
            for check in checks
        ]
    }
    # A number beyond every float is `Infinity` to Python alone; JSON has no such word, so it becomes a string.
    plain = json.loads(json.dumps(report, default=str), parse_constant=str)
    return json.dumps(plain, indent=2).encode() + b"\n"


def as_text(checks: Sequence[Check]) -> str:
    """A few aligned lines for each application, ending in a newline; empty when nothing was checked.

    `~` is a changed field (git -> cluster), `-` one that the cluster lacks, `+` one that git lacks.
    """
    lines: list[str] = []
    for check in checks:
        at = f" at {check.revision[:8]}" if check.revision else ""
        count = _count(check.objects, "object")
        if check.drift:
            count = f"{len(check.drift)} of {_count(check.objects, 'object')} differ"
        lines.append(f"{check.application} on {check.cluster}{at}: {_WORDS[check.status]}, {count}")
        if check.error:
            lines.append(f"  could not tell: {check.error}")
        for drift in check.drift:
            lines += _object_lines(drift)
    if len(checks) > 1:
        tally = ((sum(check.status is status for check in checks), word) for status, word in _WORDS.items())
        lines.append(
            f"{len(checks)} applications: " + ", ".join(f"{number} {word}" for number, word in tally if number)
        )
    return "".join(f"{line}\n" for line in lines)


def _object(drift: ObjectDrift) -> dict[str, Any]:
    return {
        "apiVersion": drift.api_version,
        "kind": drift.kind,
        "namespace": drift.namespace,
        "name": drift.name,
        "change": drift.change,
        "fields": [
            {
                "change": field.change,
                "path": field.path,
                "desired": field.desired,
                "live": field.live,
                "manager": field.manager,
                "time": _rfc3339(field.time) if field.time else None,
            }
            for field in drift.fields
        ],
    }


def _object_lines(drift: ObjectDrift) -> list[str]:
    where = f"{drift.namespace}/{drift.name}" if drift.namespace else drift.name
    title = f"  {drift.kind} {where}"
    if drift.change == "missing":
        return [f"{title}: missing from the cluster"]
    rows = [(f"{_MARKS[field.change]} {field.path}", _values(field), _origin(field)) for field in drift.fields]
    paths, values = (max((len(row[column]) for row in rows), default=0) for column in (0, 1))
    return [title, *(f"    {path:{paths}}  {value:{values}}  {origin}" for path, value, origin in rows)]


def _values(field: FieldDrift) -> str:
    match field.change:
        case "changed":
            return f"{_value(field.desired)} -> {_value(field.live)}"
        case "removed":
            return _value(field.desired)
        case "added":
            return _value(field.live)


def _value(value: Any) -> str:
    """As JSON, which also leaves no control character for the terminal to obey."""
    text = json.dumps(value, default=str, ensure_ascii=False)
    text = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _origin(field: FieldDrift) -> str:
    """The tool and the time of its latest write: managedFields know no person and no earlier instant."""
    if field.manager is None:
        return "by an unknown tool"
    return f"by {field.manager}" + (f", no later than {_rfc3339(field.time)}" if field.time else "")


def _rfc3339(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")

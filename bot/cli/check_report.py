"""The output of `gitops-bot check`: text for terminals, JSON for scripts, and the exit code."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from bot.core.drift.model import Actor, Check, FieldDrift, NotFollowed, ObjectDrift, Status
from bot.core.drift.parts import Difference, differences
from bot.core.sanitize import escaped
from bot.i18n.language import ENGLISH
from bot.messages.writer import actor_text

_MAX_VALUE = 60  # characters of a value in text output; JSON has the whole value
_MAX_NAMED = 3  # resources per group that is not followed; JSON has all of them

_MAX_MEMBERS = 4  # of a list, or lines of a text, that differ

_MARKS = {"changed": "~", "removed": "-", "added": "+"}
_SET_ASIDE = "· "  # marks a difference that is set aside
_WORDS = {Status.SYNCED: "in sync", Status.OUT_OF_SYNC: "out of sync", Status.UNKNOWN: "unknown"}


def exit_code(checks: Sequence[Check], not_followed: Sequence[NotFollowed] = ()) -> int:
    """0 in sync, 1 drift, 2 unknown. One unknown application outweighs any drift, like an error in diff.

    Resources that are not followed count as unknown.
    """
    statuses = {check.status for check in checks}
    if Status.UNKNOWN in statuses or not_followed:
        return 2
    return int(Status.OUT_OF_SYNC in statuses)


def as_json(
    checks: Sequence[Check], *, not_followed: Sequence[NotFollowed] | None = None, explain: bool = False
) -> bytes:
    """One JSON object in UTF-8 with a trailing newline; docs/drift.md documents its shape.

    `not_followed` is None without discovery. `explain` adds the differences that are set aside, the reason for every
    difference, and the file and line that declare its object.
    """
    report = {
        "applications": [
            {
                "name": check.application,
                "cluster": check.cluster,
                "revision": check.revision,
                "status": check.status.value,
                "error": None if check.error is None else str(check.error),
                "objects": check.objects,
                "drift": [_object(drift, explain=explain) for drift in check.drift],
                **({"set_aside": [_object(drift, explain=True) for drift in check.set_aside]} if explain else {}),
                **({"notes": [str(note) for note in check.notes]} if explain else {}),
            }
            for check in checks
        ]
    }
    if not_followed is not None:
        report["not_followed"] = [
            {
                "kind": group.kind,
                "reason": str(group.reason),
                "count": len(group.resources),
                "resources": list(group.resources),
            }
            for group in not_followed
        ]
    # Python writes too large a number as `Infinity`, which is not valid JSON, so make it a string.
    plain = json.loads(json.dumps(report, default=str), parse_constant=str)
    return json.dumps(plain, indent=2).encode() + b"\n"


def as_text(checks: Sequence[Check], *, not_followed: Sequence[NotFollowed] = (), explain: bool = False) -> str:
    """A few aligned lines per application, ending in a newline; empty if nothing was checked.

    `~` is a changed field (git -> cluster), `-` a field missing from the cluster, `+` a field missing from git.
    `explain` adds the reason for each, the number set aside per reason, and those differences, marked with `·`.
    """
    lines: list[str] = []
    for check in checks:
        at = f" at {check.chart or check.revision[:8]}" if check.revision else ""
        count = _count(check.objects, "object")
        if check.drift:
            verb = "differs" if len(check.drift) == 1 else "differ"
            count = f"{len(check.drift)} of {_count(check.objects, 'object')} {verb}"
        lines.append(f"{check.application} on {check.cluster}{at}: {_WORDS[check.status]}, {count}")
        if check.error:
            lines.append(f"  error: {check.error!s}")
        lines += [f"  note: {note!s}" for note in check.notes]
        if explain:
            lines += _counts(check.set_aside)
        for drift, aside in _by_object(check.drift, check.set_aside if explain else ()):
            lines += _object_lines(drift, aside, explain=explain)
    left_out = sum(len(group.resources) for group in not_followed)
    if len(checks) > 1 or left_out:
        tally = [(sum(check.status is status for check in checks), word) for status, word in _WORDS.items()]
        tally.append((left_out, "not watched"))
        lines.append(
            f"{_count(len(checks) + left_out, 'application')}: "
            + ", ".join(f"{number} {word}" for number, word in tally if number)
        )
    lines += [_not_followed(group) for group in not_followed]
    return "".join(f"{escaped(line)}\n" for line in lines)


def _not_followed(group: NotFollowed) -> str:
    named, more = group.resources[:_MAX_NAMED], len(group.resources) - _MAX_NAMED
    resources = ", ".join(named) + (f" and {more} more" if more > 0 else "")
    return f"  {_count(len(group.resources), group.kind)} ({resources}): {group.reason!s}"


def _object(drift: ObjectDrift, *, explain: bool) -> dict[str, Any]:
    return {
        "apiVersion": drift.api_version,
        "kind": drift.kind,
        "namespace": drift.namespace,
        "name": drift.name,
        "change": drift.change,
        **({"location": asdict(drift.location)} if explain and drift.location else {}),
        **_actor_json(drift.actor),
        **({"reason": str(drift.reason) or None} if explain else {}),
        "fields": [
            {
                "change": field.change,
                "path": field.path,
                "desired": field.desired,
                "live": field.live,
                "manager": field.manager,
                "time": _rfc3339(field.time) if field.time else None,
                **_actor_json(field.actor),
                **({"reason": str(field.reason)} if explain else {}),
            }
            for field in drift.fields
        ],
    }


def _actor_json(actor: Actor | None) -> dict[str, Any]:
    if actor is None:
        return {}
    return {
        "actor": {
            "confidence": actor.confidence.value,
            "users": [{"name": user.name, "impersonated": user.impersonated or None} for user in actor.users],
            "tool": actor.tool or None,
            "time": _rfc3339(actor.time) if actor.time else None,
        }
    }


def _by_object(
    drift: Iterable[ObjectDrift], aside: Iterable[ObjectDrift]
) -> Iterable[tuple[ObjectDrift | None, ObjectDrift | None]]:
    """The drift of each object and its differences that are set aside, objects with drift first."""
    pairs: dict[tuple[str, str, str | None, str], list[ObjectDrift | None]] = {}
    for index, objects in enumerate((drift, aside)):
        for item in objects:
            pairs.setdefault(item.key, [None, None])[index] = item
    return ((drifted, set_aside) for drifted, set_aside in pairs.values())


def _counts(aside: Sequence[ObjectDrift]) -> list[str]:
    """How many differences are set aside, by reason, most frequent first."""
    counts = Counter(reason for item in aside for reason in ([field.reason for field in item.fields] or [item.reason]))
    if not counts:
        return ["  set aside: nothing"]
    widest = len(str(counts.total()))
    return [
        f"  set aside: {_count(counts.total(), 'difference')} that {'is' if counts.total() == 1 else 'are'} not drift",
        *(f"    {number:{widest}} {reason!s}" for reason, number in counts.most_common()),
    ]


def _object_lines(drift: ObjectDrift | None, aside: ObjectDrift | None, *, explain: bool) -> list[str]:
    item = drift or aside
    if item is None:
        return []
    where = f"{item.namespace}/{item.name}" if item.namespace else item.name
    at = f" ({item.location.file}:{item.location.line})" if item.location else ""
    title = f"  {item.kind} {where}{at}"
    if item.change == "missing":
        by = f" {_actor(item.actor)}" if item.actor else ""
        why = f" ({item.reason!s})" if explain else ""
        return [f"{title}: missing from the cluster{by}{why}"]
    rows = [row for field in (drift.fields if drift else ()) for row in _rows(field, "", explain=explain)]
    rows += [row for field in (aside.fields if aside else ()) for row in _rows(field, _SET_ASIDE, explain=True)]
    paths, values = (max((len(row[column]) for row in rows), default=0) for column in (0, 1))
    return [title, *(f"    {path:{paths}}  {value:{values}}  {origin}" for path, value, origin in rows)]


def _rows(field: FieldDrift, prefix: str, *, explain: bool) -> list[tuple[str, str, str]]:
    """Path, values and origin of each place that differs inside the field."""
    origin = _origin(field)
    if explain:
        why = str(field.reason)
        named = field.actor is None and (field.manager is None or field.manager in why)
        origin = why + _no_later(field) if named else f"{why}; {origin}"
    return [(f"{prefix}{_mark(place)} {_place(place)}", _values(place), origin) for place in differences(field)]


def _mark(place: Difference) -> str:
    return _MARKS[
        "changed" if place.is_member or (place.removed and place.added) else "removed" if place.removed else "added"
    ]


def _place(place: Difference) -> str:
    return escaped(place.path) + (f" line {place.line}" if place.line else "")


def _values(place: Difference) -> str:
    if place.is_member:
        signed = [("-", value) for value in place.removed] + [("+", value) for value in place.added]
        return ", ".join(f"{sign} {_value(value)}" for sign, value in signed[:_MAX_MEMBERS]) + (
            f", and {len(signed) - _MAX_MEMBERS} more" if len(signed) > _MAX_MEMBERS else ""
        )
    return " -> ".join(_value(value) for value in (*place.removed, *place.added))


def _value(value: Any) -> str:
    """As JSON, which also escapes control characters for the terminal."""
    text = escaped(json.dumps(value, default=str, ensure_ascii=False))
    return text if len(text) <= _MAX_VALUE else f"{text[: _MAX_VALUE - 1]}…"


def _origin(field: FieldDrift) -> str:
    """The person from the audit log, or else the tool and the time of its latest write, as in managedFields."""
    if field.actor:
        return _actor(field.actor, field.time)
    if field.manager is None:
        return "writer unknown"
    return f"by {field.manager}{_no_later(field)}"


def _actor(actor: Actor, before: datetime | None = None) -> str:
    time = f", {_rfc3339(actor.time)}" if actor.time else f", no later than {_rfc3339(before)}" if before else ""
    return escaped(actor_text(ENGLISH, replace(actor, time=None))) + time


def _no_later(field: FieldDrift) -> str:
    return f", no later than {_rfc3339(field.time)}" if field.time else ""


def _rfc3339(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")

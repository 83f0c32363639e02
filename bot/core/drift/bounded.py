"""Bounds the differences that are stored, so that one application can't keep others from being recorded."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from bot.core.drift.model import Check, FieldDrift, ObjectDrift
from bot.core.drift.severity import Severity, rate_field, rate_object
from bot.core.objects.credentials import HIDDEN
from bot.core.objects.step_budget import characters

MAX_OF_APPLICATION: Final = 1_000  # differences
MAX_VALUES: Final = 4_000_000  # characters of an application's values
MAX_WORST: Final = 5_000  # differences that an incident has had

_Position = tuple[int, int]  # of an object, and of its field; -1 for a missing object


def bounded_check(check: Check) -> Check:
    """The check with its most severe differences, and with values of bounded size."""
    if not check.drift:
        return check
    kept = most_severe(check.drift, MAX_OF_APPLICATION)
    omitted = max(check.omitted, count(check.drift) - count(kept))
    return replace(check, drift=tuple(_with_bounded_values(kept)), omitted=omitted)


def count(drift: Iterable[ObjectDrift]) -> int:
    """The number of differences."""
    return sum(len(object_drift.fields) or 1 for object_drift in drift)


def most_severe(drift: Sequence[ObjectDrift], limit: int) -> tuple[ObjectDrift, ...]:
    """At most `limit` of these differences, the most severe ones, in the same order."""
    if count(drift) <= limit:
        return tuple(drift)
    ranked = sorted(_severities(drift), key=lambda item: -item[1])  # stable: of equal severity, the first ones
    kept = {position for position, _ in ranked[:limit]}
    result = []
    for index, object_drift in enumerate(drift):
        fields = tuple(field for number, field in enumerate(object_drift.fields) if (index, number) in kept)
        if fields or (index, -1) in kept:
            result.append(replace(object_drift, fields=fields))
    return tuple(result)


def _severities(drift: Iterable[ObjectDrift]) -> Iterator[tuple[_Position, Severity]]:
    for index, object_drift in enumerate(drift):
        if not object_drift.fields:
            yield (index, -1), rate_object(object_drift).severity
        for number, field in enumerate(object_drift.fields):
            yield (index, number), rate_field(object_drift, field).severity


def _with_bounded_values(drift: Iterable[ObjectDrift]) -> Iterator[ObjectDrift]:
    remaining = MAX_VALUES
    for object_drift in drift:
        fields: list[FieldDrift] = []
        for field in object_drift.fields:
            size = characters(field.desired) + characters(field.live)
            is_small = size <= remaining
            remaining -= size if is_small else 0
            fields.append(field if is_small else _without_values(field))
        yield replace(object_drift, fields=tuple(fields))


def _without_values(field: FieldDrift) -> FieldDrift:
    desired, live = (None if value is None else HIDDEN for value in (field.desired, field.live))
    return replace(field, desired=desired, live=live)

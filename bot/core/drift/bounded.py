"""Bounds the differences that are stored, so that one application can't keep others from being recorded.

What is hidden may be shown again later, or the other way round, so stored values are compared with `may_be_same`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from bot.core.drift.model import Check, FieldDrift, ObjectDrift
from bot.core.drift.severity import Severity, rate_field, rate_object
from bot.core.objects.credentials import HIDDEN
from bot.core.objects.deep_equality import deep_equal
from bot.core.objects.redaction import has_hidden
from bot.core.objects.step_budget import characters

MAX_OF_APPLICATION: Final = 1_000  # differences
MAX_VALUES: Final = 4_000_000  # characters of the values of a check, or of an incident
MAX_WORST: Final = 5_000  # differences that an incident has had
_NEGLIGIBLE: Final = 100  # characters of values that are never hidden: severities depend on short ones

_Position = tuple[int, int]  # of an object, and of its field; -1 for a missing object


def bounded_check(check: Check) -> Check:
    """The check with its most severe differences, and with values of bounded size."""
    if not check.drift:
        return check
    kept = most_severe(check.drift, MAX_OF_APPLICATION)
    omitted = max(check.omitted, count(check.drift) - count(kept))
    return replace(check, drift=with_bounded_values(kept, MAX_VALUES), omitted=omitted)


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


def with_bounded_values(drift: Sequence[ObjectDrift], limit: int) -> tuple[ObjectDrift, ...]:
    """These differences, with at most `limit` characters of values: the most severe ones keep theirs."""
    if values_size(drift) <= limit:
        return tuple(drift)
    remaining = limit
    hidden = set()
    for (index, number), _ in sorted(_severities(drift), key=lambda item: -item[1]):
        size = _size(drift[index].fields[number]) if number >= 0 else 0
        if size > remaining:
            hidden.add((index, number))
        else:
            remaining -= size
    return tuple(
        replace(
            object_drift,
            fields=tuple(
                _without_values(field) if (index, number) in hidden else field
                for number, field in enumerate(object_drift.fields)
            ),
        )
        for index, object_drift in enumerate(drift)
    )


def values_size(drift: Iterable[ObjectDrift]) -> int:
    """The characters of the values that could be hidden."""
    return sum(_size(field) for object_drift in drift for field in object_drift.fields)


def may_be_same(one: FieldDrift, other: FieldDrift) -> bool:
    """Whether they differ only in what one of them hides, or one is the other without its values.

    Anyone can write a value that looks hidden, so don't rely on this to report no new value.
    """
    is_hidden = deep_equal([one.desired, one.live], [other.desired, other.live], _is_hidden_in_one)
    return is_hidden or is_without_values(one, other)


def is_without_values(one: FieldDrift, other: FieldDrift) -> bool:
    """Whether one of them may be the other without its values."""
    return any(
        hidden.is_shortened
        and _size(shown)
        and (hidden.desired, hidden.live) == (_without_values(shown).desired, _without_values(shown).live)
        for shown, hidden in ((one, other), (other, one))
    )


def _is_hidden_in_one(one: Any, other: Any) -> bool:
    """Whether one is HIDDEN and the other may be what it hides: large, or with a credential inside."""
    return any(
        hidden == HIDDEN and (characters(shown) > _NEGLIGIBLE or has_hidden(shown))
        for hidden, shown in ((one, other), (other, one))
    )


def _size(field: FieldDrift) -> int:
    size = characters(field.desired) + characters(field.live)
    return size if size > _NEGLIGIBLE else 0


def _without_values(field: FieldDrift) -> FieldDrift:
    desired, live = (None if value is None else HIDDEN for value in (field.desired, field.live))
    return replace(field, desired=desired, live=live, is_shortened=True)

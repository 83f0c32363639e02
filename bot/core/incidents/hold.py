"""The differences that rollouts hold back, each with the time since which it has lasted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.drift.differences import identities, persisting, unseen, with_added
from bot.core.drift.model import Check, ObjectDrift


@dataclass(frozen=True, slots=True)
class HeldDifference:
    """One difference: an object with at most one field, and when a check first saw it with these values."""

    drift: ObjectDrift
    since: datetime


def hold(held: Iterable[HeldDifference], drift: Iterable[ObjectDrift], check: Check) -> tuple[HeldDifference, ...]:
    """The differences in `drift` after a check, each with its time; and earlier ones that the check could not see."""
    earlier = {identities([item.drift]): item for item in held}
    result = []
    for object_drift in drift:
        for field in object_drift.fields or (None,):
            difference = replace(object_drift, fields=(field,) if field else ())
            before = earlier.pop(identities([difference]), None)
            lasts = before is not None and persisting([before.drift], [difference], as_stored=True)
            since = min(before.since, check.at) if before and lasts else check.at  # a clock may have been ahead
            result.append(HeldDifference(difference, since))
    return (*result, *(item for item in earlier.values() if unseen([item.drift], check)))


def release_due(
    held: Sequence[HeldDifference], check: Check, longest: timedelta
) -> tuple[list[HeldDifference], tuple[HeldDifference, ...]]:
    """The differences that a check still sees after more than the `longest` hold, and those that remain held."""
    lasting = identities(persisting([item.drift for item in held], check.drift, as_stored=True))
    due: list[HeldDifference] = []
    rest: list[HeldDifference] = []
    for item in held:
        is_due = check.at - item.since > longest and not lasting.isdisjoint(identities([item.drift]))
        (due if is_due else rest).append(item)
    return due, tuple(rest)


def by_object(held: Iterable[HeldDifference]) -> tuple[ObjectDrift, ...]:
    """The differences, grouped by object."""
    return with_added((), (item.drift for item in held))

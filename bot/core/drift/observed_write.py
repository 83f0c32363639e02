"""Writes that a watch saw one by one: when a value was removed, and by which tool if managedFields show it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.core.drift.merge import ObjectKey, object_key
from bot.core.drift.model import Actor, Confidence, ObjectDrift
from bot.core.objects.resource import items, mapping, text
from bot.core.objects.scalar_equality import parse_time

Records = Mapping[int, tuple[str, str]]  # by a hash of each managedFields entry: its manager and time


@dataclass(frozen=True, slots=True)
class ObservedWrite:
    """One write of an object, and the resulting `resource_version`, None if it deleted the object.

    `manager` is "" if managedFields don't show who made the write, such as one that only removed values.
    """

    resource_version: str | None
    at: datetime
    manager: str = ""


def written_records(live: Mapping[str, Any]) -> Records:
    """The managedFields entries of an object."""
    entries = (entry for entry in items(mapping(live, "metadata"), "managedFields") if isinstance(entry, dict))
    return {
        hash(tuple(text(entry, key) for key in ("manager", "operation", "subresource", "time"))): (
            text(entry, "manager"),
            text(entry, "time"),
        )
        for entry in entries
    }


def observed_write(
    resource_version: str | None, before: Collection[int], after: Records, arrived: datetime
) -> ObservedWrite:
    """The write that changed the records: only the writer's record gets a new time, and only if it set a value.

    https://github.com/kubernetes/apimachinery/blob/master/pkg/util/managedfields/internal/managedfieldsupdater.go
    """
    written = [entry for hash_, entry in after.items() if hash_ not in before and entry[0] != "ancient-changes"]
    if len(written) == 1:
        manager, time = written[0]
        return ObservedWrite(resource_version, parse_time(time) or arrived, manager)
    return ObservedWrite(resource_version, arrived.replace(microsecond=0))


def with_observed_writes(
    drift: Iterable[ObjectDrift], known: Iterable[ObjectDrift], writes: Mapping[ObjectKey, ObservedWrite]
) -> tuple[ObjectDrift, ...]:
    """The differences, where each removal that is not yet `known` has the tool and time of the object's only write.

    `writes` must be those that led to the compared states.
    """
    before = {object_key(item): item for item in known}

    def with_write(item: ObjectDrift) -> ObjectDrift:
        write = writes.get(object_key(item))
        if write is None:
            return item
        actor = Actor(Confidence.CERTAIN, (), write.manager, write.at)
        earlier = before.get(object_key(item))
        if item.change == "missing":
            return item if earlier and earlier.change == "missing" else replace(item, actor=actor)
        removed = {field.path for field in earlier.fields if field.change == "removed"} if earlier else set()
        return replace(
            item,
            fields=tuple(
                replace(field, actor=actor) if field.change == "removed" and field.path not in removed else field
                for field in item.fields
            ),
        )

    return tuple(map(with_write, drift))

"""Merges newer results for some objects into a check."""

from collections.abc import Container, Iterable
from dataclasses import replace
from datetime import datetime

from bot.core.drift.model import Check, ObjectDrift, Status

ObjectKey = tuple[str, str, str | None, str]  # apiVersion, kind, namespace, name


def object_key(drift: ObjectDrift) -> ObjectKey:
    """What identifies the object of a difference in its cluster."""
    return drift.api_version, drift.kind, drift.namespace, drift.name


def without_actors(drift: ObjectDrift) -> ObjectDrift:
    """The difference without the people who made it."""
    return replace(drift, actor=None, fields=tuple(replace(field, actor=None) for field in drift.fields))


def among(drift: Iterable[ObjectDrift], objects: Container[ObjectKey]) -> tuple[ObjectDrift, ...]:
    """The differences of some objects."""
    return tuple(item for item in drift if object_key(item) in objects)


def with_objects(
    check: Check,
    objects: Container[ObjectKey],
    drift: Iterable[ObjectDrift],
    at: datetime,
    set_aside: Iterable[ObjectDrift] = (),
) -> Check:
    """The check with newer results `at` a time: these objects had only this drift, and only this was set aside."""
    others = {object_key(item): item for item in check.drift if object_key(item) not in objects}
    merged = tuple((others | {object_key(item): item for item in drift}).values())
    status = Status.UNKNOWN if check.error else Status.OUT_OF_SYNC if merged or check.omitted else Status.SYNCED
    aside = (*(item for item in check.set_aside if object_key(item) not in objects), *set_aside)
    return replace(check, drift=merged, set_aside=aside, status=status, at=at)

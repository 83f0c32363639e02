"""Differences known one by one: which are new, which are worse than they were, and all that there ever were."""

from collections.abc import Iterable
from dataclasses import replace

from bot.core.drift.model import ObjectDrift
from bot.core.drift.severity import Severity, rate_field, rate_object

Identity = tuple[str, str | None, str, str]


def differences(drift: Iterable[ObjectDrift]) -> frozenset[Identity]:
    """Each difference's identity: kind, namespace, name and path ("" for a missing object)."""
    return frozenset(
        _identity(found, path) for found in drift for path in ([field.path for field in found.fields] or [""])
    )


def ratings(drift: Iterable[ObjectDrift]) -> dict[Identity, Severity]:
    """How bad each difference is."""
    known: dict[Identity, Severity] = {}
    for found in drift:
        if not found.fields:
            known[_identity(found)] = rate_object(found).severity
        for field in found.fields:
            known[_identity(found, field.path)] = rate_field(found, field).severity
    return known


def new_or_escalated(before: Iterable[ObjectDrift], now: Iterable[ObjectDrift]) -> tuple[ObjectDrift, ...]:
    """What differs now and did not before, or not so badly."""
    known = ratings(before)
    new = []
    for found in now:
        fields = tuple(
            field
            for field in found.fields
            if rate_field(found, field).severity > known.get(_identity(found, field.path), 0)
        )
        if fields or (not found.fields and _identity(found) not in known):
            new.append(replace(found, fields=fields))
    return tuple(new)


def merge_worst(before: Iterable[ObjectDrift], now: Iterable[ObjectDrift]) -> tuple[ObjectDrift, ...]:
    """All differences of both, each as it was at its worst, and as it was last where that was the same.

    An object that was once missing and once modified is there twice.
    """
    found = {(*_identity(each), each.change): each for each in before}
    for each in now:
        key = (*_identity(each), each.change)
        fields = {field.path: field for field in (found[key].fields if key in found else ())}
        for field in each.fields:
            known = fields.get(field.path)
            if known is None or rate_field(each, field).severity >= rate_field(each, known).severity:
                fields[field.path] = field
        found[key] = replace(each, fields=tuple(fields.values()))
    return tuple(found.values())


def with_unseen(before: Iterable[ObjectDrift], now: tuple[ObjectDrift, ...]) -> tuple[ObjectDrift, ...]:
    """What was seen now, and of before what a check that could not see everything does not speak about."""
    seen = {_identity(found) for found in now}
    return now + tuple(found for found in before if _identity(found) not in seen)


def _identity(found: ObjectDrift, path: str = "") -> Identity:
    return found.kind, found.namespace, found.name, path

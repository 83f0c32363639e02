"""Determines why drift is gone after git changed: reverted in the cluster, adopted in git, or neither."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.incidents.incident import ResolutionCause
from bot.core.objects.manifest import Manifest
from bot.core.objects.path import Item, Member, PathError, matches, parse_path

_ABSENT: Final = object()
_UNREADABLE: Final = object()
# The only key of a keyed list that the API server defaults.
_KEY_DEFAULTS: Final = {"protocol": "TCP"}


def resolution_cause(
    drift: Sequence[ObjectDrift], before: Sequence[Manifest], after: Sequence[Manifest], namespace: str
) -> ResolutionCause:
    """Why `drift` is gone, from the manifests in git `before` and `after`.

    "cluster" if git is unchanged for every difference; "adopted" if git now has every value that the cluster had; "git"
    in other cases, and if values are hidden. `namespace` is the default for objects without one.
    """
    causes = {
        cause
        for object_drift in drift
        for cause in _object_causes(
            object_drift, _declared(before, object_drift, namespace), _declared(after, object_drift, namespace)
        )
    }
    return causes.pop() if len(causes) == 1 else "git"


def _object_causes(drift: ObjectDrift, before: Any, after: Any) -> list[ResolutionCause]:
    if drift.change == "missing" or not drift.fields:
        return ["adopted" if after is _ABSENT else "cluster"]
    return [_field_cause(field, before, after) for field in drift.fields]


def _field_cause(field: FieldDrift, before: Any, after: Any) -> ResolutionCause:
    old, new = (_value_at(declared, field.path) for declared in (before, after))
    if old is _UNREADABLE or new is _UNREADABLE:
        return "git"
    if old == new:
        return "cluster"
    if field.change == "removed":
        return "adopted" if new is _ABSENT and after is not _ABSENT else "git"
    return "adopted" if _is_subset(new, field.live) else "git"


def _declared(manifests: Sequence[Manifest], drift: ObjectDrift, namespace: str) -> Any:
    return next(
        (
            manifest.object
            for manifest in manifests
            if (manifest.kind, manifest.name) == (drift.kind, drift.name)
            and drift.namespace in (None, manifest.namespace or namespace)
        ),
        _ABSENT,
    )


def _value_at(declared: Any, path: str) -> Any:
    try:
        segments = parse_path(path)
    except PathError:
        return _UNREADABLE
    value = declared
    for segment in segments:
        if isinstance(segment, str) and isinstance(value, Mapping):
            value = value.get(segment, _ABSENT)
        elif isinstance(value, Sequence) and not isinstance(value, str):
            value = next((item for index, item in enumerate(value) if _selects(segment, index, item)), _ABSENT)
        else:
            return _ABSENT
    return value


def _selects(segment: object, index: int, item: Any) -> bool:
    if isinstance(segment, Item) and isinstance(item, Mapping):
        return matches(segment, Item(tuple((key, item.get(key, _KEY_DEFAULTS.get(key))) for key, _ in segment.keys)))
    if isinstance(segment, Member):
        return matches(segment, Member(item))
    return segment == index


def _is_subset(declared: Any, live: Any) -> bool:
    """Whether `live` has every declared value; the API server may have added defaults."""
    if isinstance(declared, Mapping) and isinstance(live, Mapping):
        return all(key in live and _is_subset(value, live[key]) for key, value in declared.items())
    if isinstance(declared, list | tuple) and isinstance(live, list | tuple):
        return len(declared) == len(live) and all(map(_is_subset, declared, live))
    return bool(declared == live)
